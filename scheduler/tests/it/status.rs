//! What the scheduler says of itself and its jobs.

use std::path::Path;
use std::time::{Duration, Instant};

use engine::cluster::status::{ClusterStatus, ExecutorState, JobDetail, JobState, StageState};
use engine::testing::LocalCluster;
use engine::{Engine, EngineParams, Mode};

const SOON: Duration = Duration::from_secs(20);

/// An engine on the cluster with a table `numbers` of 1 to 10 000.
pub(crate) async fn engine(cluster: &LocalCluster, folder: &Path) -> Engine {
    let open = async |mode| {
        let params = EngineParams {
            mode,
            threads: Some(4),
            work_dir: Some(folder.join("work")),
            ..Default::default()
        };
        Engine::open(params).await.unwrap()
    };
    let url = folder.join("numbers").to_str().unwrap().to_owned();
    let sql = "select value as n, 'x' || value as word from generate_series(1, 10000)";
    let plain = open(Mode::Embedded).await;
    plain.materialise("numbers", sql, &[], &url).await.unwrap();
    let scheduler = cluster.url();
    let engine = open(Mode::Cluster { scheduler }).await;
    engine.register_parquet("numbers", &url).await.unwrap();
    engine
}

fn status(cluster: &LocalCluster) -> ClusterStatus {
    let (code, body) = cluster.scheduler.get("/api/status").unwrap();
    assert_eq!(code, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

fn detail(cluster: &LocalCluster, job: &str) -> JobDetail {
    let path = format!("/api/status/{job}");
    let (code, body) = cluster.scheduler.get(&path).unwrap();
    assert_eq!(code, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// The newest job, as soon as it is in this state.
fn newest(cluster: &LocalCluster, state: JobState) -> JobDetail {
    let begin = Instant::now();
    loop {
        let status = status(cluster);
        if let Some(job) = status.jobs.first()
            && job.state == state
        {
            return detail(cluster, &job.id);
        }
        assert!(begin.elapsed() < SOON, "{status:#?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_and_executors_are_told_from_the_queue_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut cluster = LocalCluster::start(0, &folder.path().join("executors")).unwrap();
    let engine = engine(&cluster, folder.path()).await;

    let asking = engine.clone();
    let sum = "select n % 7 as r, sum(n) as total from numbers group by r order by r";
    let summing = tokio::spawn(async move { asking.query(sum, &[]).await });
    let queued = newest(&cluster, JobState::Queued);
    let begin = Instant::now();
    while status(&cluster).runnable_tasks == 0 && begin.elapsed() < SOON {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let waiting = status(&cluster);
    assert_eq!((waiting.queued_jobs, waiting.running_jobs), (1, 0));
    assert!(waiting.runnable_tasks > 0 && waiting.executors.is_empty());
    assert_eq!(queued.job.started_at, None);

    cluster.add_executor().unwrap();
    assert_eq!(summing.await.unwrap().unwrap().num_rows(), 7);
    let done = newest(&cluster, JobState::Succeeded);
    assert_eq!(done.job.id, queued.job.id);
    assert_eq!((done.job.rows, done.job.rows_read), (Some(7), 10_000));
    assert_eq!(done.job.stages.done, done.job.stages.total);
    assert_eq!(done.job.stages.total, done.stage_list.len());
    assert_eq!(done.job.tasks.done, done.job.tasks.total);
    assert_eq!((done.job.tasks.running, done.job.tasks.failed), (0, 0));
    assert!(done.job.submitted_at <= done.job.started_at);
    assert!(done.job.started_at <= done.job.ended_at);
    assert!(
        done.stage_list
            .iter()
            .all(|s| s.state == StageState::Succeeded)
    );
    assert_eq!(done.stage_list.last().unwrap().rows_written, 7);

    let after = status(&cluster);
    assert_eq!(after.vcores.total, 2);
    assert_eq!(
        (after.queued_jobs, after.running_jobs, after.runnable_tasks),
        (0, 0, 0)
    );
    assert_eq!(after.executors.len(), 1);
    assert_eq!(after.executors[0].state, ExecutorState::Active);
    assert!(after.ready && after.started_at <= after.at);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_or_is_given_up_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = LocalCluster::start(1, &folder.path().join("executors")).unwrap();
    let engine = engine(&cluster, folder.path()).await;

    let wrong = "select sum(cast(word as int)) as n from numbers";
    engine.query(wrong, &[]).await.unwrap_err();
    let failed = newest(&cluster, JobState::Failed);
    let error = failed.job.error.unwrap();
    assert!(error.contains("Cannot cast"), "{error}");
    assert!(
        failed
            .stage_list
            .iter()
            .any(|s| s.state == StageState::Failed)
    );
    assert!(failed.stage_list.iter().any(|s| !s.errors.is_empty()));

    let endless = "select count(*) as n from numbers a join numbers b on a.n < b.n
        join numbers c on b.n < c.n";
    let asking = engine.clone();
    let endless = tokio::spawn(async move { asking.query(endless, &[]).await });
    let running = newest(&cluster, JobState::Running);
    assert!(running.job.tasks.running > 0 && running.job.ended_at.is_none());
    let busy = status(&cluster);
    assert_eq!(busy.running_jobs, 1);
    assert!(busy.vcores.busy > 0);
    endless.abort();
    let cancelled = newest(&cluster, JobState::Cancelled);
    assert_eq!(cancelled.job.id, running.job.id);
    assert_eq!(
        (cancelled.job.error, cancelled.job.tasks.running),
        (None, 0)
    );
    engine.close().await;
}

#[test]
fn an_unknown_job_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = LocalCluster::start(0, folder.path()).unwrap();
    let (code, body) = cluster.scheduler.get("/api/status/nobody").unwrap();
    assert_eq!(code, 404);
    assert!(body.contains("knows no such job"), "{body}");
}

/// Head and body of an answer of the scheduler.
fn whole_answer(cluster: &LocalCluster, path: &str) -> (String, String) {
    use std::io::{Read, Write};
    let host = &cluster.scheduler.address;
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_tells_of_executors_jobs_and_stages_without_a_script() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = LocalCluster::start(1, &folder.path().join("executors")).unwrap();
    let (_, empty) = whole_answer(&cluster, "/");
    assert!(empty.contains("No job was sent"), "{empty}");
    let engine = engine(&cluster, folder.path()).await;
    let hostile = "<script>alert(1)</script>/\"><img src=x>";
    engine.name_jobs(hostile);
    let sum = "select sum(n) as n from numbers";
    engine.query(sum, &[]).await.unwrap();
    let counted = newest(&cluster, JobState::Succeeded).job.id;
    let wrong = "select sum(cast(word || '<b>' as int)) as n from numbers";
    engine.query(wrong, &[]).await.unwrap_err();
    let failed = newest(&cluster, JobState::Failed).job.id;

    let job = format!("/jobs/{counted}");
    let broken = format!("/jobs/{failed}");
    for path in ["/", &job, &broken, "/jobs/nobody", "/status.css"] {
        let (head, body) = whole_answer(&cluster, path);
        let expected = if path.ends_with("nobody") { 404 } else { 200 };
        assert!(head.starts_with(&format!("http/1.1 {expected}")), "{head}");
        let policy = "content-security-policy: default-src 'none'; style-src 'self'";
        assert!(head.contains(policy), "{path}: {head}");
        assert!(head.contains("x-content-type-options: nosniff"), "{head}");
        for forbidden in [
            "<script",
            "<img",
            "<b>",
            "javascript:",
            "style=",
            "http://",
            "https://",
        ] {
            assert!(!body.contains(forbidden), "{path} has {forbidden}: {body}");
        }
    }
    let (head, _) = whole_answer(&cluster, "/api/tui");
    assert!(head.starts_with("http/1.1 404"), "sent elsewhere: {head}");
    let (_, page) = whole_answer(&cluster, "/");
    assert!(page.contains("http-equiv=\"refresh\""), "{page}");
    for told in [
        &counted,
        &failed,
        "active",
        "succeeded",
        "failed",
        "0 of 2",
        "ready",
    ] {
        assert!(page.contains(told), "{told} is missing: {page}");
    }
    assert!(page.contains("&#60;script"), "the name is missing: {page}");
    let (_, page) = whole_answer(&cluster, &job);
    assert!(
        !page.contains("http-equiv"),
        "a job that has ended does not change"
    );
    assert!(page.contains("10,000"), "rows are missing: {page}");
    let (_, page) = whole_answer(&cluster, &broken);
    assert!(page.contains("Cannot cast"), "the error is missing: {page}");
}
