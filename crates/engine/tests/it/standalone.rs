//! Standalone mode: a cluster in the process, with the rows of embedded mode.

use std::time::Duration;

use engine::{Engine, EngineError, EngineParams, Mode, ScalarValue};

use crate::fixture::{embedded, entries, events, open, table};

/// Two-level aggregate, window, join, our functions, nested functions, a scalar
/// subquery and `not in`: what the jobs use and what a cluster finds hard.
const QUERY: &str = "
with baskets as (
    select user_id, date_trunc('day', event_time) as day, sum(price) as paid, count(*) as items
    from events
    where unit_hash(user_id, $seed) < 0.9
        and user_id not in (select user_id from events where product_id = 'p13')
    group by user_id, date_trunc('day', event_time)
),
users as (
    select
        user_id, count(*) as days, sum(paid) as paid, sum(items) as items,
        max(day) as last_day, array_length(array_agg(day)) as listed
    from baskets group by user_id
),
ranked as (
    select *, ntile(5) over (order by paid, user_id) as fifth,
        row_number() over (partition by days order by paid desc, user_id) as place
    from users
)
select r.*, e.first_product
from ranked r
join (
    select user_id, min(product_id) as first_product from events
    where event_time >= parse_utc('2017-07-14 03:00:00 UTC') group by user_id
) e on e.user_id = r.user_id
where r.paid > (select min(price) from events)
order by r.user_id";

#[tokio::test(flavor = "multi_thread")]
async fn a_standalone_cluster_gives_the_rows_of_the_embedded_engine() {
    let folder = tempfile::tempdir().unwrap();
    let seed = &[("seed", ScalarValue::from(42_i64))];
    let plain = embedded(folder.path(), 2).await;
    let url = events(&plain, folder.path()).await;
    let expected = plain.query(QUERY, seed).await.unwrap();
    assert!(expected.num_rows() > 2000, "{}", expected.num_rows());
    for threads in [1, 7] {
        let other = embedded(folder.path(), threads).await;
        other.register_parquet("events", &url).await.unwrap();
        let result = other.query(QUERY, seed).await.unwrap();
        assert_eq!(
            table(&result),
            table(&expected),
            "embedded, {threads} threads"
        );
    }
    for threads in [1, 2, 7] {
        let cluster = open(Mode::Standalone, folder.path(), threads).await;
        cluster.register_parquet("events", &url).await.unwrap();
        let result = cluster.query(QUERY, seed).await.unwrap();
        assert_eq!(result.schema, expected.schema, "{threads} threads");
        assert_eq!(
            table(&result),
            table(&expected),
            "standalone, {threads} threads"
        );
        cluster.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_views_work_as_embedded() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = open(Mode::Standalone, folder.path(), 2).await;
    let plain = embedded(folder.path(), 2).await;
    let url = events(&plain, folder.path()).await;
    cluster.register_parquet("events", &url).await.unwrap();
    let low = &[("low", ScalarValue::from(10_i64))];
    cluster
        .create_view("some", "select * from events where user_id < $low", low)
        .await
        .unwrap();
    let target = folder.path().join("per_user").to_str().unwrap().to_owned();
    let sql = "select user_id, sum(price) as paid, max(event_time) as last from some group by 1";
    let written = cluster
        .materialise("per_user", sql, &[], &target)
        .await
        .unwrap();
    assert_eq!(written.rows, 10);
    plain.register_parquet("per_user", &target).await.unwrap();
    let all = "select * from per_user order by user_id";
    let (there, here) = (
        cluster.query(all, &[]).await.unwrap(),
        plain.query(all, &[]).await.unwrap(),
    );
    assert_eq!(table(&there), table(&here));
    assert_eq!(there.schema, here.schema);

    let empty = folder.path().join("nothing").to_str().unwrap().to_owned();
    let sql = "select user_id, product_id from some where user_id < 0";
    assert_eq!(
        cluster
            .materialise("nothing", sql, &[], &empty)
            .await
            .unwrap()
            .rows,
        0
    );
    let result = cluster.query("select * from nothing", &[]).await.unwrap();
    assert_eq!((result.num_rows(), result.schema.fields().len()), (0, 2));
    cluster.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_job_is_told_and_the_next_one_runs() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = open(Mode::Standalone, folder.path(), 2).await;
    let plain = embedded(folder.path(), 2).await;
    let url = events(&plain, folder.path()).await;
    cluster.register_parquet("events", &url).await.unwrap();
    let error = cluster
        .query("select sum(cast(product_id as int)) from events", &[])
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::Cluster { .. }), "{error:?}");
    assert!(error.to_string().contains("Cannot cast string"), "{error}");
    let error = cluster
        .query("select nothing from events", &[])
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::InvalidSql { .. }), "{error:?}");
    assert_eq!(
        cluster
            .query("select 1 as one", &[])
            .await
            .unwrap()
            .num_rows(),
        1
    );
    cluster.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_ends_it_quickly_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    let cluster = open(Mode::Standalone, folder.path(), 2).await;
    cluster.query("select 1 as one", &[]).await.unwrap();
    assert_eq!(entries(&work).len(), 1);
    tokio::time::timeout(Duration::from_secs(15), cluster.close())
        .await
        .unwrap();
    assert!(entries(&work).is_empty(), "{:?}", entries(&work));
    // One after another in the same process: nothing of the first stays set.
    let next = open(Mode::Standalone, folder.path(), 2).await;
    assert_eq!(
        next.query("select 1 as one", &[]).await.unwrap().num_rows(),
        1
    );
    drop(next);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_limit_holds_in_the_executor_too() {
    let folder = tempfile::tempdir().unwrap();
    let plain = embedded(folder.path(), 2).await;
    let url = folder.path().join("wide").to_str().unwrap().to_owned();
    let sql = "select value as n, 'row ' || value as t from generate_series(1, 1000000)";
    plain.materialise("wide", sql, &[], &url).await.unwrap();
    let params = EngineParams {
        mode: Mode::Standalone,
        threads: Some(2),
        memory_limit_bytes: Some(8 << 20),
        work_dir: Some(folder.path().join("work")),
        ..Default::default()
    };
    let cluster = Engine::open(params).await.unwrap();
    cluster.register_parquet("wide", &url).await.unwrap();
    let error = cluster
        .query("select array_length(array_agg(t)) as n from wide", &[])
        .await
        .unwrap_err();
    assert!(
        matches!(error, EngineError::MemoryLimit { .. }),
        "{error:?}"
    );
    cluster.close().await;
}

