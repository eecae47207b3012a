//! How good lists of recommendations are, and how good predicted scores are.
//!
//! **Lists.** A list is good when it holds, near its top, items the user turned out to want: the
//! *relevant* ones. Definitions differ between libraries under the same names; here they are those
//! of Spark's `RankingMetrics`, and [`Metric`] says for each who else agrees.
//!
//! **Means.** [`user_values`] gives a value per user, and [`bootstrap_mean`] their mean with a
//! confidence interval. Users with nothing relevant are left out or count as 0
//! ([`NothingRelevant`]); Spark counts them.
//!
//! **Catalogue.** [`coverage`] and [`novelty`] look at what is recommended at all.
//!
//! **Predicted scores.** [`rmse`] and [`mae`]. They say nothing about lists: invented scores of
//! implicit feedback can be predicted well by a model whose lists are useless.

mod bootstrap;
mod catalogue;
mod error;
mod list;
mod scores;
#[cfg(test)]
mod tests;

pub use bootstrap::{BootstrapParams, MeanInterval, bootstrap_mean};
pub use catalogue::{coverage, novelty};
pub use error::RankingError;
pub use list::{
    Metric, NothingRelevant, hit_rate_at_k, map_at_k, micro_precision_at_k, mrr, ndcg_at_k,
    precision_at_k, recall_at_k, user_values,
};
pub use scores::{mae, rmse};
