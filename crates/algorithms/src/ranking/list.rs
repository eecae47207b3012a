use serde::{Deserialize, Serialize};

use super::error::RankingError;

/// The first `k` places of a list, each with whether its item is relevant.
///
/// `relevant` is sorted and without repetition.
fn hits<'a>(
    recommended: &'a [u32],
    relevant: &'a [u32],
    k: usize,
) -> impl Iterator<Item = usize> + 'a {
    let first = recommended.iter().take(k).enumerate();
    first
        .filter(|(_, item)| relevant.binary_search(item).is_ok())
        .map(|(place, _)| place)
}

fn ratio(part: f64, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part / whole as f64 }
}

/// Relevant items among the first `k`, divided by `k`, even if the list is shorter.
///
/// As Spark `precisionAt`, RecTools `Precision`. In this and the functions below `recommended` is
/// a list without repetition, best first, and `relevant` is sorted, without repetition; without
/// anything relevant, or for `k = 0`, the result is 0.
#[must_use]
pub fn precision_at_k(recommended: &[u32], relevant: &[u32], k: usize) -> f64 {
    ratio(hits(recommended, relevant, k).count() as f64, k)
}

/// Relevant items among the first `k`, divided by the number of relevant items.
///
/// As Spark `recallAt`, RecTools `Recall`.
#[must_use]
pub fn recall_at_k(recommended: &[u32], relevant: &[u32], k: usize) -> f64 {
    let found = hits(recommended, relevant, k).count();
    ratio(found as f64, relevant.len())
}

/// 1 if any of the first `k` is relevant, else 0.
#[must_use]
pub fn hit_rate_at_k(recommended: &[u32], relevant: &[u32], k: usize) -> f64 {
    f64::from(u8::from(hits(recommended, relevant, k).next().is_some()))
}

/// Normalised discounted cumulative gain: a relevant item in place `i`, counted from 1, gains
/// `1 / log2(i + 1)`; the sum is divided by that of the best possible list, which has
/// `min(k, relevant)` relevant items on top.
///
/// As Spark `ndcgAt`, `implicit`, iALS revisited, RecTools with `divide_by_achievable`.
#[must_use]
pub fn ndcg_at_k(recommended: &[u32], relevant: &[u32], k: usize) -> f64 {
    gain(recommended, relevant, k, k.min(relevant.len()))
}

/// Discounted gain over that of a list with `n_ideal` relevant items on top.
fn gain(recommended: &[u32], relevant: &[u32], k: usize, n_ideal: usize) -> f64 {
    let gain = |place: usize| 1.0 / (place as f64 + 2.0).log2();
    let ideal: f64 = (0..n_ideal).map(gain).sum();
    let found: f64 = hits(recommended, relevant, k).map(gain).sum();
    if ideal > 0.0 { found / ideal } else { 0.0 }
}

/// Average precision: for each relevant item among the first `k`, the share of relevant items down
/// to its place; the sum divided by `min(k, relevant)`.
///
/// Its mean over users is Spark's `meanAveragePrecisionAt`, and with `k` at least the length of the
/// list and the number of relevant items its `meanAveragePrecision`; the `MAP` of `implicit` too.
#[must_use]
pub fn map_at_k(recommended: &[u32], relevant: &[u32], k: usize) -> f64 {
    let places = hits(recommended, relevant, k).enumerate();
    let sum: f64 = places
        .map(|(before, place)| (before as f64 + 1.0) / (place as f64 + 1.0))
        .sum();
    ratio(sum, k.min(relevant.len()))
}

/// One over the place of the first relevant item of the list, counted from 1; 0 if there is none.
/// Its mean over users is the mean reciprocal rank.
#[must_use]
pub fn mrr(recommended: &[u32], relevant: &[u32]) -> f64 {
    let first = hits(recommended, relevant, recommended.len()).next();
    first.map_or(0.0, |place| 1.0 / (place as f64 + 1.0))
}

