//! Tables written by all tasks at once: the same rows, whole or not at all.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use arrow::datatypes::DataType;
use engine::{Engine, Mode};

use crate::fixture::{embedded, entries, events, open, table};

const PER_USER: &str = "select user_id, count(*) as n, sum(price) as paid, max(event_time) as last
    from events group by user_id";

/// Two engines with the table `events`: embedded and standalone.
async fn both(folder: &Path, threads: usize) -> [Engine; 2] {
    let plain = embedded(folder, threads).await;
    let url = events(&plain, folder).await;
    let cluster = open(Mode::Standalone, folder, threads).await;
    cluster.register_parquet("events", &url).await.unwrap();
    [plain, cluster]
}

fn below(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

/// Waits until a folder holds nothing: tasks take a moment to hear that they are not wanted.
async fn empties(folder: &Path) {
    for _ in 0..600 {
        if entries(folder).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?} stay in {}", entries(folder), folder.display());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_task_writes_its_part_and_no_row_twice() {
    let folder = tempfile::tempdir().unwrap();
    let engines = both(folder.path(), 3).await;
    let all = "select * from per_user order by user_id";
    let sql = format!("{PER_USER} order by user_id");
    let expected = table(&engines[0].query(&sql, &[]).await.unwrap());
    for (name, engine) in ["embedded", "standalone"].iter().zip(engines) {
        let url = below(folder.path(), name);
        for _ in 0..2 {
            let written = engine.materialise("per_user", PER_USER, &[], &url).await;
            assert_eq!(written.unwrap().rows, 3000);
            let parts = entries(&folder.path().join(name));
            assert_eq!(parts.len(), 3, "{name}: {parts:?}");
            assert!(parts.iter().all(|part| part.ends_with(".parquet")));
            let read = engine.query(all, &[]).await.unwrap();
            assert_eq!(table(&read), expected, "{name}");
        }
        // Whoever comes later and knows only the folder finds the same.
        let other = embedded(folder.path(), 2).await;
        other.register_parquet("per_user", &url).await.unwrap();
        let read = other.query(all, &[]).await.unwrap();
        assert_eq!(table(&read), expected, "{name}");
        engine.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_is_what_was_reported_whatever_else_lies_there() {
    let folder = tempfile::tempdir().unwrap();
    for engine in both(folder.path(), 2).await {
        let url = below(folder.path(), "t");
        let sql = "select user_id from events where user_id < 30";
        let written = engine.materialise("t", sql, &[], &url).await.unwrap();
        let stray = entries(&folder.path().join("t"))[0].clone();
        let stray = folder.path().join("t").join(stray);
        std::fs::copy(&stray, stray.with_file_name("stray.parquet")).unwrap();
        let count = engine.query("select count(*) as n from t", &[]).await;
        assert!(table(&count.unwrap()).contains(&format!("| {} ", written.rows)));
        engine.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_fails_half_way_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    // One row of many cannot be cast; what comes before it is more than one upload holds.
    let sql = "select a.event_id, b.event_time, cast(a.price * b.event_id as text) as t,
            cast(case when a.event_id = 59999 and b.event_id = 59999 then 'x' else '1' end as int)
        from events a join events b on a.user_id = b.user_id";
    for engine in both(folder.path(), 3).await {
        let url = below(folder.path(), "t");
        let error = engine.materialise("t", sql, &[], &url).await.unwrap_err();
        assert!(error.to_string().contains("Cannot cast string"), "{error}");
        empties(&folder.path().join("t")).await;
        assert!(engine.table_schema("t").await.is_err(), "no table either");
        engine.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_nobody_waits_for_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let endless = "select a.event_id, b.event_time, a.price from events a
        join events b on a.price < b.price";
    for engine in both(folder.path(), 2).await {
        let (writer, url) = (engine.clone(), below(folder.path(), "t"));
        let writing =
            tokio::spawn(async move { writer.materialise("t", endless, &[], &url).await });
        while entries(&folder.path().join("t")).is_empty() {
            assert!(!writing.is_finished(), "the query was meant to be endless");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        writing.abort();
        engine.close().await;
        empties(&folder.path().join("t")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_kinds_of_columns_are_written_without_views() {
    let folder = tempfile::tempdir().unwrap();
    let sql = "select user_id as id, arrow_cast(product_id, 'Utf8View') as v,
            arrow_cast(product_id, 'Dictionary(Int32, Utf8)') as d,
            make_array(arrow_cast(product_id, 'Utf8View'), null) as l,
            named_struct('b', arrow_cast(product_id, 'BinaryView'), 'n', user_id) as s,
            nullif(price, price) as none
        from events where event_id <= 1000";
    let ordered = "select id, v, d, l, s['n'] as n, none from t order by id, v";
    let mut seen = BTreeSet::new();
    for engine in both(folder.path(), 2).await {
        let url = below(folder.path(), "t");
        let written = engine.materialise("t", sql, &[], &url).await.unwrap();
        assert_eq!(written.rows, 1000);
        let schema = engine.table_schema("t").await.unwrap();
        let kind = |name: &str| schema.field_with_name(name).unwrap().data_type().clone();
        assert_eq!(kind("v"), DataType::Utf8);
        assert!(
            matches!(kind("d"), DataType::Dictionary(..)),
            "{}",
            kind("d")
        );
        assert!(!format!("{schema:?}").contains("View"), "{schema:?}");
        seen.insert(table(&engine.query(ordered, &[]).await.unwrap()));
        engine.close().await;
    }
    assert_eq!(seen.len(), 1, "the same rows in both modes");
}

#[tokio::test]
async fn little_memory_is_enough_for_many_rows() {
    let folder = tempfile::tempdir().unwrap();
    let params = engine::EngineParams {
        threads: Some(4),
        memory_limit_bytes: Some(4 << 20),
        work_dir: Some(folder.path().join("work")),
        ..Default::default()
    };
    let engine = Engine::open(params).await.unwrap();
    let sql = "select value as n, 'row ' || value || ' of a wide table' as t, value * value as q
        from generate_series(1, 1000000)";
    let url = below(folder.path(), "t");
    let written = engine.materialise("t", sql, &[], &url).await.unwrap();
    assert_eq!(written.rows, 1_000_000);
    let sums = engine
        .query("select sum(n) as n, count(distinct n) as d from t", &[])
        .await;
    let sums = table(&sums.unwrap());
    assert!(
        sums.contains("500000500000") && sums.contains("1000000 "),
        "{sums}"
    );
}
