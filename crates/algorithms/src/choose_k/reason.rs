use std::fmt;

use serde::{Deserialize, Serialize};

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
pub(super) fn percent(share: f64) -> String {
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
