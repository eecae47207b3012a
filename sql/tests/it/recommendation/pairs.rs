//! What a customer's events say of a product, by hand.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use sql::recommendation::PAIRS;

use super::{PairParams, WHOLE};
use crate::assert_features;
use crate::shop::{Event, engine_with, event, rows};

type Row = BTreeMap<String, String>;

const NOON: &str = "2024-01-01 12:00:00Z";

fn key(user: &str, product: &str) -> (String, String) {
    (user.to_owned(), product.to_owned())
}

/// The pairs by user and product.
async fn pairs_with(events: &[Event], params: &PairParams) -> BTreeMap<(String, String), Row> {
    let engine = engine_with(events, 2).await;
    let found = rows(&engine, PAIRS.text, &params.values()).await;
    let count = found.len();
    let keyed = |row: Row| (key(&row["user_id"], &row["product_id"]), row);
    let pairs: BTreeMap<_, _> = found.into_iter().map(keyed).collect();
    assert_eq!(pairs.len(), count, "a pair has more than one row");
    pairs
}

/// The pair of user `u` and product `p`, the only one.
async fn pair_with(events: &[Event], params: &PairParams) -> Row {
    let mut pairs = pairs_with(events, params).await;
    assert_eq!(pairs.len(), 1);
    pairs.remove(&("u".into(), "p".into())).unwrap()
}

async fn pair(events: &[Event]) -> Row {
    pair_with(events, &WHOLE).await
}

fn scored(at: &'static str, score: f64) -> Event {
    Event {
        score: Some(score),
        ..event(at, "view")
    }
}

fn folded(at: &'static str, fold: i32) -> Event {
    Event {
        fold: Some(fold),
        ..event(at, "view")
    }
}

#[tokio::test]
async fn each_kind_of_event_has_its_weight() {
    let kinds = [
        ("view", "1.000000"),
        ("cart", "3.000000"),
        ("purchase", "5.000000"),
        ("remove_from_cart", "-2.000000"),
        ("return", "-4.000000"),
    ];
    let events = kinds.map(|(kind, _)| Event {
        product: kind,
        ..event(NOON, kind)
    });
    let pairs = pairs_with(&events, &WHOLE).await;
    assert_eq!(pairs.len(), kinds.len());
    for (kind, evidence) in kinds {
        assert_features!(
            pairs[&key("u", kind)],
            evidence: evidence, score: "", fold: "", n_events: "1",
            last_event_at: "2024-01-01T12:00:00Z",
        );
    }
}

