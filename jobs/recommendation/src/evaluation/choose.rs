//! The choice between the settings of the grid.

use super::EvaluationError;
use super::fits::{Common, fit_all};
use super::folds::Folds;
use super::lists::mean;
use super::params::grid;
use crate::interactions::PairTable;
use crate::outcome::{Candidate, Choice, FoldMeans, FoldResult, FoldValues, ListValues, Setting};
use crate::settings::{Evaluation, FeedbackKind, RecommendationSettings, SelectBy};

const RMSE: &str = "rmse";
const NDCG: &str = "ndcg_at_10";

/// Fits every setting of the grid on all folds but one, tests it on that one, and chooses.
///
/// As many folds are made and as many fits run at once as fit into `memory_bytes`, at least one; the
/// result does not depend on how many. Without folds a grid of one setting is taken as it is.
///
/// # Errors
///
/// [`EvaluationError`]. Cost: settings times folds fits.
pub fn choose(
    pairs: &PairTable,
    feedback: FeedbackKind,
    settings: &RecommendationSettings,
    seed: u64,
    memory_bytes: usize,
) -> Result<Choice, EvaluationError> {
    let grid = grid(feedback, settings);
    let select_by = match (settings.select_by, feedback, settings.evaluation) {
        (SelectBy::Ndcg, _, _) => NDCG,
        (SelectBy::Auto, FeedbackKind::Implicit, Evaluation::Lists) => NDCG,
        (SelectBy::Rmse | SelectBy::Auto, _, _) => RMSE,
    };
    let Some(folds) = Folds::make(pairs, settings, seed)? else {
        return untested(grid, select_by);
    };
    let common = Common {
        pairs,
        feedback,
        settings,
        seed,
    };
    let results = fit_all(&grid, &folds, common, memory_bytes)?;
    let candidates: Vec<Candidate> = grid
        .into_iter()
        .zip(results)
        .map(|(setting, folds)| Candidate {
            setting,
            mean: Some(means(&folds)),
            folds,
        })
        .collect();
    let selected = match candidates.len() {
        1 => 0,
        _ => best(&candidates, select_by).ok_or(EvaluationError::NoLists)?,
    };
    let reason = reason(&candidates, selected, select_by, &folds);
    Ok(Choice {
        folds_given: folds.given,
        n_folds: folds.names.len() as u32,
        select_by,
        candidates,
        selected,
        reason,
    })
}

fn untested(grid: Vec<Setting>, select_by: &'static str) -> Result<Choice, EvaluationError> {
    let [setting] = grid[..] else {
        return Err(EvaluationError::NothingToChooseBy {
            settings: grid.len(),
        });
    };
    Ok(Choice {
        folds_given: false,
        n_folds: 0,
        select_by,
        candidates: vec![Candidate {
            setting,
            folds: Vec::new(),
            mean: None,
        }],
        selected: 0,
        reason: format!("{} was given and not tested on folds", named(setting)),
    })
}

fn means(folds: &[FoldResult]) -> FoldMeans {
    let of = |value: &dyn Fn(&FoldValues) -> f64| -> Vec<f64> {
        folds.iter().map(|fold| value(&fold.values)).collect()
    };
    let lists: Vec<ListValues> = folds.iter().filter_map(|fold| fold.values.lists).collect();
    let of_lists = |value: &dyn Fn(&ListValues) -> f64| -> f64 {
        mean(&lists.iter().map(value).collect::<Vec<f64>>())
    };
    let rmse = of(&|values| values.rmse);
    let ndcg: Vec<f64> = lists.iter().map(|lists| lists.ndcg_at_10).collect();
    FoldMeans {
        mean: FoldValues {
            rmse: mean(&rmse),
            mae: mean(&of(&|values| values.mae)),
            lists: (!lists.is_empty()).then(|| ListValues {
                ndcg_at_10: of_lists(&|lists| lists.ndcg_at_10),
                ndcg_at_20: of_lists(&|lists| lists.ndcg_at_20),
                recall_at_10: of_lists(&|lists| lists.recall_at_10),
                recall_at_20: of_lists(&|lists| lists.recall_at_20),
                precision_at_10: of_lists(&|lists| lists.precision_at_10),
                map_at_10: of_lists(&|lists| lists.map_at_10),
                mrr: of_lists(&|lists| lists.mrr),
                coverage: of_lists(&|lists| lists.coverage),
                novelty: of_lists(&|lists| lists.novelty),
            }),
        },
        rmse_std: deviation(&rmse),
        ndcg_at_10_std: (!ndcg.is_empty()).then(|| deviation(&ndcg)),
    }
}

