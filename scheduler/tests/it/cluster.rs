//! Work on a scheduler and executors in processes of their own.

use std::path::Path;

use engine::cluster::{Access, SchedulerApi};
use engine::testing::LocalCluster;
use engine::{ClusterParams, Engine, EngineError, EngineParams, Mode, QueryResult, ScalarValue};
use tokio::task::JoinHandle;

const QUERY: &str = "
with baskets as (
    select user_id, day, sum(price) as paid, count(*) as items
    from events where unit_hash(user_id, $seed) < 0.9 group by user_id, day
),
users as (
    select user_id, count(*) as days, sum(paid) as paid, sum(items) as items
    from baskets group by user_id
),
ranked as (
    select *, ntile(5) over (order by paid, user_id) as fifth from users
)
select r.*, e.last_day, array_length(make_array(r.days, r.items)) as two
from ranked r
join (select user_id, max(day) as last_day from events group by user_id) e
    on e.user_id = r.user_id
order by r.user_id";

async fn open(mode: Mode, folder: &Path) -> Engine {
    let params = EngineParams {
        mode,
        threads: Some(4),
        work_dir: Some(folder.join("work")),
        ..Default::default()
    };
    Engine::open(params).await.unwrap()
}

/// Writes `events` with an embedded engine and registers it with `engine`.
async fn events(plain: &Engine, folder: &Path) -> String {
    let url = folder.join("events").to_str().unwrap().to_owned();
    let sql = "select value % 2000 as user_id, (value * 7919) % 365 as day,
            cast((value * 31) % 10000 as decimal(18, 4)) / 100 as price,
            'p' || (value % 100) as product_id
        from generate_series(1, 40000)";
    plain.materialise("events", sql, &[], &url).await.unwrap();
    url
}

/// An engine on the cluster, with the table `events`.
async fn on(cluster: &LocalCluster, folder: &Path) -> Engine {
    let plain = open(Mode::Embedded, folder).await;
    let url = events(&plain, folder).await;
    let mode = Mode::Cluster {
        scheduler: cluster.url(),
    };
    let engine = open(mode, folder).await;
    engine.register_parquet("events", &url).await.unwrap();
    engine
}

fn running(cluster: &LocalCluster) -> bool {
    let (_, jobs) = cluster.scheduler.get("/api/jobs").unwrap();
    jobs.contains("Running")
}