#[tokio::test]
async fn evidence_is_a_sum_and_may_be_negative() {
    let of = |kinds: &[&'static str]| kinds.iter().map(|k| event(NOON, k)).collect::<Vec<_>>();
    let kept = pair(&of(&["view", "view", "cart", "purchase"])).await;
    assert_features!(kept, evidence: "10.000000", n_events: "4");
    let returned = pair(&of(&["purchase", "return", "return"])).await;
    assert_features!(returned, evidence: "-3.000000", n_events: "3");
    let nothing = pair(&of(&["cart", "view", "return"])).await;
    assert_features!(nothing, evidence: "0.000000", n_events: "3");
}

#[tokio::test]
async fn a_pair_is_a_user_and_a_product_and_somebody_unknown_is_nobody() {
    let of = |user, product| Event {
        user,
        product,
        ..event(NOON, "cart")
    };
    let events = [
        of(Some("a"), "p"),
        of(Some("a"), "q"),
        of(Some("b"), "p"),
        of(Some("a"), "p"),
        of(None, "p"),
        of(None, "r"),
    ];
    let pairs = pairs_with(&events, &WHOLE).await;
    let expected = [key("a", "p"), key("a", "q"), key("b", "p")];
    assert_eq!(pairs.keys().cloned().collect::<Vec<_>>(), expected);
    assert_features!(pairs[&key("a", "p")], n_events: "2", evidence: "6.000000");
    assert_features!(pairs[&key("b", "p")], n_events: "1", evidence: "3.000000");
}

#[tokio::test]
async fn a_score_takes_the_place_of_the_weight() {
    let purchase = |score| Event {
        score,
        ..event(NOON, "purchase")
    };
    let events = [purchase(Some(-0.25)), purchase(None), purchase(Some(0.0))];
    assert_features!(pair(&events).await, evidence: "4.750000", n_events: "3");
}

#[tokio::test]
async fn each_event_is_rounded_to_a_millionth_and_the_sum_is_exact() {
    let third = PairParams {
        weights: [1.0 / 3.0, 0.1, 0.000_000_5, 0.000_000_4, 0.0],
        ..WHOLE
    };
    let of = |kind| [event(NOON, kind); 3];
    assert_features!(pair_with(&of("view"), &third).await, evidence: "0.999999");
    assert_features!(pair_with(&of("cart"), &third).await, evidence: "0.300000");
    assert_features!(pair_with(&of("purchase"), &third).await, evidence: "0.000003");
    assert_features!(pair_with(&of("remove_from_cart"), &third).await, evidence: "0.000000");
    let far_apart = [
        scored(NOON, 1e12),
        scored(NOON, 0.000_001),
        scored(NOON, 1e12),
    ];
    assert_features!(pair(&far_apart).await, evidence: "2000000000000.000001");
}

#[tokio::test]
async fn evidence_halves_with_every_half_life() {
    let ten_days = PairParams {
        half_life_days: Some(10.0),
        decay_to: "2024-01-31 12:00:00",
        ..WHOLE
    };
    let worth = async |at, params: &PairParams| {
        let row = pair_with(&[event(at, "purchase")], params).await;
        row["evidence"].clone()
    };
    assert_eq!(worth("2024-01-31 12:00:00Z", &ten_days).await, "5.000000");
    assert_eq!(worth("2024-01-21 12:00:00Z", &ten_days).await, "2.500000");
    assert_eq!(worth("2024-01-11 12:00:00Z", &ten_days).await, "1.250000");
    // 5 · 2^(-1/2) and 5 · 2^(-1/20), by hand.
    assert_eq!(worth("2024-01-26 12:00:00Z", &ten_days).await, "3.535534");
    assert_eq!(worth("2024-01-31 00:00:00Z", &ten_days).await, "4.829682");
    // What comes later has no age; what is very old is worth nothing.
    assert_eq!(worth("2024-01-31 12:00:01Z", &ten_days).await, "5.000000");
    assert_eq!(worth("2025-01-31 12:00:00Z", &ten_days).await, "5.000000");
    assert_eq!(worth("1924-01-31 12:00:00Z", &ten_days).await, "0.000000");
    // Without a half-life age does not count.
    assert_eq!(worth("1924-01-31 12:00:00Z", &WHOLE).await, "5.000000");

    let decayed = [scored("2024-01-21 12:00:00Z", -3.0)];
    assert_features!(
        pair_with(&decayed, &ten_days).await, evidence: "-1.500000", score: "-3.0",
    );
}

#[tokio::test]
async fn the_score_is_that_of_the_latest_event_with_one() {
    let events = [
        scored("2024-01-02 00:00:00Z", 2.5),
        scored("2024-01-01 00:00:00Z", 5.0),
        event("2024-01-03 00:00:00Z", "view"),
    ];
    assert_features!(
        pair(&events).await, score: "2.5", last_event_at: "2024-01-03T00:00:00Z",
    );
    let tie = [scored(NOON, 1.0), scored(NOON, 4.0), scored(NOON, -7.0)];
    assert_features!(pair(&tie).await, score: "4.0");
    let below_zero = [scored(NOON, -1.0), scored(NOON, -4.0)];
    assert_features!(pair(&below_zero).await, score: "-1.0");
    let micros = [
        scored("2024-01-01 00:00:00.000002Z", -5.0),
        scored("2024-01-01 00:00:00.000001Z", 5.0),
    ];
    assert_features!(pair(&micros).await, score: "-5.0");
}

#[tokio::test]
async fn a_score_comes_back_as_it_was_given() {
    let moments = [
        NOON,
        "1969-12-31 23:59:59.999999Z",
        "0001-01-01 00:00:00Z",
        "9999-12-31 23:59:59.999999Z",
    ];
    let scores = [
        ("a", 1e12),
        ("b", -1e12),
        ("c", 0.0),
        ("d", 4.1),
        ("e", -4.1),
        ("f", 0.000_001),
        ("g", -0.000_001),
        ("h", 123_456.789),
    ];
    let mut events = Vec::new();
    for at in moments {
        let of = |(product, score)| Event {
            user: Some(at),
            product,
            ..scored(at, score)
        };
        events.extend(scores.map(of));
    }
    let pairs = pairs_with(&events, &WHOLE).await;
    assert_eq!(pairs.len(), moments.len() * scores.len());
    for at in moments {
        for (product, score) in scores {
            assert_features!(pairs[&key(at, product)], score: format!("{score:?}"));
        }
    }
    // To a millionth.
    assert_features!(pair(&[scored(NOON, 2.0 / 3.0)]).await, score: "0.666667");
    let old = [
        scored("1960-01-01 00:00:00Z", 9.0),
        scored("1960-01-02 00:00:00Z", 3.0),
    ];
    assert_features!(pair(&old).await, score: "3.0");
}

#[tokio::test]
async fn the_fold_is_that_of_the_latest_event_with_one() {
    let events = [
        folded("2024-01-02 00:00:00Z", 3),
        folded("2024-01-01 00:00:00Z", 1),
        event("2024-01-03 00:00:00Z", "view"),
    ];
    assert_features!(pair(&events).await, fold: "3");
    let tie = [folded(NOON, 2), folded(NOON, -1), folded(NOON, 4)];
    assert_features!(pair(&tie).await, fold: "-1");
    let moments = [NOON, "1969-12-31 23:59:59.999999Z"];
    let folds = [
        ("a", 0),
        ("b", 1),
        ("c", -1),
        ("d", i32::MAX),
        ("e", i32::MIN),
    ];
    let mut events = Vec::new();
    for at in moments {
        let of = |(product, fold)| Event {
            user: Some(at),
            product,
            ..folded(at, fold)
        };
        events.extend(folds.map(of));
    }
    let pairs = pairs_with(&events, &WHOLE).await;
    for at in moments {
        for (product, fold) in folds {
            assert_features!(pairs[&key(at, product)], fold: fold.to_string());
        }
    }
}

#[tokio::test]
async fn a_window_begins_with_from_and_ends_before_until() {
    let at = |at| event(at, "view");
    let events = [
        at("2023-12-31 23:59:59.999999Z"),
        at("2024-01-01 00:00:00Z"),
        at("2024-01-31 23:59:59.999999Z"),
        at("2024-02-01 00:00:00Z"),
    ];
    let counted = async |from, until| {
        let window = PairParams {
            from,
            until,
            ..WHOLE
        };
        let row = pair_with(&events, &window).await;
        (row["n_events"].clone(), row["last_event_at"].clone())
    };
    let (first, last) = (Some("2024-01-01 00:00:00"), Some("2024-02-01 00:00:00"));
    let found = |n: &str, at: &str| (n.to_owned(), at.to_owned());
    let before = "2024-01-31T23:59:59.999999Z";
    assert_eq!(counted(first, last).await, found("2", before));
    assert_eq!(counted(None, last).await, found("3", before));
    assert_eq!(
        counted(first, None).await,
        found("3", "2024-02-01T00:00:00Z")
    );
    assert_eq!(
        counted(None, None).await,
        found("4", "2024-02-01T00:00:00Z")
    );
    let nothing = PairParams {
        from: last,
        until: first,
        ..WHOLE
    };
    assert!(pairs_with(&events, &nothing).await.is_empty());
}

#[tokio::test]
async fn the_columns_have_their_types_also_without_rows() {
    let engine = engine_with(&[event(NOON, "view")], 2).await;
    let params = PairParams {
        until: Some("2000-01-01 00:00:00"),
        ..WHOLE
    };
    let result = engine.query(PAIRS.text, &params.values()).await.unwrap();
    assert_eq!(result.num_rows(), 0);
    let fields = result.schema.fields();
    let columns: Vec<_> = fields
        .iter()
        .map(|f| (f.name().as_str(), f.data_type().to_string()))
        .collect();
    let micros = engine.query("select event_time from events", &[]).await;
    let micros: DataType = micros.unwrap().schema.field(0).data_type().clone();
    let expected = [
        ("user_id", "Utf8".to_owned()),
        ("product_id", "Utf8".to_owned()),
        ("evidence", "Decimal128(38, 6)".to_owned()),
        ("score", "Float64".to_owned()),
        ("n_events", "Int64".to_owned()),
        ("last_event_at", micros.to_string()),
        ("fold", "Int32".to_owned()),
    ];
    assert_eq!(columns, expected);
}