/// Two outer joins with relations that turn out to be empty, each below an aggregate.
const EMPTY_SIDES: &str = "
with days as (
    select user_id, event_time, count(*) as n from events group by user_id, event_time
),
users as (select user_id, sum(n) as n from days group by user_id),
dear as (
    select user_id, product_id from events where price > 1000000 group by user_id, product_id
),
dears as (select user_id, count(*) as n from dear group by user_id),
ranked as (
    select user_id, row_number() over (partition by user_id order by product_id) as place from dear
),
firsts as (select user_id, max(place) as place from ranked group by user_id)
select users.user_id, users.n, coalesce(dears.n, 0) as dears, firsts.place
from users
left join dears on users.user_id = dears.user_id
left join firsts on users.user_id = firsts.user_id
order by users.user_id";

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_side_of_an_outer_join_ends_as_it_does_embedded() {
    let folder = tempfile::tempdir().unwrap();
    let plain = embedded(folder.path(), 2).await;
    let url = events(&plain, folder.path()).await;
    let expected = plain.query(EMPTY_SIDES, &[]).await.unwrap();
    assert_eq!(expected.num_rows(), 3000);
    let cluster = open(Mode::Standalone, folder.path(), 3).await;
    cluster.register_parquet("events", &url).await.unwrap();
    let result = tokio::time::timeout(Duration::from_secs(60), cluster.query(EMPTY_SIDES, &[]));
    let result = result.await.expect("the query ends").unwrap();
    assert_eq!(table(&result), table(&expected));
    cluster.close().await;
}
