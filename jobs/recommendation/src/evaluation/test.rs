//! The test of a model with the chosen setting on what it has not seen.

use algorithms::als::Interactions;
use algorithms::ranking::{BootstrapParams, MeanInterval, bootstrap_mean};

use super::fits::interactions;
use super::lists::{Measured, TestSet};
use super::params::als_params;
use super::relevance::{Relevance, learnable};
use super::{EvaluationError, baselines};
use crate::ids::ItemIndex;
use crate::interactions::Pair;
use crate::outcome::{Protocol, Quality, Recommender, RecommenderQuality, Setting, Verdict};
use crate::settings::{FeedbackKind, RecommendationSettings};

/// With fewer customers the samples of an interval hardly differ from each other, so it is too narrow
/// to be believed.
const LEAST_CUSTOMERS: usize = 30;

/// Pairs to learn from, and later ones to test on.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// How it was made.
    pub protocol: Protocol,
    /// The pairs to learn from, sorted by user and item.
    pub train: Vec<Pair>,
    /// The pairs to test on, sorted by user and item.
    pub test: Vec<Pair>,
    /// The end of the training, in microseconds since 1970: what is recent is counted from it.
    pub trained_until: i64,
    /// Customers that have an index.
    pub n_users: usize,
    /// Products that have an index.
    pub n_items: usize,
    /// The best score in the test of each customer without an index.
    pub best_scores_of_unknown_users: Vec<f32>,
    /// Scores in the test of customers with an index for products without one.
    pub scores_of_unknown_products: Vec<f32>,
}

/// Fits the setting on the training and compares its lists for the customers of the test with those
/// of the baselines; none when nobody can be tested.
///
/// # Errors
///
/// [`EvaluationError`]. Cost: a fit, and the neighbours of all products.
pub fn test(
    split: &Split,
    feedback: FeedbackKind,
    setting: Setting,
    settings: &RecommendationSettings,
    seed: u64,
) -> Result<Option<Quality>, EvaluationError> {
    let scores = split.train.iter().map(|pair| pair.score);
    let relevance = Relevance::new(feedback, settings, scores);
    let train = interactions(split.n_users, split.n_items, &split.train)?;
    let most = settings.evaluation_users;
    let set = TestSet::new(&train, &split.test, relevance, most, seed);
    if set.users.is_empty() || !learnable(feedback, &split.train) {
        return Ok(None);
    }
    let params = als_params(setting, feedback, settings, seed)?;
    let fit = params.untraced().fit(&train)?;
    let bootstrap = BootstrapParams {
        n_samples: settings.bootstrap_samples,
        seed,
        ..BootstrapParams::default()
    };
    let (mut recommenders, mut model, mut popular) = (Vec::new(), Vec::new(), Vec::new());
    for recommender in Recommender::ALL {
        let lists = match recommender {
            Recommender::Als => set.model_lists(&train, &fit.model)?,
            other => baseline(other, split, &set, &train, settings, seed),
        };
        let measured = set.measure(&lists)?;
        recommenders.push(quality(recommender, &measured, &bootstrap)?);
        match recommender {
            Recommender::Als => model = measured.ndcg_at_10,
            Recommender::Popularity => popular = measured.ndcg_at_10,
            _ => {}
        }
    }
    let customers = model.iter().zip(&popular);
    let differences: Vec<f64> = customers.map(|(model, popular)| model - popular).collect();
    let over_popularity = bootstrap_mean(&differences, &bootstrap)?;
    let relevant = |scores: &[f32]| {
        let held = scores.iter().filter(|score| relevance.holds(**score));
        held.count() as u64
    };
    Ok(Some(Quality {
        protocol: split.protocol.clone(),
        n_users: set.users.len() as u64,
        n_users_eligible: set.n_eligible,
        n_users_unknown: set.n_unknown + relevant(&split.best_scores_of_unknown_users),
        n_relevant: set.relevant.iter().map(|items| items.len() as u64).sum(),
        n_relevant_unknown: set.n_relevant_unknown + relevant(&split.scores_of_unknown_products),
        recommenders,
        verdict: verdict(&over_popularity),
        over_popularity,
    }))
}

fn baseline(
    recommender: Recommender,
    split: &Split,
    set: &TestSet,
    train: &Interactions,
    settings: &RecommendationSettings,
    seed: u64,
) -> Vec<Vec<ItemIndex>> {
    match recommender {
        Recommender::RecentPopularity => {
            let days = settings.recent_days;
            let (n_items, until) = (split.n_items, split.trained_until);
            let counts = baselines::recent_fans(n_items, &split.train, until, days);
            baselines::popular(set, train, &counts)
        }
        Recommender::ItemKnn => baselines::nearest(set, train, settings.neighbours),
        Recommender::Random => baselines::random(set, train, seed),
        Recommender::Als | Recommender::Popularity => baselines::popular(set, train, &set.fans),
    }
}

fn quality(
    recommender: Recommender,
    measured: &Measured,
    bootstrap: &BootstrapParams,
) -> Result<RecommenderQuality, EvaluationError> {
    let interval = |values: &[f64]| bootstrap_mean(values, bootstrap);
    Ok(RecommenderQuality {
        recommender,
        values: measured.means(),
        ndcg_at_10: interval(&measured.ndcg_at_10)?,
        ndcg_at_20: interval(&measured.ndcg_at_20)?,
        recall_at_10: interval(&measured.recall_at_10)?,
        recall_at_20: interval(&measured.recall_at_20)?,
        precision_at_10: interval(&measured.precision_at_10)?,
        map_at_10: interval(&measured.map_at_10)?,
        mrr: interval(&measured.mrr)?,
    })
}

pub(super) fn verdict(difference: &MeanInterval) -> Verdict {
    if difference.mean <= 0.0 {
        Verdict::NotBetter
    } else if difference.low <= 0.0 || difference.n_users < LEAST_CUSTOMERS {
        Verdict::NotClearlyBetter
    } else {
        Verdict::Better
    }
}
