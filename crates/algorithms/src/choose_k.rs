//! The choice of the number of clusters among fitted candidates, with a reason in words.
//!
//! The rule: the best silhouette among the candidates whose smallest cluster holds at least
//! `min_share` of the rows; if there is none, the best silhouette regardless. Equal silhouettes go to
//! the smaller number of clusters. A candidate without a finite silhouette is never chosen.
//!
//! The floor on the smallest cluster is there because the silhouette loves a handful of outliers
//! split off from everybody else, and a segment of a dozen customers is no segment.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

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

/// A candidate with a better silhouette that was not chosen for its small cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetAside {
    /// Number of clusters.
    pub n_clusters: usize,
    /// Share of the rows in its smallest cluster.
    pub min_share: f64,
}

/// Why a number of clusters was chosen. `Display` is one plain sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum KReason {
    /// It has the best silhouette of all, and its clusters are large enough.
    BestSilhouette {
        /// Number of clusters chosen.
        n_clusters: usize,
        /// Its silhouette.
        silhouette: f64,
        /// Number of candidates compared.
        n_candidates: usize,
    },
    /// Candidates with a better silhouette had too small a cluster.
    SmallClustersSetAside {
        /// Number of clusters chosen.
        n_clusters: usize,
        /// Its silhouette.
        silhouette: f64,
        /// The share that the smallest cluster had to hold.
        min_share: f64,
        /// The better candidates, from the best on.
        set_aside: Vec<SetAside>,
    },
    /// No candidate's smallest cluster was large enough, so the best silhouette decided.
    NoneReachedMinShare {
        /// Number of clusters chosen.
        n_clusters: usize,
        /// Its silhouette.
        silhouette: f64,
        /// The share that the smallest cluster had to hold.
        min_share: f64,
        /// The share that the chosen candidate's smallest cluster holds.
        smallest: f64,
    },
}

impl fmt::Display for KReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BestSilhouette {
                n_clusters,
                silhouette,
                n_candidates: 1,
            } => write!(
                f,
                "{} were used because no other number was tried (silhouette {silhouette:.3}).",
                groups(*n_clusters),
            ),
            Self::BestSilhouette {
                n_clusters,
                silhouette,
                n_candidates,
            } => write!(
                f,
                "{} were chosen because they separate the customers best (silhouette \
                 {silhouette:.3}, the highest of {n_candidates} numbers tried).",
                groups(*n_clusters),
            ),
            Self::SmallClustersSetAside {
                n_clusters,
                silhouette,
                min_share,
                set_aside,
            } => {
                let numbers: Vec<String> = set_aside
                    .iter()
                    .map(|other| other.n_clusters.to_string())
                    .collect();
                let shares: Vec<String> = set_aside
                    .iter()
                    .map(|other| percent(other.min_share))
                    .collect();
                write!(
                    f,
                    "{} were chosen because they separate the customers best (silhouette \
                     {silhouette:.3}) among the numbers whose smallest group holds at least {} of \
                     the customers; {} scored better but {} set aside, since the smallest group \
                     held only {}.",
                    groups(*n_clusters),
                    percent(*min_share),
                    list(&numbers),
                    if set_aside.len() == 1 { "was" } else { "were" },
                    list(&shares),
                )
            }
            Self::NoneReachedMinShare {
                n_clusters,
                silhouette,
                min_share,
                smallest,
            } => write!(
                f,
                "{} were chosen because they separate the customers best (silhouette \
                 {silhouette:.3}), although the smallest group holds only {} of the customers: no \
                 number tried kept every group at {} or more.",
                groups(*n_clusters),
                percent(*smallest),
                percent(*min_share),
            ),
        }
    }
}

fn groups(n_clusters: usize) -> String {
    if n_clusters == 1 {
        "1 group".to_owned()
    } else {
        format!("{n_clusters} groups")
    }
}

