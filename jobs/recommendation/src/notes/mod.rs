//! What a reader should know before trusting the numbers.

use report::notes::of_input;
use report::numbers::{count, counted, decimal, part, percent};
use report::words;

use crate::outcome::{Choice, Outcome, Protocol, Quality, Recommender, Setting, Verdict};
use crate::settings::{Evaluation, FeedbackKind};

/// With fewer customers than this, intervals are wide.
const FEW_USERS: u64 = 100;

/// The notes, as full sentences, the most important first. The outcome's own notes are not read.
pub(crate) fn notes(outcome: &Outcome) -> Vec<String> {
    let span = &outcome.span;
    let mut notes = Vec::new();
    match &outcome.quality {
        Some(quality) => {
            notes.extend(verdict(quality));
            notes.extend(better_baseline(quality));
        }
        None if outcome.settings.evaluation == Evaluation::Errors => notes.push(
            "How good the lists are was not tested: only errors of predictions were to be measured \
             (evaluation = \"errors\")."
                .to_owned(),
        ),
        None => notes.push(format!(
            "How good the lists are was not tested: {}, and there is no fold to test on either.",
            no_time_split(outcome)
        )),
    }
    notes.extend(of_input(
        outcome.sample,
        span.events_after_as_of,
        span.as_of,
    ));
    notes.extend(feedback(outcome));
    notes.extend(outcome.quality.iter().flat_map(|q| tested(outcome, q)));
    notes.extend(choice(outcome));
    notes.extend(fit(outcome));
    notes.extend(learned(outcome));
    notes
}

/// Nothing when the model clearly beats popularity.
fn verdict(quality: &Quality) -> Option<String> {
    let model = quality.of(Recommender::Als)?.values.ndcg_at_10;
    let popular = quality.of(Recommender::Popularity)?.values.ndcg_at_10;
    let (model, popular) = (decimal(model, 4), decimal(popular, 4));
    match quality.verdict {
        Verdict::Better => None,
        Verdict::NotClearlyBetter => Some(format!(
            "The model is not clearly better than showing everybody the most popular products \
             (NDCG@10 {model} against {popular}): the difference may be chance."
        )),
        Verdict::NotBetter => Some(format!(
            "The model is not better than showing everybody the most popular products (NDCG@10 \
             {model} against {popular}): do not use its lists in place of those before a longer log \
             or other settings do better."
        )),
    }
}

/// The best of the other simple methods, when it does better than the model.
fn better_baseline(quality: &Quality) -> Option<String> {
    let (best, value, model) = quality.better_baseline()?;
    Some(format!(
        "A simpler method had the higher mean in the test: {} (NDCG@10 {} against the model's {}).",
        best.label().to_lowercase(),
        decimal(value, 4),
        decimal(model, 4)
    ))
}

/// Why there is no test on later events.
fn no_time_split(outcome: &Outcome) -> &'static str {
    let (span, settings) = (&outcome.span, &outcome.settings);
    if settings.test_share == 0.0 && settings.test_from.is_none() {
        "no events were kept back for a test (test_share is 0)"
    } else if span.first_event_at == span.last_event_at {
        "all events have the same time, so none is later than the others"
    } else if settings.test_from.is_some() {
        "the log has no events on one side of test_from, or no customer with events on both"
    } else {
        "the log cannot be cut into an earlier and a later part with customers in both"
    }
}

fn feedback(outcome: &Outcome) -> Option<String> {
    let note = match (outcome.feedback, outcome.scores_given) {
        (FeedbackKind::Explicit, false) => {
            "The log has no scores, so the weights of events were predicted as if they were \
             ratings. Implicit feedback (--feedback implicit) is made for such a log."
        }
        (FeedbackKind::Implicit, _) if outcome.choice.n_folds > 0 => {
            "Feedback is implicit, so RMSE and MAE compare predictions with a preference of 0 or \
             1, not with ratings: they serve to compare settings, and say little about lists."
        }
        _ => return None,
    };
    Some(note.to_owned())
}

