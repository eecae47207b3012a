//! Lists of recommendations for the customers of a test, and how good they are.

use algorithms::als::{Als, Interactions};
use algorithms::draws::sample;
use algorithms::ranking::{Metric, NothingRelevant, coverage, novelty, user_values};
use algorithms::topn::{Recommendation, TopN};

use super::EvaluationError;
use super::relevance::Relevance;
use crate::ids::{ItemIndex, UserIndex};
use crate::interactions::Pair;
use crate::outcome::ListValues;

/// Places of a list that are made.
pub(super) const PLACES: usize = 20;
/// Places that are looked at unless a measure's name says otherwise.
const TOP: usize = 10;

/// Who is tested, and what their lists should hold.
pub(super) struct TestSet {
    /// The customers, rising.
    pub(super) users: Vec<UserIndex>,
    /// Per customer the products that turned out to be worth recommending, rising.
    pub(super) relevant: Vec<Vec<ItemIndex>>,
    /// Whether a product may be recommended: it has a training pair.
    pub(super) known: Vec<bool>,
    /// Customers that like a product, per product, in the training.
    pub(super) fans: Vec<usize>,
    /// Customers that like anything in the training.
    n_fans: usize,
    /// Customers with something relevant, before the sample.
    pub(super) n_eligible: u64,
    /// Customers with something relevant and no training pair.
    pub(super) n_unknown: u64,
    /// Relevant pairs of known customers whose product has no training pair.
    pub(super) n_relevant_unknown: u64,
}

impl TestSet {
    /// Finds who can be tested. `test` is sorted by user and item; at most `most` customers are
    /// taken, all when that is 0.
    pub(super) fn new(
        train: &Interactions,
        test: &[Pair],
        relevance: Relevance,
        most: usize,
        seed: u64,
    ) -> Self {
        let n_items = train.n_items();
        let known: Vec<bool> = (0..n_items)
            .map(|item| !train.item(item).is_empty())
            .collect();
        let fans = |item| train.item(item).scores.iter().filter(|score| **score > 0.0);
        let fans: Vec<usize> = (0..n_items).map(|item| fans(item).count()).collect();
        let is_fan = |user: &usize| train.user(*user).scores.iter().any(|score| *score > 0.0);
        let (mut users, mut relevant) = (Vec::new(), Vec::new());
        let (mut n_unknown, mut n_relevant_unknown) = (0, 0);
        for pairs in test.chunk_by(|a, b| a.user == b.user) {
            let user = pairs[0].user;
            let history = train.user(user as usize);
            let wanted = pairs.iter().filter(|pair| relevance.holds(pair.score));
            if history.is_empty() {
                n_unknown += u64::from(wanted.count() > 0);
                continue;
            }
            let (mut items, mut unknown) = (Vec::new(), 0);
            for pair in wanted {
                match known[pair.item as usize] {
                    false => unknown += 1,
                    true if history.indices.binary_search(&pair.item).is_err() => {
                        items.push(pair.item);
                    }
                    // Had before: a list does not repeat it.
                    true => {}
                }
            }
            n_relevant_unknown += unknown;
            if !items.is_empty() {
                users.push(user);
                relevant.push(items);
            }
        }
        let n_eligible = users.len() as u64;
        if most > 0 && users.len() > most {
            let taken = sample(users.len(), most, seed);
            users = taken.iter().map(|place| users[*place]).collect();
            relevant = taken
                .iter()
                .map(|place| std::mem::take(&mut relevant[*place]))
                .collect();
        }
        Self {
            users,
            relevant,
            known,
            fans,
            n_fans: (0..train.n_users()).filter(is_fan).count(),
            n_eligible,
            n_unknown,
            n_relevant_unknown,
        }
    }

    /// The lists of a model.
    pub(super) fn model_lists(
        &self,
        train: &Interactions,
        model: &Als,
    ) -> Result<Vec<Vec<ItemIndex>>, EvaluationError> {
        let places: Vec<usize> = self.users.iter().map(|user| *user as usize).collect();
        let rows = model.users.select(&places);
        let top = TopN::new(&model.items, model.global_mean, Some(&self.known))?;
        let lists = top.of_users(&rows, PLACES, |row| train.user(places[row]).indices)?;
        Ok(lists.iter().map(|list| items(list)).collect())
    }

    /// Measures every customer's list, once. Lists are one per customer of the test.
    pub(super) fn measure(&self, lists: &[Vec<ItemIndex>]) -> Result<Measured, EvaluationError> {
        let values = |metric| user_values(metric, lists, &self.relevant, NothingRelevant::Zero);
        let tops: Vec<&[ItemIndex]> = lists.iter().map(|list| first(list, TOP)).collect();
        let n_known = self.known.iter().filter(|known| **known).count();
        let novelty = match lists.iter().all(Vec::is_empty) {
            true => 0.0,
            false => novelty(&tops, &self.fans, self.n_fans.max(1))?,
        };
        // Coverage counts the products that could be shown, not those that nobody knew yet.
        let n_shown = coverage(&tops, self.known.len())? * self.known.len() as f64;
        Ok(Measured {
            ndcg_at_10: values(Metric::Ndcg(10))?,
            ndcg_at_20: values(Metric::Ndcg(20))?,
            recall_at_10: values(Metric::Recall(10))?,
            recall_at_20: values(Metric::Recall(20))?,
            precision_at_10: values(Metric::Precision(10))?,
            map_at_10: values(Metric::Map(10))?,
            mrr: values(Metric::Mrr)?,
            coverage: n_shown / n_known.max(1) as f64,
            novelty,
        })
    }
}

/// The measures of the lists of a test: those of a list per customer, those of the catalogue once.
pub(super) struct Measured {
    pub(super) ndcg_at_10: Vec<f64>,
    pub(super) ndcg_at_20: Vec<f64>,
    pub(super) recall_at_10: Vec<f64>,
    pub(super) recall_at_20: Vec<f64>,
    pub(super) precision_at_10: Vec<f64>,
    pub(super) map_at_10: Vec<f64>,
    pub(super) mrr: Vec<f64>,
    coverage: f64,
    novelty: f64,
}

impl Measured {
    /// Means over the customers.
    pub(super) fn means(&self) -> ListValues {
        ListValues {
            ndcg_at_10: mean(&self.ndcg_at_10),
            ndcg_at_20: mean(&self.ndcg_at_20),
            recall_at_10: mean(&self.recall_at_10),
            recall_at_20: mean(&self.recall_at_20),
            precision_at_10: mean(&self.precision_at_10),
            map_at_10: mean(&self.map_at_10),
            mrr: mean(&self.mrr),
            coverage: self.coverage,
            novelty: self.novelty,
        }
    }
}

pub(super) fn items(list: &[Recommendation]) -> Vec<ItemIndex> {
    list.iter().map(|place| place.item).collect()
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn first(list: &[ItemIndex], n: usize) -> &[ItemIndex] {
    &list[..list.len().min(n)]
}
