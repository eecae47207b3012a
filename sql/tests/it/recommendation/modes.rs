//! The same pairs, however the work is divided: threads, order of the input, cluster, memory.

use std::path::Path;

use arrow::array::ArrayRef;
use arrow::util::display::array_value_to_string;
use engine::{Engine, EngineParams, Mode, QueryResult, ScalarValue};
use sql::recommendation::{INTERACTIONS, PAIRS, PRODUCTS};

use super::{PairParams, WHOLE, reference};
use crate::shop::moment;

/// 160 000 events. Most pairs have one or two, so that partial aggregates see almost as many groups
/// as rows and are passed over; seven pairs have thousands. A tenth of the pairs' times are equal.
const LOG: &str = "
with numbers as (
    select value as v, value % 110000 as w from generate_series(1, 160000)
)
select
    case when v % 97 = 0 then null when v % 10 = 0 then -1 else (w * 7919) % 3001 end as user_id,
    case when v % 10 = 0 then (v / 10) % 7 else (w * 104729) % 211 end as product_id,
    case v % 11
        when 0 then 'return' when 1 then 'purchase' when 2 then 'cart' when 3 then 'cart'
        when 4 then 'remove_from_cart' else 'view'
    end as event_type,
    arrow_cast(
        1700000000000000 + ((v * 31337) % 5003) * 1234567891, 'Timestamp(Microsecond, Some(\"UTC\"))'
    ) as event_time,
    case when v % 3 = 0 then cast((v * 31) % 1009 - 500 as double) / 100.0 end as score,
    cast(case when v % 5 = 0 then (v * 13) % 9 - 4 end as int) as fold,
    case when v % 4 = 0 then (v * 7) % 5 end as category_id,
    case when v % 6 = 0 then 'c' || ((v * 11) % 13) end as category_code,
    case when v % 7 = 0 then 'b' || ((v * 17) % 19) end as brand,
    case when v % 2 = 0 then cast((v * 19) % 1000 as decimal(18, 4)) end as unit_price
from numbers";

const DECAYED: PairParams = PairParams {
    half_life_days: Some(17.5),
    decay_to: "2024-01-15 00:00:00",
    ..WHOLE
};
const DECAY_TO_US: i64 = 1_705_276_800_000_000;

const PAIR_LINES: &str = "select user_id, product_id, evidence, score, n_events, \
                          cast(last_event_at as bigint) as last_event_at, fold from pairs \
                          order by user_id, product_id";

async fn open(mode: Mode, folder: &Path, threads: usize, mib: usize) -> Engine {
    let params = EngineParams {
        mode,
        threads: Some(threads),
        memory_limit_bytes: Some(mib << 20),
        work_dir: Some(folder.join("work")),
        ..EngineParams::default()
    };
    Engine::open(params).await.unwrap()
}

/// The log in files below `folder`; `rest` ends the query, with a condition or an order.
async fn write_log(folder: &Path, name: &str, rest: &str) -> String {
    let engine = open(Mode::Embedded, folder, 3, 512).await;
    let url = folder.join(name).to_str().unwrap().to_owned();
    engine
        .materialise("events", &format!("{LOG}{rest}"), &[], &url)
        .await
        .unwrap();
    url
}

/// What the queries make of a log: pairs, interactions, products.
async fn made_of(engine: &Engine, events: &str, params: &PairParams) -> [Vec<String>; 3] {
    engine.register_parquet("events", events).await.unwrap();
    engine
        .create_view(PAIRS.name, PAIRS.text, &params.values())
        .await
        .unwrap();
    let pairs = engine.query(PAIR_LINES, &[]).await.unwrap();
    let least = [
        ("min_user_events", ScalarValue::from(50_i64)),
        ("min_product_events", ScalarValue::from(750_i64)),
    ];
    let interactions = engine.query(INTERACTIONS.text, &least).await.unwrap();
    let until = [("until", moment("2100-01-01 00:00:00"))];
    let products = engine.query(PRODUCTS.text, &until).await.unwrap();
    [lines(&pairs), lines(&interactions), lines(&products)]
}

fn lines(result: &QueryResult) -> Vec<String> {
    let mut lines = Vec::with_capacity(result.num_rows());
    for batch in &result.batches {
        for row in 0..batch.num_rows() {
            let cell = |column: &ArrayRef| array_value_to_string(column, row).unwrap();
            let cells: Vec<_> = batch.columns().iter().map(cell).collect();
            lines.push(cells.join(" | "));
        }
    }
    lines
}

fn assert_same(found: &[Vec<String>; 3], expected: &[Vec<String>; 3], how: &str) {
    for ((found, expected), table) in
        found
            .iter()
            .zip(expected)
            .zip(["pairs", "interactions", "products"])
    {
        assert_eq!(found.len(), expected.len(), "{table}, {how}");
        let other = found.iter().zip(expected).find(|(a, b)| a != b);
        assert_eq!(other, None, "{table}, {how}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threads_order_cluster_and_memory_do_not_show() {
    let folder = tempfile::tempdir().unwrap();
    let sorted = write_log(folder.path(), "sorted", "").await;
    let shuffle = " order by (v * 48271) % 2147483647";
    let shuffled = write_log(folder.path(), "shuffled", shuffle).await;

    let one = open(Mode::Embedded, folder.path(), 1, 512).await;
    let expected = made_of(&one, &sorted, &DECAYED).await;
    let plain = reference::pairs(&one, &DECAYED, DECAY_TO_US).await;
    assert!(plain.len() > 90_000, "{}", plain.len());
    assert_eq!(expected[0].len(), plain.len());
    let other = expected[0].iter().zip(&plain).find(|(a, b)| a != b);
    assert_eq!(other, None, "query and reference");
    let enough = expected[1].iter().filter(|line| line.ends_with("true"));
    let enough = enough.count();
    assert!(0 < enough && enough < plain.len(), "{enough}");
    assert_eq!(expected[2].len(), 211);

    for threads in [2, 7] {
        let engine = open(Mode::Embedded, folder.path(), threads, 512).await;
        let found = made_of(&engine, &shuffled, &DECAYED).await;
        assert_same(&found, &expected, &format!("embedded, {threads} threads"));
    }
    let little = open(Mode::Embedded, folder.path(), 2, 24).await;
    let found = made_of(&little, &shuffled, &DECAYED).await;
    assert_same(&found, &expected, "24 MiB");
    let cluster = open(Mode::Standalone, folder.path(), 2, 512).await;
    let found = made_of(&cluster, &shuffled, &DECAYED).await;
    assert_same(&found, &expected, "standalone");
    cluster.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_takes_parameters_that_are_null_and_those_that_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let log = write_log(folder.path(), "log", " where v <= 5000").await;
    let embedded = open(Mode::Embedded, folder.path(), 2, 512).await;
    let cluster = open(Mode::Standalone, folder.path(), 2, 512).await;
    let window = PairParams {
        from: Some("2023-12-01 00:00:00"),
        until: Some("2024-01-01 00:00:00"),
        ..WHOLE
    };
    for params in [WHOLE, window] {
        let expected = made_of(&embedded, &log, &params).await;
        assert!(!expected[0].is_empty());
        assert_same(
            &made_of(&cluster, &log, &params).await,
            &expected,
            "cluster",
        );
    }
    cluster.close().await;
}
