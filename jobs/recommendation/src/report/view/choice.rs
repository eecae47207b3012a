//! How the setting was chosen.

use ::report::numbers::{self, counted, decimal};
use ::report::{FigureView, Figures, words};

use crate::outcome::{Candidate, FoldMeans, Outcome};
use crate::settings::FeedbackKind;

pub(in super::super) struct ChoiceView {
    pub(in super::super) reason: String,
    pub(in super::super) how: String,
    pub(in super::super) has_alpha: bool,
    pub(in super::super) candidates: Vec<CandidateRow>,
    pub(in super::super) figures: Vec<FigureView>,
}

pub(in super::super) struct CandidateRow {
    pub(in super::super) factors: usize,
    pub(in super::super) regularization: String,
    pub(in super::super) alpha: String,
    pub(in super::super) rmse: String,
    pub(in super::super) mae: String,
    pub(in super::super) ndcg: String,
    pub(in super::super) recall: String,
    pub(in super::super) coverage: String,
    pub(in super::super) is_chosen: bool,
}

pub(super) fn view(outcome: &Outcome, figures: Figures<'_>) -> ChoiceView {
    let choice = &outcome.choice;
    let candidates = choice.candidates.iter().enumerate();
    ChoiceView {
        reason: words::sentence(&words::shown(&choice.reason, 600)),
        how: how(outcome),
        has_alpha: outcome.feedback == FeedbackKind::Implicit,
        candidates: candidates
            .map(|(index, candidate)| row(candidate, index == choice.selected))
            .collect(),
        figures: figures.named(&["grid_search"]),
    }
}

fn row(candidate: &Candidate, is_chosen: bool) -> CandidateRow {
    let setting = candidate.setting;
    let mean = candidate.mean.as_ref();
    let lists = mean.and_then(|means| means.mean.lists);
    let four = |value| numbers::optional(value, |value| decimal(value, 4));
    let ndcg = lists.map(|lists| lists.ndcg_at_10);
    CandidateRow {
        factors: setting.factors,
        regularization: setting.regularization.to_string(),
        alpha: numbers::optional(setting.alpha, |alpha| alpha.to_string()),
        rmse: with_deviation(
            mean.map(|means| means.mean.rmse),
            mean.map(|means| means.rmse_std),
        ),
        mae: four(mean.map(|means| means.mean.mae)),
        ndcg: with_deviation(ndcg, mean.and_then(|m: &FoldMeans| m.ndcg_at_10_std)),
        recall: four(lists.map(|lists| lists.recall_at_10)),
        coverage: numbers::optional(lists.map(|lists| lists.coverage), numbers::percent),
        is_chosen,
    }
}

/// `0.9012 ± 0.0034`.
fn with_deviation(mean: Option<f64>, deviation: Option<f64>) -> String {
    let mean = numbers::optional(mean, |value| decimal(value, 4));
    match deviation {
        Some(deviation) => format!("{mean}\u{A0}± {}", decimal(deviation, 4)),
        None => mean,
    }
}

fn how(outcome: &Outcome) -> String {
    let choice = &outcome.choice;
    if choice.n_folds == 0 {
        return "Nothing was compared: cross-validation was left out (folds = 0), so the setting \
                is the one that was given."
            .to_owned();
    }
    let folds = counted(choice.n_folds.into(), "fold", "folds");
    let source = if choice.folds_given {
        "as the log gives them"
    } else {
        "drawn by chance"
    };
    let by = match choice.select_by {
        "rmse" if outcome.feedback == FeedbackKind::Explicit => {
            "the smallest mean RMSE, because scores are to be predicted as they are"
        }
        "rmse" => "the smallest mean RMSE",
        _ => "the largest mean NDCG@10, because the order of the list is what counts",
    };
    format!(
        "The pairs were cut into {folds}, {source}. Each setting was fitted on all folds but one \
         and tested on that one, once for each fold. The choice is the setting with {by}; equal \
         ones go to the simpler. Behind ± stands the standard deviation over the folds. A setting \
         with more factors can tell tastes apart more finely; more regularization keeps it from \
         learning accidents{}.",
        match outcome.feedback {
            FeedbackKind::Implicit =>
                "; a larger alpha trusts what was seen more against what was not",
            FeedbackKind::Explicit => "",
        }
    )
}
