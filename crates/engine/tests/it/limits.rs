//! Memory: a limit is kept by spilling, and told when that is not enough.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use engine::{Engine, EngineError, EngineParams};

async fn small(folder: &std::path::Path, mib: usize) -> Engine {
    let params = EngineParams {
        threads: Some(2),
        memory_limit_bytes: Some(mib << 20),
        work_dir: Some(folder.to_owned()),
        ..Default::default()
    };
    Engine::open(params).await.unwrap()
}

#[tokio::test]
async fn an_aggregate_and_a_sort_larger_than_the_limit_spill_and_finish() {
    let folder = tempfile::tempdir().unwrap();
    let engine = small(folder.path(), 24).await;
    let result = engine
        .query(
            "with groups as (
                select value % 700000 as k, max('row ' || value || ' of the table') as v
                from generate_series(1, 1400000) group by 1
            ),
            ranked as (select k, v, row_number() over (order by v, k) as r from groups)
            select count(*) as n, count(distinct r % 7) as sevens, max(r) as last from ranked",
            &[],
        )
        .await
        .unwrap();
    let n = result.batches[0]
        .column(0)
        .as_primitive::<Int64Type>()
        .value(0);
    assert_eq!(n, 700_000);
    engine.close().await;
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn what_cannot_spill_says_which_limit_to_raise() {
    let folder = tempfile::tempdir().unwrap();
    let engine = small(folder.path(), 8).await;
    let error = engine
        .query(
            "select array_length(array_agg('row ' || value)) from generate_series(1, 2000000)",
            &[],
        )
        .await
        .unwrap_err();
    assert!(
        matches!(error, EngineError::MemoryLimit { .. }),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(
        text.contains("--memory-limit") && text.contains("8 MiB"),
        "{text}"
    );
    assert!(!text.contains('\n'), "{text}");
}

#[tokio::test]
async fn impossible_parameters_are_refused() {
    for params in [
        EngineParams {
            threads: Some(0),
            ..Default::default()
        },
        EngineParams {
            memory_limit_bytes: Some(1000),
            ..Default::default()
        },
    ] {
        let error = Engine::open(params).await.unwrap_err();
        assert!(
            matches!(error, EngineError::Configuration { .. }),
            "{error:?}"
        );
    }
}
