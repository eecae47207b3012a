//! What was learned from.

use ::report::numbers::{self, UNDEFINED, count, decimal, part};

use crate::outcome::Outcome;
use crate::settings::FeedbackKind;

pub(in super::super) struct LearnedView {
    pub(in super::super) meaning: String,
    pub(in super::super) rows: Vec<LearnedRow>,
    /// What events count; empty where the scores are those of the log.
    pub(in super::super) weights: Vec<(&'static str, String)>,
    pub(in super::super) weighing: String,
}

pub(in super::super) struct LearnedRow {
    pub(in super::super) what: &'static str,
    pub(in super::super) number: String,
    pub(in super::super) meaning: String,
}

pub(super) fn view(outcome: &Outcome) -> LearnedView {
    let weights = outcome.settings.weights.named();
    let weights = weights.map(|(event, weight)| {
        let name = match event {
            "remove_from_cart" => "remove from cart",
            other => other,
        };
        (name, numbers::plain(weight))
    });
    LearnedView {
        meaning: meaning(outcome).to_owned(),
        rows: rows(outcome),
        weights: if outcome.scores_given {
            Vec::new()
        } else {
            weights.to_vec()
        },
        weighing: weighing(outcome),
    }
}

fn meaning(outcome: &Outcome) -> &'static str {
    match (outcome.feedback, outcome.scores_given) {
        (FeedbackKind::Explicit, true) => {
            "The log has scores, and the model learns to predict them; of several scores of a \
             customer for a product the latest counts."
        }
        (FeedbackKind::Explicit, false) => {
            "The log has no scores. The weights of a customer’s events with a product are added, and \
             the model learns to predict the sum as if it were a rating."
        }
        (FeedbackKind::Implicit, true) => {
            "The scores of the log are added for each customer and product, and taken as evidence \
             that the customer likes the product: the larger, the surer."
        }
        (FeedbackKind::Implicit, false) => {
            "The weights of a customer’s events with a product are added, and the sum is evidence \
             that the customer likes it (above 0: the larger, the surer) or does not."
        }
    }
}

fn rows(outcome: &Outcome) -> Vec<LearnedRow> {
    let (learned, settings) = (&outcome.learned, &outcome.settings);
    let row = |what, number: String, meaning: String| LearnedRow {
        what,
        number,
        meaning,
    };
    let events = |limit: u64| match limit {
        0 | 1 => "all with at least one event".to_owned(),
        limit => format!("with at least {} events", count(limit)),
    };
    let share = |pairs| format!("{} of the pairs", part(pairs, learned.pairs));
    vec![
        row(
            "Customers",
            count(learned.users),
            events(settings.min_user_events),
        ),
        row(
            "Products",
            count(learned.products),
            events(settings.min_product_events),
        ),
        row("Pairs", count(learned.pairs), density(learned.density)),
        row(
            "Liked",
            count(learned.positive_pairs),
            share(learned.positive_pairs),
        ),
        row(
            "Disliked",
            count(learned.negative_pairs),
            share(learned.negative_pairs),
        ),
        row(
            "Events",
            count(learned.events),
            "behind these pairs".to_owned(),
        ),
        row(
            "Products per customer",
            numbers::plain(learned.median_products_per_user),
            "median".to_owned(),
        ),
        row(
            "Score",
            decimal(learned.mean_score, 2),
            format!(
                "mean; from {} to {}",
                decimal(learned.min_score, 2),
                decimal(learned.max_score, 2)
            ),
        ),
        row(
            "Left out",
            count(learned.pairs_left_out),
            format!(
                "pairs, among them all of {} customers and of {} products",
                count(learned.users_left_out),
                count(learned.products_left_out)
            ),
        ),
    ]
}

/// A density as a percentage with digits enough to be seen.
fn density(density: f64) -> String {
    let percent = density * 100.0;
    let shown = match percent {
        percent if !percent.is_finite() => return UNDEFINED.to_owned(),
        percent if percent >= 0.1 => numbers::percent(density),
        percent => format!("{percent:.1e}\u{202F}%"),
    };
    format!("{shown} of all that are possible")
}

fn weighing(outcome: &Outcome) -> String {
    let settings = &outcome.settings;
    if outcome.feedback.takes_latest(outcome.scores_given) {
        return "Of several scores for one product the latest counts, however old.".to_owned();
    }
    let mut text = match settings.half_life_days {
        Some(days) => format!(
            "An event is worth half after {} days and a quarter after twice that.",
            numbers::plain(days)
        ),
        None => "Old events count as much as new ones.".to_owned(),
    };
    if !outcome.scores_given {
        text += &format!(
            " A sum counts for at most {} either way.",
            numbers::plain(settings.max_score)
        );
    }
    text
}
