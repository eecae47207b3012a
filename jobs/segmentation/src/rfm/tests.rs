use proptest::prelude::*;

use super::*;
use crate::money::Money;

fn as_of() -> chrono::DateTime<chrono::Utc> {
    "2011-12-10T00:00:00Z".parse().unwrap()
}

fn values() -> impl Strategy<Value = Vec<RfmValues>> {
    let one =
        (0i64..40, 1i64..6, -50i128..50).prop_map(|(recency_days, frequency, cents)| RfmValues {
            recency_days,
            frequency,
            monetary: Money::from_unscaled(cents * 100),
        });
    prop::collection::vec(one, 1..120)
}

/// The definition, word for word: 1 + the number of i in 1..4 for which x reaches the smallest
/// value v such that at least i/5 of the customers lie strictly below v.
fn by_definition<T: Ord + Copy>(x: T, all: &[T]) -> u8 {
    let mut distinct = all.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let cut = |i: usize| {
        distinct
            .iter()
            .copied()
            .find(|v| all.iter().filter(|w| *w < v).count() * 5 >= i * all.len())
    };
    1 + (1..=4)
        .filter(|i| cut(*i).is_some_and(|cut| x >= cut))
        .count() as u8
}

proptest! {
    #[test]
    fn scores_follow_the_definition(values in values()) {
        let model = RfmModel::fit(&values, as_of());
        let recency: Vec<i64> = values.iter().map(|v| -v.recency_days).collect();
        let frequency: Vec<i64> = values.iter().map(|v| v.frequency).collect();
        let monetary: Vec<Money> = values.iter().map(|v| v.monetary).collect();
        for value in &values {
            let expected = Scores {
                r: by_definition(-value.recency_days, &recency),
                f: by_definition(value.frequency, &frequency),
                m: by_definition(value.monetary, &monetary),
            };
            prop_assert_eq!(model.score(value), expected);
        }
    }

    #[test]
    fn equal_values_get_equal_scores_whatever_the_order(values in values(), turn in 0usize..120) {
        let mut turned = values.clone();
        turned.rotate_left(turn % values.len());
        turned.reverse();
        prop_assert_eq!(RfmModel::fit(&values, as_of()), RfmModel::fit(&turned, as_of()));
    }

    #[test]
    fn a_better_value_never_scores_worse(values in values()) {
        let model = RfmModel::fit(&values, as_of());
        for (a, b) in values.iter().flat_map(|a| values.iter().map(move |b| (a, b))) {
            let (left, right) = (model.score(a), model.score(b));
            prop_assert!(a.recency_days > b.recency_days || left.r >= right.r);
            prop_assert!(a.frequency < b.frequency || left.f >= right.f);
            prop_assert!(a.monetary < b.monetary || left.m >= right.m);
            prop_assert!([left.r, left.f, left.m].iter().all(|score| (1..=5).contains(score)));
        }
    }

    #[test]
    fn a_model_scores_the_same_after_its_file(values in values()) {
        let model = RfmModel::fit(&values, as_of());
        prop_assert_eq!(RfmModel::from_json(&model.to_json().unwrap()).unwrap(), model);
    }
}

#[test]
fn ties_do_not_split_a_group_and_may_leave_a_score_to_nobody() {
    // Half the customers ordered once, so the scores 1 and 2 would both want them.
    let frequencies = [1, 1, 1, 1, 1, 2, 2, 3, 4, 10];
    let values: Vec<RfmValues> = frequencies
        .map(|frequency| RfmValues {
            recency_days: 1,
            frequency,
            monetary: Money::ZERO,
        })
        .to_vec();
    let model = RfmModel::fit(&values, as_of());
    assert_eq!(model.frequency, [Some(2), Some(2), Some(3), Some(4)]);
    let scores: Vec<u8> = values.iter().map(|value| model.score(value).f).collect();
    assert_eq!(scores, [1, 1, 1, 1, 1, 3, 3, 4, 5, 5]);
    assert_eq!(model.recency_days, [None; 4], "one value has no cut points");
}

#[test]
fn files_that_are_no_model_are_told_apart() {
    let good = RfmModel::fit(&[], as_of()).to_json().unwrap();
    let error = |text: &str| RfmModel::from_json(text).unwrap_err().to_string();
    assert!(error("{}").starts_with("it is not an RFM model"));
    assert!(error(&good.replace("\"version\": 1", "\"version\": 2")).contains("version 2"));
    let unordered = good.replacen("null,\n    null", "3,\n    7", 1);
    assert!(error(&unordered).contains("recency_days"), "{unordered}");
}

#[test]
fn the_built_in_table_has_eleven_segments_and_prospect() {
    let table = SegmentTable::built_in().unwrap();
    let names: Vec<&str> = table.segments().iter().map(|s| s.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "Champions",
            "Loyal Customers",
            "Potential Loyalists",
            "New Customers",
            "Promising",
            "Need Attention",
            "About To Sleep",
            "At Risk",
            "Can't Lose Them",
            "Hibernating",
            "Lost",
            "Prospect"
        ]
    );
    assert!(
        table
            .segments()
            .iter()
            .all(|segment| !segment.advice.is_empty())
    );
    let name = |r, f, m| names[table.segment(Some(Scores { r, f, m }))];
    assert_eq!(name(5, 5, 5), "Champions");
    assert_eq!(name(1, 1, 1), "Lost");
    assert_eq!(name(5, 1, 3), "New Customers");
    assert_eq!(name(1, 5, 5), "Can't Lose Them");
    assert_eq!(names[table.segment(None)], PROSPECT);
}

fn table(cells: &str) -> String {
    SegmentTable::from_toml(&format!(
        "[[segments]]\nname = \"A\"\ncells = [{{ r = \"1-5\", f = \"1-5\", m = \"1-4\" }}]\n\
         [[segments]]\nname = \"B\"\ncells = [{cells}]"
    ))
    .map_or_else(|error| error.to_string(), |_| "accepted".to_owned())
}

#[test]
fn a_table_of_ones_own_must_cover_each_cell_once() {
    assert_eq!(table(r#"{ r = "1-5", f = "1-5", m = 5 }"#), "accepted");
    let contested = table(r#"{ r = "1-5", f = "1-5", m = "5" }, { r = 3, f = 2, m = "4" }"#);
    assert!(
        contested.ends_with("3-2-4 is covered by both A and B"),
        "{contested}"
    );
    let uncovered = table(r#"{ r = "1-5", f = "1-4", m = "5" }"#);
    assert!(
        uncovered.ends_with("1-5-5, 2-5-5, 3-5-5, 4-5-5 and 1 more cells are covered by none"),
        "{uncovered}"
    );
}

#[test]
fn ranges_outside_one_to_five_are_refused() {
    for range in ["0-2", "4-6", "5-4", "", "high"] {
        let cells = format!("{{ r = \"{range}\", f = \"1-5\", m = \"5\" }}");
        assert!(
            table(&cells).contains("expected a score from 1 to 5"),
            "{range}"
        );
    }
}

#[test]
fn names_are_unique_and_prospect_is_reserved() {
    for name in ["Prospect", "A", ""] {
        let text = format!(
            "[[segments]]\nname = \"A\"\ncells = []\n[[segments]]\nname = \"{name}\"\ncells = []"
        );
        let error = SegmentTable::from_toml(&text).unwrap_err();
        assert!(matches!(error, SegmentTableError::Name(_)), "{error}");
    }
}
