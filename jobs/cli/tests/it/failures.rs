//! Bad input gets one clear paragraph, the right exit code, and leaves nothing behind.

use std::fmt::Write as _;
use std::path::Path;

use super::program::{fail, run, shop, tree};

/// A purchase log in the canonical columns, one row per tuple (day, user, order, price).
fn purchases(path: &Path, rows: impl IntoIterator<Item = (u32, u64, u64, &'static str)>) -> String {
    let mut text = String::from(
        "event_time,event_type,user_id,product_id,order_id,quantity,unit_price,category_id,category_code,brand\n",
    );
    for (day, user, order, price) in rows {
        writeln!(
            text,
            "2025-01-{day:02} 10:00:00 UTC,purchase,{user},1,{order},1,{price},,,"
        )
        .unwrap();
    }
    std::fs::write(path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn segmentation(events: &str, output: &str, more: &[&str]) -> Vec<String> {
    let mut arguments = vec![
        "--quiet",
        "run",
        "segmentation",
        "--events",
        events,
        "--output",
        output,
    ];
    arguments.extend_from_slice(more);
    arguments.into_iter().map(str::to_owned).collect()
}

fn fails(code: i32, arguments: &[String]) -> String {
    fail(
        code,
        &arguments.iter().map(String::as_str).collect::<Vec<_>>(),
    )
}

#[test]
fn a_missing_file_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out");
    let error = fails(
        3,
        &segmentation("no/such/events.csv", output.to_str().unwrap(), &[]),
    );
    assert!(error.contains("no/such/events.csv"), "{error}");
    assert!(tree(&output).is_empty());
}

#[test]
fn fewer_than_fifty_customers_are_too_few() {
    let folder = tempfile::tempdir().unwrap();
    let events = purchases(
        &folder.path().join("few.csv"),
        (0..49).map(|user| (1 + user as u32 % 28, user, user, "9.99")),
    );
    let output = folder.path().join("out");
    let error = fails(
        3,
        &segmentation(&events, output.to_str().unwrap(), &["--mapping", "events"]),
    );
    assert!(error.contains("49") && error.contains("50"), "{error}");
    assert!(tree(&output).is_empty(), "{:?}", tree(&output));
}

#[test]
fn one_distinct_recency_or_frequency_or_monetary_value_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out");
    let days = |user: u64| 1 + (user % 20) as u32;
    let prices = ["1.00", "2.00", "3.00", "5.00", "8.00"];
    let same_day = purchases(
        &folder.path().join("r.csv"),
        (0..120).map(|row| {
            (
                9,
                row % 60,
                if row < 60 { row } else { row + row % 3 },
                prices[(row % 5) as usize],
            )
        }),
    );
    let same_frequency = purchases(
        &folder.path().join("f.csv"),
        (0..60).map(|user| (days(user), user, user, prices[(user % 5) as usize])),
    );
    let same_money = purchases(
        &folder.path().join("m.csv"),
        (0..60).flat_map(|user| {
            let orders = if user % 2 == 0 {
                vec!["6.00"]
            } else {
                vec!["2.00", "4.00"]
            };
            orders
                .into_iter()
                .enumerate()
                .map(move |(n, price)| (days(user), user, user * 10 + n as u64, price))
        }),
    );
    for (events, word) in [
        (same_day, "recency"),
        (same_frequency, "frequency"),
        (same_money, "monetary"),
    ] {
        let error = fails(
            3,
            &segmentation(&events, output.to_str().unwrap(), &["--mapping", "events"]),
        );
        assert!(error.to_lowercase().contains(word), "{word}: {error}");
        assert!(tree(&output).is_empty());
    }
}

#[test]
fn more_clusters_than_distinct_customers_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let prices = ["1.00", "2.00", "3.00"];
    let events = purchases(
        &folder.path().join("alike.csv"),
        (0..90).flat_map(|user: u64| {
            let kind = user % 3;
            (0..=kind).map(move |order| {
                (
                    10 + kind as u32,
                    user,
                    user * 10 + order,
                    prices[kind as usize],
                )
            })
        }),
    );
    let output = folder.path().join("out");
    let error = fails(
        3,
        &segmentation(
            &events,
            output.to_str().unwrap(),
            &["--mapping", "events", "--k", "2..6"],
        ),
    );
    assert!(
        error.contains("6 clusters") && error.contains("only 3 different"),
        "{error}"
    );
    assert!(tree(&output).is_empty());
}

#[test]
fn an_unreachable_scheduler_is_a_cluster_failure() {
    let folder = tempfile::tempdir().unwrap();
    let events = shop(&folder.path().join("shop"), 2_000, 100);
    let output = folder.path().join("out");
    let error = fail(
        4,
        &[
            "--quiet",
            "submit",
            "--scheduler",
            "http://127.0.0.1:1",
            "segmentation",
            "--events",
            &events,
            "--output",
            output.to_str().unwrap(),
        ],
    );
    assert!(error.contains("127.0.0.1:1"), "{error}");
    assert!(tree(&output).is_empty());
}

#[test]
fn an_output_that_cannot_be_written_is_an_output_failure() {
    let folder = tempfile::tempdir().unwrap();
    let events = shop(&folder.path().join("shop"), 2_000, 100);
    let in_the_way = folder.path().join("file");
    std::fs::write(&in_the_way, "not a folder").unwrap();
    let error = fails(5, &segmentation(&events, in_the_way.to_str().unwrap(), &[]));
    assert!(error.contains("file"), "{error}");
    assert_eq!(
        std::fs::read_to_string(&in_the_way).unwrap(),
        "not a folder"
    );
}

#[test]
fn a_mapping_that_names_an_absent_column_says_which_and_where() {
    let folder = tempfile::tempdir().unwrap();
    let events = purchases(&folder.path().join("some.csv"), [(1, 1, 1, "1.00")]);
    let mapping = folder.path().join("mine.toml");
    std::fs::write(
        &mapping,
        "dedup = false\n[columns]\nevent_time = \"parse_utc(event_tiem)\"\nevent_type = \"event_type\"\nuser_id = \"user_id\"\nproduct_id = \"product_id\"\norder_id = \"order_id\"\nquantity = \"try_cast(quantity as bigint)\"\nunit_price = \"try_cast(unit_price as decimal(18,4))\"\n",
    )
    .unwrap();
    let error = fail(
        3,
        &[
            "--quiet",
            "check",
            "--events",
            &events,
            "--mapping",
            mapping.to_str().unwrap(),
        ],
    );
    assert!(
        error.contains("event_tiem") && error.contains("mine.toml") && error.contains("event_time"),
        "{error}"
    );
}

#[test]
fn words_that_do_not_belong_are_usage_errors() {
    assert_eq!(run(&["run", "segmentation"]).status.code(), Some(2));
    assert_eq!(run(&["no-such-command"]).status.code(), Some(2));
    let folder = tempfile::tempdir().unwrap();
    let events = purchases(&folder.path().join("some.csv"), [(1, 1, 1, "1.00")]);
    let output = folder.path().join("out");
    let error = fails(
        2,
        &segmentation(&events, output.to_str().unwrap(), &["--k", "9..2"]),
    );
    assert!(error.contains("9..2"), "{error}");
    let config = folder.path().join("night.toml");
    std::fs::write(&config, "[segmentation]\nmin_shrae = 0.1\n").unwrap();
    let error = fails(
        2,
        &segmentation(
            &events,
            output.to_str().unwrap(),
            &["--config", config.to_str().unwrap()],
        ),
    );
    assert!(
        error.contains("min_shrae") && error.contains("night.toml"),
        "{error}"
    );
}
