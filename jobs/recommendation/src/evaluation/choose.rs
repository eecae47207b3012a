//! The choice between the settings of the grid.

use std::cmp::Ordering;

use algorithms::als::{AlsError, AlsFit, Interactions};
use algorithms::ranking::{mae, rmse};
use rayon::prelude::*;

use super::EvaluationError;
use super::folds::Folds;
use super::lists::{TestSet, mean};
use super::params::{als_params, grid};
use super::relevance::Relevance;
use crate::interactions::{Pair, PairTable};
use crate::outcome::{Candidate, Choice, FoldMeans, FoldResult, FoldValues, ListValues, Setting};
use crate::settings::{FeedbackKind, RecommendationSettings, SelectBy};

const RMSE: &str = "rmse";
const NDCG: &str = "ndcg_at_10";

/// A fold, made once for all settings.
struct Fold {
    name: String,
    train: Interactions,
    test: Vec<Pair>,
    relevance: Relevance,
    lists: TestSet,
}

/// Fits every setting of the grid on all folds but one, tests it on that one, and chooses.
///
/// As many fits run at once as fit into `memory_bytes`, at least one; the result does not depend on
/// how many. Without folds a grid of one setting is taken as it is.
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
    let select_by = match (settings.select_by, feedback) {
        (SelectBy::Rmse, _) | (SelectBy::Auto, FeedbackKind::Explicit) => RMSE,
        (SelectBy::Ndcg, _) | (SelectBy::Auto, FeedbackKind::Implicit) => NDCG,
    };
    let Some(folds) = Folds::make(pairs, settings, seed)? else {
        return untested(grid, select_by);
    };
    let made = (0..folds.names.len()).map(|fold| {
        let (train, test) = folds.split(fold, pairs)?;
        Fold::make(
            folds.names[fold].clone(),
            train,
            test,
            pairs,
            feedback,
            settings,
            seed,
        )
    });
    let made = made.collect::<Result<Vec<Fold>, EvaluationError>>()?;
    let results = fit_all(&grid, &made, feedback, settings, seed, memory_bytes)?;
    let candidates: Vec<Candidate> = grid
        .into_iter()
        .zip(results.chunks(made.len()))
        .map(|(setting, folds)| Candidate {
            setting,
            folds: folds.to_vec(),
            mean: Some(means(folds)),
        })
        .collect();
    let selected = best(&candidates, select_by).ok_or(EvaluationError::NoLists)?;
    let reason = reason(&candidates, selected, select_by, made.len(), folds.given);
    Ok(Choice {
        folds_given: folds.given,
        n_folds: made.len() as u32,
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

impl Fold {
    fn make(
        name: String,
        train: Vec<Pair>,
        test: Vec<Pair>,
        pairs: &PairTable,
        feedback: FeedbackKind,
        settings: &RecommendationSettings,
        seed: u64,
    ) -> Result<Self, EvaluationError> {
        let relevance = Relevance::new(feedback, settings, train.iter().map(|pair| pair.score));
        let train = interactions(pairs.users.len(), pairs.items.len(), &train)?;
        let lists = TestSet::new(&train, &test, relevance, settings.evaluation_users, seed);
        Ok(Self {
            name,
            train,
            test,
            relevance,
            lists,
        })
    }

    fn measure(&self, fit: &AlsFit) -> Result<FoldResult, EvaluationError> {
        let model = &fit.model;
        let predict = |pair: &Pair| model.score(pair.user as usize, pair.item as usize);
        let predicted: Vec<f32> = self.test.iter().map(predict).collect();
        let targets = self.test.iter().map(|pair| self.relevance.target(pair));
        let targets: Vec<f32> = targets.collect();
        let lists = self.lists.model_lists(&self.train, model)?;
        Ok(FoldResult {
            fold: self.name.clone(),
            values: FoldValues {
                rmse: rmse(&predicted, &targets)?,
                mae: mae(&predicted, &targets)?,
                lists: self.lists.means(&lists)?,
            },
            n_pairs: self.test.len() as u64,
            n_users: self.lists.users.len() as u64,
            iterations: fit.losses.len(),
        })
    }
}

pub(super) fn interactions(
    n_users: usize,
    n_items: usize,
    pairs: &[Pair],
) -> Result<Interactions, AlsError> {
    let triple = |pair: &Pair| (pair.user, pair.item, pair.score);
    let triples: Vec<_> = pairs.iter().map(triple).collect();
    Interactions::from_triples(n_users, n_items, &triples)
}

/// All fits, the folds of a setting side by side.
fn fit_all(
    grid: &[Setting],
    folds: &[Fold],
    feedback: FeedbackKind,
    settings: &RecommendationSettings,
    seed: u64,
    memory_bytes: usize,
) -> Result<Vec<FoldResult>, EvaluationError> {
    let fits: Vec<(Setting, &Fold)> = grid
        .iter()
        .flat_map(|setting| folds.iter().map(|fold| (*setting, fold)))
        .collect();
    let largest = grid.iter().map(|setting| setting.factors).max();
    let at_once = folds.first().map_or(1, |fold| {
        let bytes = fit_bytes(&fold.train, largest.unwrap_or(1));
        (memory_bytes / bytes.max(1)).clamp(1, rayon::current_num_threads())
    });
    let fit_one = |&(setting, fold): &(Setting, &Fold)| {
        let params = als_params(setting, feedback, settings, seed)?;
        let fit = params.fit(&fold.train);
        let fit = fit.map_err(|reason| EvaluationError::Fit {
            setting: named(setting),
            reason,
        })?;
        let result = fold.measure(&fit)?;
        tracing::info!(
            fold = fold.name,
            factors = setting.factors,
            regularization = setting.regularization,
            alpha = setting.alpha,
            rmse = result.values.rmse,
            ndcg_at_10 = result.values.lists.map(|lists| lists.ndcg_at_10),
            "setting tested on a fold"
        );
        Ok(result)
    };
    let mut results = Vec::with_capacity(fits.len());
    for wave in fits.chunks(at_once) {
        let done: Vec<Result<FoldResult, EvaluationError>> = wave.par_iter().map(fit_one).collect();
        for result in done {
            results.push(result?);
        }
    }
    Ok(results)
}

/// What a fit holds at most beside the scores, in bytes: factors of both sides, a padded copy, and
/// the packed products of the lists.
fn fit_bytes(train: &Interactions, factors: usize) -> usize {
    let rows = train.n_users() + train.n_items();
    4 * rows * (factors + 8) * 3
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
            .then(Ordering::Equal)
    });
    measured.first().map(|(place, _)| *place)
}

fn named(setting: Setting) -> String {
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

fn reason(
    candidates: &[Candidate],
    selected: usize,
    select_by: &str,
    n_folds: usize,
    given: bool,
) -> String {
    let chosen = &candidates[selected];
    let name = named(chosen.setting);
    let folds = match (n_folds, given) {
        (1, true) => "the fold of the log".to_owned(),
        (n, true) => format!("the {n} folds of the log"),
        (n, false) => format!("{n} random folds"),
    };
    let (value, spread, what) = match chosen.mean {
        Some(mean) if select_by == RMSE => (mean.mean.rmse, mean.rmse_std, "smallest mean RMSE"),
        Some(mean) => (
            mean.mean.lists.map_or(0.0, |lists| lists.ndcg_at_10),
            mean.ndcg_at_10_std.unwrap_or_default(),
            "largest mean NDCG@10",
        ),
        None => return name,
    };
    match candidates.len() {
        1 => {
            let what = if select_by == RMSE { "RMSE" } else { "NDCG@10" };
            format!("{name}: {what} {value:.4} ± {spread:.4} on {folds}")
        }
        n => format!("{name}: the {what} ({value:.4} ± {spread:.4}) of {n} settings on {folds}"),
    }
}
