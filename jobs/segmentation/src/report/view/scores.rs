//! The cut points of the scores in words.

use super::super::numbers::{count, counted, exact_amount};
use crate::money::Money;
use crate::outcome::Outcome;
use crate::rfm::{STEPS, Scores};

/// One score, from 5 down to 1.
pub(in super::super) struct ScoreRow {
    pub(in super::super) score: usize,
    /// Recency, frequency, monetary value.
    pub(in super::super) cells: [ScoreCell; 3],
}

pub(in super::super) struct ScoreCell {
    pub(in super::super) words: String,
    pub(in super::super) buyers: String,
}

/// One of the three scores of a buyer.
pub(super) type Score = fn(&Scores) -> u8;

/// The buyers with each score, `[score - 1]`.
pub(super) fn buyers_by_score(outcome: &Outcome, of: Score) -> [u64; STEPS] {
    let mut buyers = [0; STEPS];
    for scores in outcome.rfm.scores.iter().flatten() {
        buyers[usize::from(of(scores)).clamp(1, STEPS) - 1] += 1;
    }
    buyers
}

pub(super) fn view(outcome: &Outcome) -> Vec<ScoreRow> {
    let model = &outcome.rfm.model;
    let (r, f, m) = (
        buyers_by_score(outcome, |scores| scores.r),
        buyers_by_score(outcome, |scores| scores.f),
        buyers_by_score(outcome, |scores| scores.m),
    );
    let cell = |words, n| ScoreCell {
        words,
        buyers: counted(n, "buyer", "buyers"),
    };
    let row = |score: usize| ScoreRow {
        score,
        cells: [
            cell(recency(&model.recency_days, score), r[score - 1]),
            cell(frequency(&model.frequency, score), f[score - 1]),
            cell(monetary(&model.monetary, score), m[score - 1]),
        ],
    };
    (1..=STEPS).rev().map(row).collect()
}

/// The values with a score: from its own cut point to below the next. The lowest score has no lower
/// end, the highest no upper end, and a cut point nobody can reach leaves the score out of reach.
struct Reach<T> {
    from: Option<T>,
    below: Option<T>,
}

fn reach<T: Copy + PartialEq>(cuts: &[Option<T>], score: usize) -> Option<Reach<T>> {
    let cut = |index: usize| cuts.get(index).copied().flatten();
    let from = if score == 1 {
        None
    } else {
        Some(cut(score - 2)?)
    };
    let below = cut(score - 1);
    // Two equal cut points: whoever reaches the one reaches the other.
    (from.is_none() || from != below).then_some(Reach { from, below })
}

const NOBODY: &str = "nobody: too many buyers are alike";

/// Days since the last purchase: fewer are better, so the ends change sides.
fn recency(cuts: &[Option<i64>], score: usize) -> String {
    let days = |n: i64| {
        if n == 1 {
            "1 day".to_owned()
        } else {
            format!("{} days", whole(n))
        }
    };
    match reach(cuts, score) {
        None => NOBODY.to_owned(),
        Some(Reach {
            from: None,
            below: None,
        }) => "any time".to_owned(),
        Some(Reach {
            from: None,
            below: Some(limit),
        }) => format!("more than {} ago", days(limit)),
        Some(Reach {
            from: Some(0),
            below: None,
        }) => "less than a day ago".to_owned(),
        Some(Reach {
            from: Some(most),
            below: None,
        }) => format!("up to {} ago", days(most)),
        Some(Reach {
            from: Some(most),
            below: Some(limit),
        }) if limit + 1 == most => {
            format!("{} ago", days(most))
        }
        Some(Reach {
            from: Some(most),
            below: Some(limit),
        }) => {
            format!("{} to {} ago", whole(limit + 1), days(most))
        }
    }
}

fn frequency(cuts: &[Option<i64>], score: usize) -> String {
    let orders = |n: i64| {
        if n == 1 {
            "1 order".to_owned()
        } else {
            format!("{} orders", whole(n))
        }
    };
    match reach(cuts, score) {
        None => NOBODY.to_owned(),
        Some(Reach {
            from: None,
            below: None,
        }) => "any number of orders".to_owned(),
        Some(Reach {
            from: None,
            below: Some(2),
        }) => "1 order".to_owned(),
        // Nobody orders less than once, so a cut point of 1 leaves no room below it.
        Some(Reach {
            from: None,
            below: Some(limit),
        }) if limit <= 1 => NOBODY.to_owned(),
        Some(Reach {
            from: None,
            below: Some(limit),
        }) => format!("up to {}", orders(limit - 1)),
        Some(Reach {
            from: Some(least),
            below: None,
        }) => format!("{} or more", orders(least)),
        Some(Reach {
            from: Some(least),
            below: Some(limit),
        }) if least + 1 == limit => orders(least),
        Some(Reach {
            from: Some(least),
            below: Some(limit),
        }) => {
            format!("{} to {}", whole(least), orders(limit - 1))
        }
    }
}

fn monetary(cuts: &[Option<Money>], score: usize) -> String {
    match reach(cuts, score) {
        None => NOBODY.to_owned(),
        Some(Reach {
            from: None,
            below: None,
        }) => "any amount".to_owned(),
        Some(Reach {
            from: None,
            below: Some(limit),
        }) => format!("below {}", exact_amount(limit)),
        Some(Reach {
            from: Some(least),
            below: None,
        }) => format!("{} or more", exact_amount(least)),
        Some(Reach {
            from: Some(least),
            below: Some(limit),
        }) => {
            format!("{} to below {}", exact_amount(least), exact_amount(limit))
        }
    }
}

fn whole(n: i64) -> String {
    if n < 0 {
        format!("\u{2212}{}", count(n.unsigned_abs()))
    } else {
        count(n.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all<T: Copy>(cuts: &[Option<T>], words: fn(&[Option<T>], usize) -> String) -> Vec<String> {
        (1..=STEPS).map(|score| words(cuts, score)).collect()
    }

    #[test]
    fn recency_counts_backwards() {
        let cuts = [Some(180), Some(71), Some(33), Some(12)];
        assert_eq!(
            all(&cuts, recency),
            [
                "more than 180 days ago",
                "72 to 180 days ago",
                "34 to 71 days ago",
                "13 to 33 days ago",
                "up to 12 days ago"
            ]
        );
        let cuts = [Some(2), Some(1), Some(0), None];
        assert_eq!(
            all(&cuts, recency),
            [
                "more than 2 days ago",
                "2 days ago",
                "1 day ago",
                "less than a day ago",
                NOBODY
            ]
        );
    }

    #[test]
    fn ties_and_unreachable_scores_have_nobody() {
        let cuts = [Some(2), Some(2), Some(5), None];
        let words = all(&cuts, frequency);
        assert_eq!(
            words,
            [
                "1 order",
                NOBODY,
                "2 to 4 orders",
                "5 orders or more",
                NOBODY
            ]
        );
        assert_eq!(all(&[None; 4], frequency)[0], "any number of orders");
        assert_eq!(
            all(&[Some(1), Some(2), Some(3), None], frequency)[..2],
            [NOBODY, "1 order"]
        );
    }

    #[test]
    fn amounts_are_exact_limits() {
        let cuts = ["-5", "10.5", "1000", "1000"].map(|text| text.parse().ok());
        assert_eq!(
            all(&cuts, monetary),
            [
                "below \u{2212}5.00",
                "\u{2212}5.00 to below 10.50",
                "10.50 to below 1,000.00",
                NOBODY,
                "1,000.00 or more"
            ]
        );
    }
}
