//! Work on a scheduler and executors in processes of their own.

use std::path::Path;

use engine::testing::LocalCluster;
use engine::{Engine, EngineError, EngineParams, Mode, QueryResult, ScalarValue};
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

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_loses_an_executor_ends_with_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut cluster = LocalCluster::start(2, &folder.path().join("executors")).unwrap();
    let engine = on(&cluster, folder.path()).await;
    let endless = ask_endlessly(&engine, &cluster).await;
    cluster.executors[1].kill().unwrap();
    // A lost executor is noticed by its missing heartbeats.
    let ended = tokio::time::timeout(std::time::Duration::from_secs(60), endless).await;
    let error = ended.expect("the job ends").unwrap().unwrap_err();
    assert!(matches!(error, EngineError::Cluster { .. }), "{error:?}");
    assert!(error.to_string().contains("executor was lost"), "{error}");
    let (_, metrics) = cluster.scheduler.get("/metrics").unwrap();
    let counted = "clientele_guard_actions_total{kind=\"executor_lost\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    // The executor that is left goes on working.
    let counting = engine.query("select count(*) as n from events", &[]);
    let rows = tokio::time::timeout(std::time::Duration::from_secs(60), counting).await;
    assert_eq!(rows.unwrap().unwrap().num_rows(), 1);
    engine.close().await;
}
