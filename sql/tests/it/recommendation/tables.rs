//! The other tables of the recommender, by hand.

use std::collections::BTreeMap;

use engine::{Engine, ScalarValue};
use sql::Query;
use sql::recommendation::{
    ALLOWED_PRODUCTS, EVENT_TIMES, INTERACTIONS, LOG_FACTS, PAIRS, PRODUCTS, USER_SEGMENTS,
};

use super::WHOLE;
use crate::assert_features;
use crate::shop::{Event, engine_with, event, moment, rows};

const NOON: &str = "2024-01-01 12:00:00Z";
const UNTIL: &str = "2024-02-01 00:00:00";

async fn columns<const N: usize>(
    engine: &Engine,
    query: Query,
    params: &[(&str, ScalarValue)],
    names: [&str; N],
) -> Vec<[String; N]> {
    let found = rows(engine, query.text, params).await;
    let cells = |row: &BTreeMap<String, String>| names.map(|name| row[name].clone());
    found.iter().map(cells).collect()
}

async fn interactions(events: &[Event], least: [i64; 2]) -> Vec<[String; 3]> {
    let engine = engine_with(events, 2).await;
    engine
        .create_view(PAIRS.name, PAIRS.text, &WHOLE.values())
        .await
        .unwrap();
    let [user, product] = least.map(ScalarValue::from);
    let params = [("min_user_events", user), ("min_product_events", product)];
    let names = ["user_id", "product_id", "enough"];
    columns(&engine, INTERACTIONS, &params, names).await
}

