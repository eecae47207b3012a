//! Sizes are exact, and equal parameters give equal bytes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::datatypes::{DataType, TimeUnit};

use super::log::{batches, events, files, read_csv, read_parquet, shop, write};
use super::{SHOP, sized};
use crate::simulate::{FileFormat, ShopParams, write_shop, write_shop_in_files_of};

#[test]
fn a_shop_has_exactly_the_events_and_users_asked_for() {
    let sizes = [
        (1, 1, 1),
        (10, 1, 1),
        (10, 10, 3),
        (11, 10, 1),
        (1_000, 1, 5),
        (1_000, 999, 50),
        (5_000, 7, 20),
        (20_001, 300, 4_000),
    ];
    for (count, users, products) in sizes {
        let events = events(&sized(count, users, products));
        assert_eq!(
            events.len() as u64,
            count,
            "events of {count}/{users}/{products}"
        );
        let seen: BTreeSet<i64> = events.iter().map(|event| event.user).collect();
        assert_eq!(
            seen.len() as u64,
            users,
            "users of {count}/{users}/{products}"
        );
        let met: BTreeSet<i64> = events.iter().map(|event| event.product).collect();
        assert!(met.len() as u64 <= products);
    }
}

#[test]
fn any_number_of_threads_writes_the_same_bytes() {
    for format in [FileFormat::Parquet, FileFormat::Csv] {
        let [one, two, seven] = [1, 2, 7].map(|threads| {
            let folder = tempfile::tempdir().unwrap();
            let summary = write(
                &ShopParams {
                    threads: Some(threads),
                    ..SHOP
                },
                format,
                folder.path(),
            );
            (summary, files(folder.path()))
        });
        assert!(
            one.1.len() > 5,
            "several files are needed to see a difference"
        );
        assert!(one == two, "{format:?} with 1 and 2 threads");
        assert!(one == seven, "{format:?} with 1 and 7 threads");
    }
}

#[test]
fn another_seed_makes_another_shop() {
    let first = events(&sized(5_000, 100, 100));
    let second = events(&ShopParams {
        seed: 43,
        ..sized(5_000, 100, 100)
    });
    assert!(first != second);
    // Not a shifted copy either: hardly any visit starts at the same second.
    let times = |events: &[super::log::Event]| -> BTreeSet<i64> {
        events.iter().map(|event| event.micros).collect()
    };
    assert!(times(&first).intersection(&times(&second)).count() < 100);
}

#[test]
fn csv_and_parquet_hold_the_same_events() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let parquet = write(&SHOP, FileFormat::Parquet, folders[0].path());
    let csv = write(&SHOP, FileFormat::Csv, folders[1].path());
    assert!(read_parquet(folders[0].path()) == read_csv(folders[1].path()));
    assert_eq!((parquet.events, parquet.files), (csv.events, csv.files));
}

#[test]
fn parquet_files_have_the_canonical_columns() {
    let folder = tempfile::tempdir().unwrap();
    write(&sized(100, 10, 10), FileFormat::Parquet, folder.path());
    let schema = batches(folder.path())[0].schema();
    let columns: Vec<(&str, DataType)> = schema
        .fields()
        .iter()
        .map(|field| (field.name().as_str(), field.data_type().clone()))
        .collect();
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let expected = [
        ("event_time", time),
        ("event_type", DataType::Utf8),
        ("user_id", DataType::Int64),
        ("product_id", DataType::Int64),
        ("order_id", DataType::Int64),
        ("quantity", DataType::Int64),
        ("unit_price", DataType::Decimal128(18, 4)),
        ("category_id", DataType::Int64),
        ("category_code", DataType::Utf8),
        ("brand", DataType::Utf8),
    ];
    assert_eq!(columns, expected);
}

#[test]
fn events_are_in_order_of_time_across_all_files() {
    let events = shop();
    assert!(events.is_sorted_by_key(|event| event.micros));
    // 2025-10-01 to 2026-02-28, in whole seconds.
    assert!(events[0].micros >= 1_759_276_800_000_000);
    assert!(events[events.len() - 1].micros < 1_772_323_200_000_000);
    assert!(events.iter().all(|event| event.micros % 1_000_000 == 0));
}

#[test]
fn no_row_appears_twice() {
    let events = shop();
    let rows: BTreeSet<String> = events.iter().map(|event| format!("{event:?}")).collect();
    assert_eq!(rows.len(), events.len());
}

#[test]
fn the_summary_tells_what_is_in_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let summary = write(&SHOP, FileFormat::Parquet, folder.path());
    let events = read_parquet(folder.path());
    assert_eq!(summary.rows, events.len() as u64);
    for (event_type, count) in &summary.events {
        let found = events
            .iter()
            .filter(|event| event.event_type == *event_type)
            .count();
        assert_eq!(*count, found as u64, "{event_type}");
    }
    let distinct = |of: &dyn Fn(&super::log::Event) -> i64, only: Option<&str>| {
        let chosen = events
            .iter()
            .filter(|event| only.is_none_or(|t| event.event_type == t));
        chosen.map(of).collect::<BTreeSet<_>>().len() as u64
    };
    assert_eq!(summary.users, distinct(&|event| event.user, None));
    assert_eq!(summary.products, distinct(&|event| event.product, None));
    assert_eq!(
        summary.orders,
        distinct(&|event| event.order, Some("purchase"))
    );
    assert_eq!(summary.first_event.timestamp_micros(), events[0].micros);
    assert_eq!(
        summary.last_event.timestamp_micros(),
        events[events.len() - 1].micros
    );
    let files = files(folder.path());
    assert_eq!(summary.files, files.len() as u64);
    assert_eq!(
        summary.bytes,
        files.values().map(|bytes| bytes.len() as u64).sum::<u64>()
    );
}

#[test]
fn progress_adds_up_to_the_events() {
    let folder = tempfile::tempdir().unwrap();
    let told = AtomicU64::new(0);
    let progress = |more: u64| {
        told.fetch_add(more, Ordering::Relaxed);
        true
    };
    write_shop_in_files_of(7_000, &SHOP, FileFormat::Csv, folder.path(), &progress).unwrap();
    assert_eq!(told.into_inner(), SHOP.events);
}

#[test]
fn a_small_shop_is_one_file() {
    let folder = tempfile::tempdir().unwrap();
    write_shop(
        &sized(1_000, 50, 50),
        FileFormat::Parquet,
        folder.path(),
        &|_| true,
    )
    .unwrap();
    assert_eq!(
        files(folder.path()).into_keys().collect::<Vec<_>>(),
        ["events-00000.parquet"]
    );
}
