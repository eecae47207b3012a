//! The fits of a grid on folds, as many at once as fit into memory.

use algorithms::als::{AlsError, AlsFit, Interactions};
use algorithms::ranking::{mae, rmse};
use rayon::prelude::*;

use super::EvaluationError;
use super::choose::named;
use super::folds::Folds;
use super::lists::{PLACES, TestSet};
use super::params::als_params;
use super::relevance::{Relevance, learnable};
use crate::interactions::{Pair, PairTable};
use crate::outcome::{FoldResult, FoldValues, Setting};
use crate::settings::{Evaluation, FeedbackKind, RecommendationSettings};

/// What all fits have in common.
#[derive(Clone, Copy)]
pub(super) struct Common<'a> {
    pub(super) pairs: &'a PairTable,
    pub(super) feedback: FeedbackKind,
    pub(super) settings: &'a RecommendationSettings,
    pub(super) seed: u64,
}

/// A fold, made once for all settings.
struct Fold {
    name: String,
    train: Interactions,
    test: Vec<Pair>,
    relevance: Relevance,
    /// None if no lists are evaluated.
    lists: Option<TestSet>,
}

/// How much is held in memory at once. The results do not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AtOnce {
    pub(super) folds: usize,
    pub(super) fits: usize,
}

impl AtOnce {
    /// As many folds as fit into `memory_bytes` beside one fit, then as many fits as fit beside
    /// these folds, but no more than threads; at least one of each.
    pub(super) fn within(
        memory_bytes: usize,
        common: Common<'_>,
        grid: &[Setting],
        n_folds: usize,
    ) -> Self {
        let PairTable {
            users,
            items,
            pairs,
        } = common.pairs;
        let rows = users.len() + items.len();
        let listed = match (common.settings.evaluation, common.settings.evaluation_users) {
            (Evaluation::Errors, _) => 0,
            (Evaluation::Lists, 0) => users.len(),
            (Evaluation::Lists, most) => most.min(users.len()),
        };
        let factors = grid.iter().map(|setting| setting.factors).max();
        let factors = factors.unwrap_or(1);
        // A fold: 16 bytes per pair and 8 per row of the interactions; 24 per row of its test set.
        let fold = 16 * pairs.len() + 32 * rows;
        // Each pair is tested in one fold at most, and perhaps relevant there.
        let tested = pairs.len() * (size_of::<Pair>() + size_of::<u32>());
        // A fit: the factors of both sides, a padded copy of each, and what is packed or gathered of
        // them for the lists; what each score weighs, on both sides; the lists themselves, with and
        // without scores.
        let fit = 4 * rows * (factors + 8) * 3 + 24 * pairs.len() + listed * PLACES * 12;
        let free = memory_bytes.saturating_sub(tested);
        let folds = (free.saturating_sub(fit) / fold.max(1)).clamp(1, n_folds.max(1));
        let fits = free.saturating_sub(folds * fold) / fit.max(1);
        Self {
            folds,
            fits: fits.clamp(1, rayon::current_num_threads()),
        }
    }
}

/// Every setting on every fold: per setting, in the order of the grid, its results in the order of
/// the folds.
pub(super) fn fit_all(
    grid: &[Setting],
    folds: &Folds,
    common: Common<'_>,
    memory_bytes: usize,
) -> Result<Vec<Vec<FoldResult>>, EvaluationError> {
    let n_folds = folds.names.len();
    let at_once = AtOnce::within(memory_bytes, common, grid, n_folds);
    let mut results: Vec<Vec<FoldResult>> = vec![Vec::with_capacity(n_folds); grid.len()];
    for first in (0..n_folds).step_by(at_once.folds) {
        let last = n_folds.min(first + at_once.folds);
        let made = (first..last).into_par_iter();
        let made = made.map(|fold| Fold::make(fold, folds, common));
        let made = made.collect::<Result<Vec<Fold>, EvaluationError>>()?;
        // The folds of a setting side by side: they take about as long as each other.
        let fits: Vec<(usize, &Fold)> = (0..grid.len())
            .flat_map(|place| made.iter().map(move |fold| (place, fold)))
            .collect();
        for wave in fits.chunks(at_once.fits) {
            let fit = |&(place, fold): &(usize, &Fold)| (place, fold.fit(grid[place], common));
            let done: Vec<(usize, Result<FoldResult, EvaluationError>)> =
                wave.par_iter().map(fit).collect();
            for (place, result) in done {
                results[place].push(result?);
            }
        }
    }
    Ok(results)
}

impl Fold {
    fn make(fold: usize, folds: &Folds, common: Common<'_>) -> Result<Self, EvaluationError> {
        let Common {
            pairs,
            feedback,
            settings,
            seed,
        } = common;
        let name = folds.names[fold].clone();
        let (train, test) = folds.split(fold, pairs)?;
        if !learnable(feedback, &train) {
            return Err(EvaluationError::Fold {
                fold: name,
                reason: "no pair outside it has a score above 0, so there is no liking to learn \
                         from; use random folds (fold_source = \"random\") or fewer of them, or \
                         check the weights of events in the settings"
                    .to_owned(),
            });
        }
        let relevance = Relevance::new(feedback, settings, train.iter().map(|pair| pair.score));
        let train = interactions(pairs.users.len(), pairs.items.len(), &train)?;
        let lists = (settings.evaluation == Evaluation::Lists)
            .then(|| TestSet::new(&train, &test, relevance, settings.evaluation_users, seed));
        Ok(Self {
            name,
            train,
            test,
            relevance,
            lists,
        })
    }

    fn fit(&self, setting: Setting, common: Common<'_>) -> Result<FoldResult, EvaluationError> {
        let params = als_params(setting, common.feedback, common.settings, common.seed)?;
        let fit = params.untraced().fit(&self.train);
        let fit = fit.map_err(|reason| EvaluationError::Fit {
            setting: named(setting),
            reason,
        })?;
        let result = self.measure(&fit)?;
        tracing::info!(
            fold = self.name,
            factors = setting.factors,
            regularization = setting.regularization,
            alpha = setting.alpha,
            rmse = result.values.rmse,
            ndcg_at_10 = result.values.lists.map(|lists| lists.ndcg_at_10),
            "setting tested on a fold"
        );
        Ok(result)
    }

    fn measure(&self, fit: &AlsFit) -> Result<FoldResult, EvaluationError> {
        let model = &fit.model;
        let predict = |pair: &Pair| model.score(pair.user as usize, pair.item as usize);
        let predicted: Vec<f32> = self.test.par_iter().map(predict).collect();
        let targets = self.test.iter().map(|pair| self.relevance.target(pair));
        let targets: Vec<f32> = targets.collect();
        let tested = (self.lists.as_ref()).filter(|set| !set.users.is_empty());
        let lists = match tested {
            None => None,
            Some(set) => {
                let lists = set.model_lists(&self.train, model)?;
                Some(set.measure(&lists)?.means())
            }
        };
        Ok(FoldResult {
            fold: self.name.clone(),
            values: FoldValues {
                rmse: rmse(&predicted, &targets)?,
                mae: mae(&predicted, &targets)?,
                lists,
            },
            n_pairs: self.test.len() as u64,
            n_users: tested.map_or(0, |set| set.users.len()) as u64,
            iterations: fit.iterations,
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