async fn products(events: &[Event]) -> BTreeMap<String, BTreeMap<String, String>> {
    let engine = engine_with(events, 2).await;
    let found = rows(&engine, PRODUCTS.text, &[("until", moment(UNTIL))]).await;
    let ids: Vec<_> = found.iter().map(|row| row["product_id"].clone()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    ids.into_iter().zip(found).collect()
}

async fn event_times(events: &[Event], until: &str, bucket_us: i64) -> Vec<[String; 2]> {
    let engine = engine_with(events, 2).await;
    let params = [
        ("until", moment(until)),
        ("origin", moment("2024-01-01 12:00:00")),
        ("bucket_us", ScalarValue::from(bucket_us)),
    ];
    columns(&engine, EVENT_TIMES, &params, ["bucket", "n_events"]).await
}

#[tokio::test]
async fn a_log_is_known_by_its_events_and_scores() {
    let of = |user, at, score| Event {
        user,
        score,
        ..event(at, "view")
    };
    let events = [
        of(Some("a"), NOON, Some(0.0)),
        of(Some("a"), NOON, None),
        of(Some("b"), "2024-01-31 23:59:59.999999Z", Some(-1.0)),
        of(Some("b"), "2024-02-01 00:00:00Z", Some(4.0)),
        of(None, NOON, Some(4.0)),
    ];
    let engine = engine_with(&events, 2).await;
    let names = ["n_events", "n_scores"];
    let facts = |as_of| [("as_of", moment(as_of))];
    let found = columns(&engine, LOG_FACTS, &facts(UNTIL), names).await;
    assert_eq!(found, [["3", "2"]]);
    let found = columns(&engine, LOG_FACTS, &facts("2000-01-01 00:00:00"), names).await;
    assert_eq!(found, [["0", "0"]]);
}

#[tokio::test]
async fn enough_is_a_number_of_events_of_the_user_and_of_the_product() {
    let of = |user, product| Event {
        user: Some(user),
        product,
        ..event(NOON, "view")
    };
    let events = [
        of("b", "p"),
        of("b", "q"),
        of("a", "p"),
        of("a", "p"),
        of("a", "r"),
        of("c", "p"),
    ];
    let row = |[user, product, enough]: [&str; 3]| [user, product, enough].map(str::to_owned);
    // a has 3 events, b 2, c 1; p has 4, q and r 1 each.
    let two = [
        row(["a", "p", "true"]),
        row(["a", "r", "false"]),
        row(["b", "p", "true"]),
        row(["b", "q", "false"]),
        row(["c", "p", "false"]),
    ];
    assert_eq!(interactions(&events, [2, 2]).await, two);
    let users_only = interactions(&events, [2, 1]).await;
    assert_eq!(
        users_only.iter().map(|row| &row[2]).collect::<Vec<_>>(),
        ["true", "true", "true", "true", "false"]
    );
    assert!(
        interactions(&events, [1, 1])
            .await
            .iter()
            .all(|row| row[2] == "true")
    );
    assert!(
        interactions(&events, [4, 1])
            .await
            .iter()
            .all(|row| row[2] == "false")
    );
}

#[tokio::test]
async fn interactions_have_all_that_pairs_have() {
    let events = [Event {
        score: Some(2.5),
        fold: Some(1),
        ..event(NOON, "purchase")
    }];
    let engine = engine_with(&events, 2).await;
    engine
        .create_view(PAIRS.name, PAIRS.text, &WHOLE.values())
        .await
        .unwrap();
    let one = ScalarValue::from(1_i64);
    let params = [
        ("min_user_events", one.clone()),
        ("min_product_events", one),
    ];
    assert_features!(
        rows(&engine, INTERACTIONS.text, &params).await[0],
        user_id: "u", product_id: "p", evidence: "2.500000", score: "2.5", n_events: "1",
        last_event_at: "2024-01-01T12:00:00Z", fold: "1", enough: "true",
    );
}

#[tokio::test]
async fn a_product_is_what_its_latest_event_says_column_by_column() {
    let bare = |at| Event {
        price: None,
        ..event(at, "view")
    };
    let events = [
        Event {
            category: Some("tea.green"),
            category_id: Some(7),
            brand: Some("x"),
            price: Some("9.99"),
            ..event("2024-01-01 00:00:00Z", "purchase")
        },
        Event {
            category: Some("tea"),
            ..bare("2024-01-02 00:00:00Z")
        },
        Event {
            price: Some("1.50"),
            ..event("2024-01-03 00:00:00Z", "cart")
        },
        bare("2024-01-04 00:00:00Z"),
        // Later than what is looked at.
        Event {
            brand: Some("late"),
            ..event("2024-02-01 00:00:00Z", "view")
        },
    ];
    assert_features!(
        products(&events).await["p"],
        category_id: "7", category_code: "tea", brand: "x", unit_price: "1.5000",
        n_events: "4", n_purchases: "1", last_event_at: "2024-01-04T00:00:00Z",
    );
    assert_features!(
        products(&[bare(NOON)]).await["p"],
        category_id: "", category_code: "", brand: "", unit_price: "",
    );
}

#[tokio::test]
async fn of_attributes_of_one_moment_the_smallest_counts() {
    let of = |category, category_id, brand, price| Event {
        category: Some(category),
        category_id: Some(category_id),
        brand: Some(brand),
        price: Some(price),
        ..event(NOON, "view")
    };
    let events = [
        of("b", 2, "y", "10.00"),
        of("a", 3, "z", "9.00"),
        of("c", 1, "x", "11.00"),
        Event {
            at: "2024-01-01 11:59:59Z",
            ..of("0", 0, "0", "0.01")
        },
    ];
    assert_features!(
        products(&events).await["p"],
        category_code: "a", category_id: "1", brand: "x", unit_price: "9.0000", n_events: "4",
    );
}

#[tokio::test]
async fn event_times_are_counted_in_stretches_from_the_origin() {
    let second = 1_000_000;
    let at = |at| event(at, "view");
    let events = [
        at("2024-01-01 12:00:25Z"),
        at("2024-01-01 12:00:00Z"),
        at("2024-01-01 12:00:09.999999Z"),
        at("2024-01-01 12:00:10Z"),
        Event {
            user: None,
            ..at("2024-01-01 12:00:05Z")
        },
        at("2024-01-01 12:00:30Z"),
    ];
    assert_eq!(
        event_times(&events, "2024-01-01 12:00:30", 10 * second).await,
        [["0", "2"], ["1", "1"], ["2", "1"]]
    );
    let all = event_times(&events, UNTIL, 100 * second).await;
    assert_eq!(all, [["0", "5"]]);
}

#[tokio::test]
async fn a_log_of_one_moment_is_one_stretch() {
    let events = [event(NOON, "view"), event(NOON, "cart")];
    for bucket_us in [0, 1, 1_000_000] {
        let found = event_times(&events, UNTIL, bucket_us).await;
        assert_eq!(found, [["0", "2"]], "{bucket_us}");
    }
    let none = event_times(&events, "2024-01-01 12:00:00", 1).await;
    assert!(none.is_empty());
}

#[tokio::test]
async fn segments_come_in_the_order_of_customers() {
    let engine = engine_with(&[event(NOON, "view")], 2).await;
    let made = "select column1 as user_id, column2 as rfm_segment, column3 as fused_segment, 1 as r \
                from (values ('b', 'loyal', 'gold'), ('a', 'lost', null))";
    engine
        .create_view("segmented_customers", made, &[])
        .await
        .unwrap();
    let names = ["user_id", "rfm_segment", "fused_segment"];
    let found = columns(&engine, USER_SEGMENTS, &[], names).await;
    assert_eq!(found, [["a", "lost", ""], ["b", "loyal", "gold"]]);
}

#[tokio::test]
async fn a_filter_holds_whatever_it_is_made_of() {
    let engine = engine_with(&[event(NOON, "view")], 2).await;
    let made = "select column1 as product_id, column2 as price, column3 as brand from (values \
                ('c', 3, 'x'), ('a', 1, 'y'), ('a', 9, 'x'), ('b', 2, null), (null, 1, 'x'))";
    engine.create_view("products", made, &[]).await.unwrap();
    for (predicate, expected) in [
        ("price < 3", vec!["a", "b"]),
        ("brand = 'x'", vec!["a", "c"]),
        ("brand <> 'x'", vec!["a"]),
        ("price > 8 or price < 2", vec!["a"]),
        ("true -- everything", vec!["a", "b", "c"]),
        ("null", vec![]),
        ("price > 100", vec![]),
    ] {
        let text = ALLOWED_PRODUCTS
            .render(&[("predicate", predicate)])
            .unwrap();
        let found = rows(&engine, &text, &[]).await;
        let ids: Vec<_> = found.iter().map(|row| row["product_id"].as_str()).collect();
        assert_eq!(ids, expected, "{predicate}");
    }
}
