//! The choice of the number of clusters among fitted candidates, with a reason in words.
//!
//! The rule: the best silhouette among the candidates whose smallest cluster holds at least
//! `min_share` of the rows; if there is none, the best silhouette regardless. Equal silhouettes go to
//! the smaller number of clusters. A candidate without a finite silhouette is never chosen.
//!
//! The floor on the smallest cluster is there because the silhouette loves a handful of outliers
//! split off from everybody else, and a segment of a dozen customers is no segment.

mod reason;

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use reason::{KReason, SetAside};

/// What is known of a fit with some number of clusters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KCandidate {
    /// Number of clusters.
    pub n_clusters: usize,
    /// Silhouette score of the fit (squared Euclidean distance).
    pub silhouette: f64,
    /// Sum of squared distances to the centroids.
    pub inertia: f64,
    /// Share of the rows in the smallest cluster, 0 to 1.
    pub min_share: f64,
    /// Mean adjusted Rand index over bootstrap samples, if computed.
    pub stability: Option<f64>,
    /// Iterations of the fit.
    pub n_iter: u64,
}

/// The chosen number of clusters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KChoice {
    /// Number of clusters of the chosen candidate.
    pub n_clusters: usize,
    /// Its position among the candidates.
    pub index: usize,
    /// Why it was chosen; `Display` says it in one sentence.
    pub reason: KReason,
}

/// Why nothing could be chosen.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ChooseKError {
    /// There is no candidate.
    #[error("there is no candidate to choose the number of clusters from")]
    NoCandidates,
    /// No candidate has a finite silhouette.
    #[error("none of the {0} candidates has a silhouette")]
    NoSilhouette(usize),
    /// `min_share` is not a share.
    #[error("min_share is {0}, but must be between 0 and 1")]
    MinShare(f64),
}

/// Chooses by the rule of the [module](self).
///
/// # Errors
/// No candidates, none with a finite silhouette, or a `min_share` outside `[0, 1]`.
pub fn choose_k(candidates: &[KCandidate], min_share: f64) -> Result<KChoice, ChooseKError> {
    if !(0.0..=1.0).contains(&min_share) {
        return Err(ChooseKError::MinShare(min_share));
    }
    if candidates.is_empty() {
        return Err(ChooseKError::NoCandidates);
    }
    let mut ranked: Vec<(usize, &KCandidate)> = candidates
        .iter()
        .enumerate()
        .filter(|(_, c)| c.silhouette.is_finite())
        .collect();
    ranked.sort_by(|(_, a), (_, b)| better_first(a, b));
    let Some(&best) = ranked.first() else {
        return Err(ChooseKError::NoSilhouette(candidates.len()));
    };

    let passing = ranked.iter().position(|(_, c)| c.min_share >= min_share);
    let ((index, chosen), reason) = match passing {
        Some(0) => {
            let reason = KReason::BestSilhouette {
                n_clusters: best.1.n_clusters,
                silhouette: best.1.silhouette,
                n_candidates: candidates.len(),
            };
            (best, reason)
        }
        Some(rank) => {
            let chosen = ranked[rank];
            let reason = KReason::SmallClustersSetAside {
                n_clusters: chosen.1.n_clusters,
                silhouette: chosen.1.silhouette,
                min_share,
                set_aside: ranked[..rank]
                    .iter()
                    .map(|(_, c)| SetAside {
                        n_clusters: c.n_clusters,
                        min_share: c.min_share,
                    })
                    .collect(),
            };
            (chosen, reason)
        }
        None => {
            let reason = KReason::NoneReachedMinShare {
                n_clusters: best.1.n_clusters,
                silhouette: best.1.silhouette,
                min_share,
                smallest: best.1.min_share,
            };
            (best, reason)
        }
    };
    Ok(KChoice {
        n_clusters: chosen.n_clusters,
        index,
        reason,
    })
}

/// Falling silhouette, then rising number of clusters. The sort is stable: equals keep their order.
fn better_first(a: &KCandidate, b: &KCandidate) -> Ordering {
    // `partial_cmp` takes -0 and +0 for equal; there is no NaN here.
    let by_silhouette = b
        .silhouette
        .partial_cmp(&a.silhouette)
        .unwrap_or(Ordering::Equal);
    by_silhouette.then(a.n_clusters.cmp(&b.n_clusters))
}

#[cfg(test)]
mod tests;