/// The standard deviation of the population.
fn deviation(values: &[f64]) -> f64 {
    let center = mean(values);
    let squares: Vec<f64> = values
        .iter()
        .map(|value| (value - center).powi(2))
        .collect();
    mean(&squares).sqrt()
}

/// What decides, smaller is better; none when it was not measured.
fn loss(candidate: &Candidate, select_by: &str) -> Option<f64> {
    let mean = candidate.mean?.mean;
    match select_by {
        RMSE => Some(mean.rmse),
        _ => mean.lists.map(|lists| -lists.ndcg_at_10),
    }
}

/// The best candidate; of equal ones that with fewer factors, more regularization, less alpha, and
/// then the first.
fn best(candidates: &[Candidate], select_by: &str) -> Option<usize> {
    let mut measured: Vec<(usize, f64)> = candidates
        .iter()
        .enumerate()
        .filter_map(|(place, candidate)| Some((place, loss(candidate, select_by)?)))
        .collect();
    measured.sort_by(|(a, loss_a), (b, loss_b)| {
        let (x, y) = (candidates[*a].setting, candidates[*b].setting);
        let alpha = |setting: Setting| setting.alpha.unwrap_or_default();
        loss_a
            .total_cmp(loss_b)
            .then(x.factors.cmp(&y.factors))
            .then(y.regularization.total_cmp(&x.regularization))
            .then(alpha(x).total_cmp(&alpha(y)))
    });
    measured.first().map(|(place, _)| *place)
}

pub(super) fn named(setting: Setting) -> String {
    let Setting {
        factors,
        regularization,
        alpha,
    } = setting;
    match alpha {
        Some(alpha) => format!("{factors} factors, regularization {regularization}, alpha {alpha}"),
        None => format!("{factors} factors, regularization {regularization}"),
    }
}

fn reason(candidates: &[Candidate], selected: usize, select_by: &str, folds: &Folds) -> String {
    let chosen = &candidates[selected];
    let name = named(chosen.setting);
    let on = match (folds.names.len(), folds.given) {
        (1, true) => "the fold of the log".to_owned(),
        (n, true) => format!("the {n} folds of the log"),
        (n, false) => format!("{n} random folds"),
    };
    let caveats = caveats(chosen, select_by, folds);
    let measured = chosen.mean.and_then(|means| match select_by {
        RMSE => Some((means.mean.rmse, means.rmse_std)),
        _ => Some((means.mean.lists?.ndcg_at_10, means.ndcg_at_10_std?)),
    });
    let Some((value, spread)) = measured else {
        return format!("{name} was given; no list could be measured on {on}");
    };
    let what = if select_by == RMSE { "RMSE" } else { "NDCG@10" };
    match candidates.len() {
        1 => format!("{name}: {what} {value:.4} ± {spread:.4} on {on}{caveats}"),
        n => {
            let best = if select_by == RMSE {
                "smallest"
            } else {
                "largest"
            };
            format!(
                "{name}: the {best} mean {what} ({value:.4} ± {spread:.4}) of {n} settings on \
                 {on}{caveats}"
            )
        }
    }
}

/// What a reader should know of the folds before trusting the choice; mostly nothing.
fn caveats(chosen: &Candidate, select_by: &str, folds: &Folds) -> String {
    let mut text = String::new();
    let silent = chosen.folds.iter().filter(|fold| fold.n_users == 0).count();
    if silent > 0 && select_by != RMSE {
        let n = chosen.folds.len();
        text.push_str(&format!(
            "; in {silent} of {n} folds no list could be measured"
        ));
    }
    let untested = folds.untested();
    if untested > 0 {
        let n = folds.len();
        text.push_str(&format!(
            "; {untested} of {n} pairs have no fold and were never tested"
        ));
    }
    text
}
