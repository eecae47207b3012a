use super::*;
use crate::money::Money;
use crate::rfm::{Segment, SegmentTable};

fn segments() -> Vec<Segment> {
    SegmentTable::built_in().unwrap().segments().to_vec()
}

fn own(names: &[&str]) -> Vec<Segment> {
    let segment = |name: &&str| Segment {
        name: (*name).to_owned(),
        advice: "call".to_owned(),
    };
    names.iter().map(segment).collect()
}

#[test]
fn the_built_in_table_covers_every_pair_of_the_built_in_segments() {
    let segments = segments();
    let table = FusionTable::built_in(&segments).unwrap();
    let name = |segment: &str, tier| {
        let segment = segments.iter().position(|s| s.name == segment).unwrap();
        table.fused_segments()[table.fused_segment(segment, tier)]
            .name
            .as_str()
    };
    assert_eq!(name("Champions", Tier::High), "VIP");
    assert_eq!(name("Champions", Tier::Low), "Regulars");
    assert_eq!(name("Loyal Customers", Tier::High), "Regulars");
    assert_eq!(name("Prospect", Tier::Low), "Browsers");
    assert_eq!(name("Can't Lose Them", Tier::High), "Win Back First");
    assert!(
        table
            .fused_segments()
            .iter()
            .all(|fused| !fused.advice.is_empty())
    );
    assert_eq!(
        table.bounds(),
        TierBounds::DEFAULT,
        "the file and the code agree on the bounds"
    );
}

#[test]
fn segments_of_ones_own_get_a_plain_table() {
    let table = FusionTable::plain(&own(&["A", "Prospect"])).unwrap();
    let names: Vec<&str> = table
        .fused_segments()
        .iter()
        .map(|f| f.name.as_str())
        .collect();
    assert_eq!(names[0], "A, high value");
    assert_eq!(names.len(), 6);
    assert_eq!(table.fused_segment(1, Tier::Low), 5);
}

fn refusal(text: &str) -> String {
    FusionTable::from_toml(text, &own(&["A", "Prospect"]))
        .unwrap_err()
        .to_string()
}

#[test]
fn pairs_left_out_or_contested_are_named() {
    let error = refusal(
        "[[rules]]\nfused = \"X\"\nsegments = [\"A\"]\ntiers = [\"high\", \"mid\", \"low\"]\n\
         [[rules]]\nfused = \"Y\"\nsegments = [\"A\", \"Prospect\"]\ntiers = [\"low\", \"mid\"]",
    );
    assert!(
        error.contains("A-low, A-mid are covered by both X and Y"),
        "{error}"
    );
    assert!(
        error.contains("Prospect-high is covered by none"),
        "{error}"
    );
}

#[test]
fn unknown_segments_tiers_and_bounds_are_refused() {
    let rule = |segment: &str, tier: &str| {
        format!("[[rules]]\nfused = \"X\"\nsegments = [\"{segment}\"]\ntiers = [\"{tier}\"]")
    };
    let error = refusal(&rule("Champion", "high"));
    assert!(
        error.contains("\"Champion\"") && error.contains("A, Prospect"),
        "{error}"
    );
    assert!(refusal(&rule("A", "top")).contains("top"));
    let bounds = format!("[tiers]\nhigh = 0.5\nlow = 1.5\n{}", rule("A", "high"));
    assert!(refusal(&bounds).contains("low is 1.5"));
}

#[test]
fn a_tier_compares_revenue_per_member_with_revenue_per_customer() {
    let bounds = TierBounds::DEFAULT;
    let money = Money::from_unscaled;
    // 100 customers with 1000 in all: 10 each.
    let tier = |revenue, members| bounds.tier(money(revenue), members, money(1000), 100);
    assert_eq!(tier(150, 10), Tier::High);
    assert_eq!(tier(149, 10), Tier::Mid);
    assert_eq!(tier(50, 10), Tier::Mid);
    assert_eq!(tier(49, 10), Tier::Low);
    assert_eq!(tier(-5, 10), Tier::Low);
    assert_eq!(
        bounds.tier(money(5), 1, Money::ZERO, 10),
        Tier::Mid,
        "no revenue to compare"
    );
}

#[test]
fn affinity_is_shares_and_lift_of_the_contingency_table() {
    // Segment 0: 3 in cluster 0, 1 in cluster 1; segment 1: 4 in cluster 1; segment 2: nobody.
    let affinity = Affinity::new(
        (3, &[0, 0, 0, 0, 1, 1, 1, 1]),
        (2, &[0, 0, 0, 1, 1, 1, 1, 1]),
    );
    assert_eq!(affinity.counts, [[3, 1], [0, 4], [0, 0]]);
    assert_eq!(affinity.segment_shares[0], [Some(0.75), Some(0.25)]);
    assert_eq!(affinity.segment_shares[2], [None, None]);
    assert_eq!(affinity.cluster_shares[1], [Some(0.0), Some(0.8)]);
    assert_eq!(affinity.lift[0], [Some(2.0), Some(0.4)]);
    // Chi squared of ((3, 1), (0, 4)) is 4.8, so V is the root of 4.8 / 8.
    assert!((affinity.cramers_v.unwrap() - 0.6_f64.sqrt()).abs() < 1e-12);
    let one = Affinity::new((2, &[0, 0]), (2, &[0, 1]));
    assert_eq!(
        (one.cramers_v, one.normalized_mutual_information),
        (None, None)
    );
}