/// A share in per cent, with as many decimals as small shares need: `12.5 %`, `1 %`, `0.034 %`.
///
/// Cut off rather than rounded, so that what is below a limit never reads as if it reached it.
fn percent(share: f64) -> String {
    let value = share * 100.0;
    let decimals = if value > 0.0 && value < 0.1 {
        (1.0 - value.log10().floor()).min(9.0) as i32
    } else {
        1
    };
    let unit = 10.0_f64.powi(decimals);
    // The slack undoes the rounding of the two products: 0.29 is 29 %, not 28.9 %.
    let cut = (value * unit + 1e-6).floor() / unit;
    let text = format!("{cut:.places$}", places = decimals as usize);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// `a`, `a and b`, `a, b and c`.
fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
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
mod tests {
    use super::*;

    fn candidate(n_clusters: usize, silhouette: f64, min_share: f64) -> KCandidate {
        KCandidate {
            n_clusters,
            silhouette,
            inertia: 1.0,
            min_share,
            stability: None,
            n_iter: 3,
        }
    }

    fn chosen(candidates: &[KCandidate]) -> KChoice {
        choose_k(candidates, 0.01).unwrap()
    }

    #[test]
    fn the_best_silhouette_wins() {
        let choice = chosen(&[
            candidate(2, 0.4, 0.3),
            candidate(3, 0.6234, 0.2),
            candidate(4, 0.5, 0.1),
        ]);
        assert_eq!((choice.n_clusters, choice.index), (3, 1));
        assert_eq!(
            choice.reason.to_string(),
            "3 groups were chosen because they separate the customers best (silhouette 0.623, the \
             highest of 3 numbers tried)."
        );
    }

    #[test]
    fn a_single_candidate_is_called_so() {
        let choice = chosen(&[candidate(5, 0.5, 0.1)]);
        assert_eq!(
            choice.reason.to_string(),
            "5 groups were used because no other number was tried (silhouette 0.500)."
        );
    }

    #[test]
    fn better_candidates_with_a_tiny_cluster_are_set_aside() {
        let choice = chosen(&[
            candidate(2, 0.9, 0.0004),
            candidate(3, 0.6, 0.2),
            candidate(4, 0.8, 0.004),
            candidate(5, 0.5, 0.001),
        ]);
        assert_eq!((choice.n_clusters, choice.index), (3, 1));
        assert_eq!(
            choice.reason.to_string(),
            "3 groups were chosen because they separate the customers best (silhouette 0.600) among \
             the numbers whose smallest group holds at least 1 % of the customers; 2 and 4 scored \
             better but were set aside, since the smallest group held only 0.04 % and 0.4 %."
        );
    }

    #[test]
    fn if_none_is_large_enough_the_best_silhouette_wins_regardless() {
        let choice = chosen(&[candidate(2, 0.5, 0.001), candidate(3, 0.7, 0.0025)]);
        assert_eq!((choice.n_clusters, choice.index), (3, 1));
        assert_eq!(
            choice.reason.to_string(),
            "3 groups were chosen because they separate the customers best (silhouette 0.700), \
             although the smallest group holds only 0.2 % of the customers: no number tried kept \
             every group at 1 % or more."
        );
    }

    #[test]
    fn a_share_of_exactly_min_share_passes() {
        assert_eq!(
            chosen(&[candidate(2, 0.5, 0.5), candidate(3, 0.7, 0.01)]).n_clusters,
            3
        );
    }

    #[test]
    fn ties_go_to_fewer_clusters_in_any_order() {
        assert_eq!(
            chosen(&[candidate(4, 0.5, 0.1), candidate(3, 0.5, 0.1)]).n_clusters,
            3
        );
        assert_eq!(
            chosen(&[candidate(3, 0.5, 0.1), candidate(4, 0.5, 0.1)]).n_clusters,
            3
        );
        assert_eq!(
            chosen(&[candidate(3, 0.0, 0.1), candidate(2, -0.0, 0.1)]).n_clusters,
            2
        );
    }

    #[test]
    fn a_silhouette_that_is_not_a_number_is_never_chosen() {
        assert_eq!(
            chosen(&[candidate(2, f64::NAN, 0.5), candidate(3, -0.9, 0.1)]).n_clusters,
            3
        );
        let nothing = choose_k(&[candidate(2, f64::NAN, 0.5)], 0.01).unwrap_err();
        assert_eq!(nothing, ChooseKError::NoSilhouette(1));
    }

    #[test]
    fn no_candidates_is_an_error() {
        assert_eq!(choose_k(&[], 0.01).unwrap_err(), ChooseKError::NoCandidates);
    }

    #[test]
    fn min_share_is_a_share() {
        for bad in [-0.1, 1.1, f64::NAN] {
            let error = choose_k(&[candidate(2, 0.5, 0.5)], bad).unwrap_err();
            assert!(matches!(error, ChooseKError::MinShare(_)), "{error}");
        }
    }

    #[test]
    fn shares_are_written_with_the_decimals_they_need() {
        let shares = [
            0.5, 0.125, 0.29, 0.05, 0.0123, 0.01, 0.00999, 0.001, 0.00034, 0.0,
        ];
        assert_eq!(
            shares.map(percent),
            [
                "50 %", "12.5 %", "29 %", "5 %", "1.2 %", "1 %", "0.9 %", "0.1 %", "0.034 %", "0 %"
            ]
        );
    }

    #[test]
    fn a_choice_survives_its_file() {
        let choice = chosen(&[candidate(2, 0.9, 0.001), candidate(3, 0.5, 0.2)]);
        let text = serde_json::to_string(&choice).unwrap();
        assert!(
            text.contains(r#""kind":"small_clusters_set_aside""#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<KChoice>(&text).unwrap(), choice);
    }
}
