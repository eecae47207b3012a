//! The model that was fitted on everything.

use ::report::numbers::{counted, mean, percent};
use ::report::words::name;
use ::report::{FigureView, Figures};
use algorithms::als::Feedback;

use super::setting_in_words;
use crate::outcome::{Outcome, Setting};

pub(in super::super) struct FitView {
    pub(in super::super) model: String,
    pub(in super::super) course: String,
    pub(in super::super) figures: Vec<FigureView>,
}

pub(super) fn view(outcome: &Outcome, figures: Figures<'_>) -> FitView {
    FitView {
        model: model(outcome),
        course: course(outcome),
        figures: figures.named(&["loss_curve"]),
    }
}

fn model(outcome: &Outcome) -> String {
    let params = &outcome.fit.params;
    let (alpha, kind) = match params.feedback() {
        Feedback::Explicit { biases: true } => (
            None,
            "explicit scores, with a global mean and a bias for each customer and product",
        ),
        Feedback::Explicit { biases: false } => (None, "explicit scores, without biases"),
        Feedback::Implicit { alpha, .. } => (Some(alpha), "implicit feedback"),
    };
    let setting = Setting {
        factors: params.factors(),
        regularization: params.regularization(),
        alpha,
    };
    let start = match &outcome.fit.warm_start {
        Some(run) => format!(" It started from the factors of the run {}.", name(run)),
        None => String::new(),
    };
    format!(
        "With the chosen setting ({}) a model was fitted on all pairs: alternating least squares \
         for {kind}. Each customer and each product becomes a short row of numbers; the product of \
         two rows says how well they go together.{start}",
        setting_in_words(setting)
    )
}

fn course(outcome: &Outcome) -> String {
    let fit = &outcome.fit;
    let rounds = counted(fit.losses.len() as u64, "round", "rounds");
    let (first, last) = match fit.losses[..] {
        [] => return "No loss was recorded.".to_owned(),
        [only] => {
            return format!(
                "After the only round the loss, which is what the fit makes small, was {}.",
                mean(only)
            );
        }
        [first, .., last] => (first, last),
    };
    let end = if fit.converged {
        "then it had settled"
    } else {
        "then the limit of rounds was reached before it had settled"
    };
    let fall = (first - last) / first.abs();
    format!(
        "In {rounds} the loss, which is what the fit makes small, went from {} to {} ({} less); \
         {end}.",
        mean(first),
        mean(last),
        percent(fall)
    )
}