fn tested(outcome: &Outcome, quality: &Quality) -> Vec<String> {
    let mut notes = Vec::new();
    if let Protocol::Fold { fold } = &quality.protocol {
        notes.push(format!(
            "The lists were tested on fold {}, not on later events: {}. Such a test is kinder than \
             reality where the model may learn from events that came later than those it is tested \
             on, and the same fold took part in the choice of the setting.",
            words::name(fold),
            no_time_split(outcome)
        ));
    }
    if quality.n_users < FEW_USERS {
        notes.push(format!(
            "The lists were tested on {} only: the intervals are wide, and small differences mean \
             nothing.",
            counted(quality.n_users, "customer", "customers")
        ));
    }
    let (unknown, known) = (quality.n_users_unknown, quality.n_users_eligible);
    if unknown > 0 {
        notes.push(format!(
            "Out of reach of the test: {} ({} of those in it) had no history to learn from before \
             it. New customers get popular products, whatever the model is worth.",
            counted(unknown, "customer", "customers"),
            part(unknown, unknown + known)
        ));
    }
    if quality.n_relevant_unknown > 0 {
        notes.push(format!(
            "Out of reach of the test: {} with a product that nobody had events with before it. No \
             method that learns from events can recommend a product before its first event.",
            counted(
                quality.n_relevant_unknown,
                "relevant pair",
                "relevant pairs"
            )
        ));
    }
    notes
}

fn choice(outcome: &Outcome) -> Vec<String> {
    let choice = &outcome.choice;
    let mut notes = Vec::new();
    if choice.n_folds == 0 {
        return notes;
    }
    let edges = edges(choice);
    if !edges.is_empty() {
        notes.push(format!(
            "The best setting lies at an end of what was tried ({}): a wider grid may do better.",
            words::list(&edges)
        ));
    }
    if !choice.folds_given && outcome.span.first_event_at < outcome.span.last_event_at {
        notes.push(
            "Folds are random, so each fit learned from events that came later than some it was \
             tested on: their numbers compare settings with each other, and are kinder than reality."
                .to_owned(),
        );
    }
    notes
}

/// The values of the chosen setting that are the smallest or largest of several.
fn edges(choice: &Choice) -> Vec<String> {
    let Some(chosen) = choice.chosen() else {
        return Vec::new();
    };
    let is_edge = |value: f64, others: &[f64]| {
        let differ = others.iter().any(|other| *other != value);
        let end = others.iter().all(|other| *other <= value)
            || others.iter().all(|other| *other >= value);
        differ && end
    };
    let settings = choice.candidates.iter().map(|candidate| candidate.setting);
    type Axis = (&'static str, fn(Setting) -> Option<f64>);
    let axes: [Axis; 3] = [
        ("factors", |setting| Some(setting.factors as f64)),
        ("regularization", |setting| Some(setting.regularization)),
        ("alpha", |setting| setting.alpha),
    ];
    let edge = |(name, of): Axis| {
        let value = of(chosen.setting)?;
        let tried: Vec<f64> = settings.clone().filter_map(of).collect();
        is_edge(value, &tried).then(|| format!("{name} {value}"))
    };
    axes.into_iter().filter_map(edge).collect()
}

fn fit(outcome: &Outcome) -> Option<String> {
    let fit = &outcome.fit;
    (!fit.converged).then(|| {
        format!(
            "The fit ended after {} before its loss had settled; more iterations may do better.",
            counted(fit.losses.len() as u64, "round", "rounds")
        )
    })
}

fn learned(outcome: &Outcome) -> Vec<String> {
    let learned = &outcome.learned;
    let mut notes = Vec::new();
    if learned.median_products_per_user <= 1.0 {
        notes.push(
            "At least half of the customers have events with one product only, which says little \
             about their taste: their lists lean on what others with that product liked."
                .to_owned(),
        );
    }
    if learned.capped_pairs > 0 {
        notes.push(format!(
            "{} of {} pairs ({}) have more evidence than max_score and count as {}.",
            count(learned.capped_pairs),
            count(learned.pairs),
            percent(learned.capped_pairs as f64 / learned.pairs.max(1) as f64),
            outcome.settings.max_score
        ));
    }
    notes
}

#[cfg(test)]
mod tests;