/// Asks for something that takes hours, and waits until the cluster is at it.
async fn ask_endlessly(
    engine: &Engine,
    cluster: &LocalCluster,
) -> JoinHandle<Result<QueryResult, EngineError>> {
    let endless = "select count(*) as n from events a join events b on a.price < b.price
        join events c on b.price < c.price";
    let asking = engine.clone();
    let endless = tokio::spawn(async move { asking.query(endless, &[]).await });
    while !running(cluster) {
        assert!(!endless.is_finished(), "the query was meant to be endless");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    endless
}

fn rows(result: &QueryResult) -> String {
    let mut text = String::new();
    for batch in &result.batches {
        for row in 0..batch.num_rows() {
            for column in batch.columns() {
                text += &format!("{:?} ", ScalarValue::try_from_array(column, row).unwrap());
            }
            text.push('\n');
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn two_executors_give_the_rows_of_the_embedded_engine() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = LocalCluster::start(2, &folder.path().join("executors")).unwrap();
    let plain = open(Mode::Embedded, folder.path()).await;
    let url = events(&plain, folder.path()).await;
    let seed = &[("seed", ScalarValue::from(7_i64))];
    let expected = plain.query(QUERY, seed).await.unwrap();
    assert!(expected.num_rows() > 1500);

    let engine = open(
        Mode::Cluster {
            scheduler: cluster.url(),
        },
        folder.path(),
    )
    .await;
    engine.register_parquet("events", &url).await.unwrap();
    let result = engine.query(QUERY, seed).await.unwrap();
    assert_eq!(result.schema, expected.schema);
    assert_eq!(rows(&result), rows(&expected));

    // Executors write; everyone reads.
    let target = folder.path().join("fifths").to_str().unwrap().to_owned();
    let written = engine
        .materialise("fifths", QUERY, seed, &target)
        .await
        .unwrap();
    assert_eq!(written.rows as usize, expected.num_rows());
    let all = "select * from fifths order by user_id";
    assert_eq!(
        rows(&engine.query(all, &[]).await.unwrap()),
        rows(&expected)
    );
    plain.register_parquet("fifths", &target).await.unwrap();
    assert_eq!(rows(&plain.query(all, &[]).await.unwrap()), rows(&expected));

    let error = engine
        .query("select sum(cast(product_id as int)) from events", &[])
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::Cluster { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_submitted_before_any_executor_is_there_waits_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut cluster = LocalCluster::start(0, folder.path()).unwrap();
    let plain = open(Mode::Embedded, folder.path()).await;
    let url = events(&plain, folder.path()).await;
    let engine = open(
        Mode::Cluster {
            scheduler: cluster.url(),
        },
        folder.path(),
    )
    .await;
    engine.register_parquet("events", &url).await.unwrap();
    let counting = tokio::spawn(async move {
        engine
            .query("select count(*) as n from events", &[])
            .await
            .unwrap()
            .num_rows()
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!counting.is_finished());
    cluster.add_executor().unwrap();
    let rows = tokio::time::timeout(std::time::Duration::from_secs(60), counting).await;
    assert_eq!(rows.unwrap().unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_given_up_is_cancelled_on_the_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = LocalCluster::start(1, &folder.path().join("executors")).unwrap();
    let engine = on(&cluster, folder.path()).await;
    let endless = ask_endlessly(&engine, &cluster).await;
    endless.abort();
    let begin = std::time::Instant::now();
    while running(&cluster) && begin.elapsed().as_secs() < 20 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(
        !running(&cluster),
        "{:?}",
        cluster.scheduler.get("/api/jobs")
    );
    // The executor is free again.
    let counting = engine.query("select count(*) as n from events", &[]);
    let rows = tokio::time::timeout(std::time::Duration::from_secs(30), counting).await;
    assert_eq!(rows.unwrap().unwrap().num_rows(), 1);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn executors_write_a_table_together() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = LocalCluster::start(2, &folder.path().join("executors")).unwrap();
    let engine = on(&cluster, folder.path()).await;
    let plain = open(Mode::Embedded, folder.path()).await;
    let url = folder.path().join("events").to_str().unwrap().to_owned();
    plain.register_parquet("events", &url).await.unwrap();
    let sql = "select user_id, sum(price) as paid, max(day) as last from events group by user_id";
    let expected = plain
        .query(&format!("{sql} order by user_id"), &[])
        .await
        .unwrap();
    let target = folder.path().join("paid").to_str().unwrap().to_owned();
    let written = engine.materialise("paid", sql, &[], &target).await.unwrap();
    assert_eq!(written.rows as usize, expected.num_rows());
    let parts = files(&folder.path().join("paid"));
    assert_eq!(parts.len(), 4, "one of each partition: {parts:?}");
    // Without the partition, which is the last word, a name is the task's.
    let tasks = parts.iter().filter_map(|name| name.rsplit_once('-'));
    let tasks: std::collections::BTreeSet<_> = tasks.map(|(task, _)| task).collect();
    assert!(tasks.len() > 1, "both executors wrote: {parts:?}");
    plain.register_parquet("paid", &target).await.unwrap();
    for reader in [engine, plain] {
        let all = "select * from paid order by user_id";
        assert_eq!(
            rows(&reader.query(all, &[]).await.unwrap()),
            rows(&expected)
        );
        reader.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_given_up_leaves_no_file_even_of_a_killed_executor() {
    let folder = tempfile::tempdir().unwrap();
    let mut cluster = LocalCluster::start(2, &folder.path().join("executors")).unwrap();
    let engine = on(&cluster, folder.path()).await;
    let endless = "select a.user_id, a.price, b.day from events a
        join events b on a.price < b.price";
    for kill in [false, true] {
        let target = folder.path().join("endless");
        let (writer, url) = (engine.clone(), target.to_str().unwrap().to_owned());
        let writing =
            tokio::spawn(async move { writer.materialise("endless", endless, &[], &url).await });
        while files(&target).len() < 2 {
            assert!(!writing.is_finished(), "the query was meant to be endless");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        if kill {
            cluster.executors[1].kill().unwrap();
        }
        writing.abort();
        let begin = std::time::Instant::now();
        while !files(&target).is_empty() && begin.elapsed().as_secs() < 30 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(files(&target), Vec::<String>::new());
    }
    engine.close().await;
}

/// The names in a folder that may be missing.
fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_scheduler_waits_for_its_jobs() {
    let folder = tempfile::tempdir().unwrap();
    let mut cluster = LocalCluster::start(1, &folder.path().join("executors")).unwrap();
    let engine = on(&cluster, folder.path()).await;
    let slow = "select count(*) as n from events a
        join (select * from events where user_id < 400) b on a.price < b.price";
    let querying = tokio::spawn(async move { engine.query(slow, &[]).await });
    while !cluster
        .scheduler
        .get("/api/jobs")
        .unwrap()
        .1
        .contains("Running")
    {
        assert!(!querying.is_finished(), "the query was meant to be slow");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let ended = tokio::task::spawn_blocking(move || {
        cluster
            .scheduler
            .terminate(std::time::Duration::from_secs(60))
            .unwrap()
    });
    assert_eq!(querying.await.unwrap().unwrap().num_rows(), 1);
    assert!(ended.await.unwrap());
}

/// Two executors whose loss is noticed soon, and an engine that gives jobs up after `max_retries`.
async fn fragile(folder: &Path, max_retries: usize) -> (LocalCluster, Engine) {
    let work = folder.join("executors");
    let cluster = LocalCluster::start_with_timeout(2, &work, 6).unwrap();
    let plain = open(Mode::Embedded, folder).await;
    let url = events(&plain, folder).await;
    let engine = Engine::open(EngineParams {
        mode: Mode::Cluster {
            scheduler: cluster.url(),
        },
        threads: Some(4),
        cluster: ClusterParams {
            max_retries,
            ..Default::default()
        },
        ..Default::default()
    });
    let engine = engine.await.unwrap();
    engine.register_parquet("events", &url).await.unwrap();
    (cluster, engine)
}

/// Takes a few seconds and ends with 2000 rows.
const SLOW: &str = "select a.user_id, count(*) as n
    from events a join (select price from events where user_id < 600) b on a.price < b.price
    group by a.user_id";

async fn until_running(cluster: &LocalCluster) {
    while !running(cluster) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_loses_an_executor_too_often_ends_with_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let (mut cluster, engine) = fragile(folder.path(), 0).await;
    let endless = ask_endlessly(&engine, &cluster).await;
    cluster.executors[1].kill().unwrap();
    // A lost executor is noticed by its missing heartbeats.
    let ended = tokio::time::timeout(std::time::Duration::from_secs(60), endless).await;
    let error = ended.expect("the job ends").unwrap().unwrap_err();
    assert!(matches!(error, EngineError::Job { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("lost after 1 attempt(s)"), "{text}");
    assert!(text.contains("was lost while the job had work"), "{text}");
    let (_, metrics) = cluster.scheduler.get("/metrics").unwrap();
    let counted = "clientele_guard_actions_total{kind=\"executor_lost\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    // The executor that is left goes on working.
    let counting = engine.query("select count(*) as n from events", &[]);
    let rows = tokio::time::timeout(std::time::Duration::from_secs(60), counting).await;
    assert_eq!(rows.unwrap().unwrap().num_rows(), 1);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_shows_no_progress_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = LocalCluster::start(1, &folder.path().join("executors")).unwrap();
    let plain = open(Mode::Embedded, folder.path()).await;
    let url = events(&plain, folder.path()).await;
    let engine = Engine::open(EngineParams {
        mode: Mode::Cluster {
            scheduler: cluster.url(),
        },
        cluster: ClusterParams {
            max_retries: 0,
            stall_timeout: std::time::Duration::from_secs(2),
            ..Default::default()
        },
        ..Default::default()
    });
    let engine = engine.await.unwrap();
    engine.register_parquet("events", &url).await.unwrap();
    let endless = ask_endlessly(&engine, &cluster).await;
    cluster.executors[0].signal("STOP").unwrap();
    // Long before the executor counts as lost.
    let ended = tokio::time::timeout(std::time::Duration::from_secs(15), endless).await;
    let error = ended.expect("the job ends").unwrap().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("showed no progress for 2 s"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_loses_an_executor_is_sent_again_and_repeats_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let (mut cluster, engine) = fragile(folder.path(), 5).await;
    let expected = rows(
        &engine
            .query(&format!("{SLOW} order by 1"), &[])
            .await
            .unwrap(),
    );
    let asking = engine.clone();
    let slow = tokio::spawn(async move { asking.query(&format!("{SLOW} order by 1"), &[]).await });
    until_running(&cluster).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    cluster.executors[1].kill().unwrap();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(120), slow).await;
    let found = ended.expect("the job ends").unwrap().unwrap();
    assert_eq!(found.num_rows(), 2000);
    assert_eq!(rows(&found), expected);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_executor_that_is_drained_leaves_without_harm() {
    let folder = tempfile::tempdir().unwrap();
    // Without repetitions any harm shows.
    let (mut cluster, engine) = fragile(folder.path(), 0).await;
    let asking = engine.clone();
    let slow = tokio::spawn(async move { asking.query(SLOW, &[]).await });
    until_running(&cluster).await;
    let mut leaving = cluster.executors.remove(1);
    let left =
        tokio::task::spawn_blocking(move || leaving.terminate(std::time::Duration::from_secs(60)));
    assert_eq!(slow.await.unwrap().unwrap().num_rows(), 2000);
    assert!(left.await.unwrap().unwrap());
    // The scheduler forgets the executor a while later; jobs that run then go on.
    let rows = engine.query(SLOW, &[]).await.unwrap();
    assert_eq!(rows.num_rows(), 2000);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_cancelled_at_the_scheduler_ends_and_is_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let (cluster, engine) = fragile(folder.path(), 5).await;
    let endless = ask_endlessly(&engine, &cluster).await;
    let api = SchedulerApi::new(&cluster.url(), &Access::default()).unwrap();
    let job = api.cluster().await.unwrap().jobs[0].id.clone();
    api.cancel(&job).await.unwrap();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(20), endless).await;
    let error = ended.expect("the job ends").unwrap().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("somebody cancelled it"), "{text}");
    assert!(!running(&cluster));
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_without_executors_is_given_up_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let plain = open(Mode::Embedded, folder.path()).await;
    let url = events(&plain, folder.path()).await;
    let cluster = LocalCluster::start(0, &folder.path().join("executors")).unwrap();
    let params = EngineParams {
        mode: Mode::Cluster {
            scheduler: cluster.url(),
        },
        cluster: ClusterParams {
            queue_timeout: std::time::Duration::from_secs(2),
            ..Default::default()
        },
        ..Default::default()
    };
    let engine = Engine::open(params).await.unwrap();
    engine.register_parquet("events", &url).await.unwrap();
    let counting = engine.query("select count(*) as n from events", &[]);
    let ended = tokio::time::timeout(std::time::Duration::from_secs(20), counting).await;
    let text = ended.expect("the job ends").unwrap_err().to_string();
    assert!(text.contains("no executor is registered"), "{text}");
    engine.close().await;
    assert!(!running(&cluster));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_no_message_can_carry_is_refused_before_it_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = LocalCluster::start(0, &folder.path().join("executors")).unwrap();
    let params = EngineParams {
        mode: Mode::Cluster {
            scheduler: cluster.url(),
        },
        max_message_size_bytes: Some(2 << 20),
        ..Default::default()
    };
    let engine = Engine::open(params).await.unwrap();
    let query = format!("select '{}' as text", "x".repeat(3 << 20));
    let text = engine.query(&query, &[]).await.unwrap_err().to_string();
    assert!(text.contains("raise --max-message-size"), "{text}");
    engine.close().await;
}