/// The hits of all users divided by the hits that were possible, `min(k, relevant)` each: a mean
/// over items rather than over users. 0 if none was possible.
///
/// As `precision` of `implicit`.
///
/// # Errors
/// Lists of recommended and relevant items that differ in number.
pub fn micro_precision_at_k<R: AsRef<[u32]>, S: AsRef<[u32]>>(
    recommended: &[R],
    relevant: &[S],
    k: usize,
) -> Result<f64, RankingError> {
    check_users(recommended.len(), relevant.len())?;
    let users = recommended.iter().zip(relevant);
    let (found, possible) = users.fold((0, 0), |(found, possible), (list, relevant)| {
        let relevant = relevant.as_ref();
        let hits = hits(list.as_ref(), relevant, k).count();
        (found + hits, possible + k.min(relevant.len()))
    });
    Ok(ratio(found as f64, possible))
}

/// A measure of one user's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// [`precision_at_k`].
    Precision(usize),
    /// [`recall_at_k`].
    Recall(usize),
    /// Relevant items among the first `k`, divided by `min(k, relevant)`: reaches 1 even when more
    /// than `k` are relevant. The recall of the VAE protocol and of iALS revisited.
    CappedRecall(usize),
    /// [`hit_rate_at_k`].
    HitRate(usize),
    /// [`ndcg_at_k`].
    Ndcg(usize),
    /// As [`ndcg_at_k`], but divided by the gain of `k` relevant items, even if fewer exist. The
    /// default of RecTools.
    NdcgAllPlaces(usize),
    /// [`map_at_k`].
    Map(usize),
    /// [`mrr`] over the whole list.
    Mrr,
}

impl Metric {
    /// The value for one user.
    #[must_use]
    pub fn of(self, recommended: &[u32], relevant: &[u32]) -> f64 {
        match self {
            Self::Precision(k) => precision_at_k(recommended, relevant, k),
            Self::Recall(k) => recall_at_k(recommended, relevant, k),
            Self::CappedRecall(k) => {
                let found = hits(recommended, relevant, k).count();
                ratio(found as f64, k.min(relevant.len()))
            }
            Self::HitRate(k) => hit_rate_at_k(recommended, relevant, k),
            Self::Ndcg(k) => ndcg_at_k(recommended, relevant, k),
            Self::NdcgAllPlaces(k) => gain(recommended, relevant, k, k),
            Self::Map(k) => map_at_k(recommended, relevant, k),
            Self::Mrr => mrr(recommended, relevant),
        }
    }
}

/// What becomes of users with nothing relevant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NothingRelevant {
    /// They are left out, as in `implicit` and RecTools.
    Skip,
    /// They count as 0, as in Spark.
    Zero,
}

/// The values of a metric, in the order of the users; see [`bootstrap_mean`](super::bootstrap_mean)
/// for their mean.
///
/// For the difference of two recommenders subtract their values user by user, and take the mean of
/// that: its interval is narrower than the two intervals suggest.
///
/// # Errors
/// Lists of recommended and relevant items that differ in number.
pub fn user_values<R: AsRef<[u32]>, S: AsRef<[u32]>>(
    metric: Metric,
    recommended: &[R],
    relevant: &[S],
    nothing: NothingRelevant,
) -> Result<Vec<f64>, RankingError> {
    check_users(recommended.len(), relevant.len())?;
    let users = recommended.iter().zip(relevant);
    Ok(users
        .map(|(list, relevant)| (list.as_ref(), relevant.as_ref()))
        .filter(|(_, relevant)| nothing == NothingRelevant::Zero || !relevant.is_empty())
        .map(|(list, relevant)| metric.of(list, relevant))
        .collect())
}

fn check_users(left: usize, right: usize) -> Result<(), RankingError> {
    if left == right {
        return Ok(());
    }
    Err(RankingError::Length {
        left,
        left_name: "lists",
        right,
        right_name: "sets of relevant items",
    })
}
