//! What Prometheus is told.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use engine::testing::{Daemon, LocalCluster, start};

use crate::status::engine;

const SOON: Duration = Duration::from_secs(20);

/// The numbers of a daemon, by name and labels.
fn metrics(daemon: &Daemon) -> BTreeMap<String, f64> {
    let (code, body) = daemon.get("/metrics").unwrap();
    assert_eq!(code, 200, "{body}");
    let mut helped = "";
    let mut numbers = BTreeMap::new();
    for line in body.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            helped = help.split_once(' ').unwrap().0;
        } else if !line.starts_with('#') {
            let (name, number) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with("clientele_"), "{line}");
            assert!(name.starts_with(helped), "{line} has no help");
            numbers.insert(name.to_owned(), number.parse().unwrap());
        }
    }
    numbers
}

/// The daemon's numbers as soon as `name` is at least `least`.
fn at_least(daemon: &Daemon, name: &str, least: f64) -> BTreeMap<String, f64> {
    let begin = Instant::now();
    loop {
        let numbers = metrics(daemon);
        if numbers.get(name).is_some_and(|number| *number >= least) {
            return numbers;
        }
        assert!(begin.elapsed() < SOON, "{name}: {numbers:#?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_shows_in_the_numbers_of_scheduler_and_executor() {
    let folder = tempfile::tempdir().unwrap();
    let mut cluster = LocalCluster::start(0, &folder.path().join("executors")).unwrap();
    let engine = engine(&cluster, folder.path()).await;

    // Nobody is there to work: what an autoscaler looks at says so.
    let before = metrics(&cluster.scheduler);
    assert_eq!(before["clientele_runnable_tasks"], 0.0);
    assert_eq!(before["clientele_executor_vcores"], 0.0);
    assert_eq!(before["clientele_jobs_ended_total{state=\"failed\"}"], 0.0);
    let asking = engine.clone();
    let sum = "select n % 7 as r, sum(n) as total from numbers group by r";
    let summing = tokio::spawn(async move { asking.query(sum, &[]).await });
    let waiting = at_least(&cluster.scheduler, "clientele_runnable_tasks", 1.0);
    assert_eq!(waiting["clientele_queued_jobs"], 1.0);
    assert_eq!(waiting["clientele_running_jobs"], 0.0);

    cluster.add_executor().unwrap();
    assert_eq!(summing.await.unwrap().unwrap().num_rows(), 7);
    let succeeded = "clientele_jobs_ended_total{state=\"succeeded\"}";
    let after = at_least(&cluster.scheduler, succeeded, 1.0);
    assert_eq!(after["clientele_executor_vcores"], 2.0);
    assert_eq!(after["clientele_executors{state=\"active\"}"], 1.0);
    assert_eq!(after["clientele_queued_jobs"], 0.0);
    assert_eq!(after["clientele_runnable_tasks"], 0.0);
    assert_eq!(after["clientele_job_queue_seconds_count"], 1.0);
    let times = "clientele_job_duration_seconds_count{state=\"succeeded\"}";
    assert_eq!(after[times], 1.0);
    // Asking again does not count again.
    assert_eq!(metrics(&cluster.scheduler)[succeeded], 1.0);

    let executor = metrics(&cluster.executors[0]);
    assert_eq!(executor["clientele_vcores"], 2.0);
    assert!(executor["clientele_tasks_ended_total{outcome=\"succeeded\"}"] >= 2.0);
    assert_eq!(
        executor["clientele_tasks_ended_total{outcome=\"failed\"}"],
        0.0
    );
    assert_eq!(executor["clientele_tasks_running"], 0.0);
    assert!(executor["clientele_shuffle_written_bytes_total"] > 0.0);
    // Its own files it reads from disk.
    assert_eq!(executor["clientele_shuffle_fetched_bytes_total"], 0.0);
    assert_eq!(
        executor["clientele_memory_pool_limit_bytes"],
        f64::from(512 << 20)
    );
    assert_eq!(executor["clientele_memory_pool_reserved_bytes"], 0.0);
    assert!(executor["clientele_work_folder_free_bytes"] > 0.0);
    for numbers in [&executor, &after] {
        assert!(numbers["clientele_process_resident_memory_bytes"] > 1e6);
        assert!(numbers["clientele_process_cpu_seconds_total"] > 0.0);
        assert!(numbers["clientele_process_open_files"] > 3.0);
    }
}

/// An executor of one vcore and 32 MiB.
fn small_executor(cluster: &LocalCluster, folder: &Path) -> Daemon {
    let (url, work) = (cluster.url(), folder.join("small"));
    let ports = ["--port", "0", "--grpc-port", "0", "--health-port", "0"];
    let size = ["--vcores", "1", "--memory-limit", "32MiB"];
    let rest = ["--scheduler", &url, "--work-dir", work.to_str().unwrap()];
    start("executor", &[&ports[..], &size, &rest].concat()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn spills_and_failures_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut cluster = LocalCluster::start(0, &folder.path().join("executors")).unwrap();
    cluster
        .executors
        .push(small_executor(&cluster, folder.path()));
    let engine = engine(&cluster, folder.path()).await;

    let wrong = "select sum(cast(word as int)) as n from numbers";
    engine.query(wrong, &[]).await.unwrap_err();
    let failed = "clientele_tasks_ended_total{outcome=\"failed\"}";
    at_least(&cluster.executors[0], failed, 1.0);
    let failed = "clientele_jobs_ended_total{state=\"failed\"}";
    at_least(&cluster.scheduler, failed, 1.0);

    // A million rows of some 50 bytes do not fit into 32 MiB.
    let wide = "select max(place) as n from (
            select row_number() over (order by a.word, b.n) as place
            from numbers a cross join (select n from numbers where n <= 100) b)";
    engine.query(wide, &[]).await.unwrap();
    let executor = at_least(&cluster.executors[0], "clientele_spills_total", 1.0);
    assert!(executor["clientele_spilled_bytes_total"] > 1e6);
}
