//! How RFM segments and behaviour clusters depend on each other.

use algorithms::agreement;
use ndarray::Array2;

/// The contingency table of segments (rows) and clusters (columns), and what follows from it.
/// A share or lift with nothing to divide by is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Affinity {
    /// Customers per segment and cluster.
    pub counts: Vec<Vec<u64>>,
    /// The share of the segment that is in the cluster.
    pub segment_shares: Vec<Vec<Option<f64>>>,
    /// The share of the cluster that is in the segment.
    pub cluster_shares: Vec<Vec<Option<f64>>>,
    /// How many times more customers the two share than if they were independent:
    /// `count · n / (segment · cluster)`.
    pub lift: Vec<Vec<Option<f64>>>,
    /// Cramér's V: 0 when segment and cluster are independent, 1 when one determines the other.
    /// None with fewer than two segments or clusters that have customers.
    pub cramers_v: Option<f64>,
    /// Normalised mutual information, arithmetic mean as in scikit-learn: 0 to 1.
    pub normalized_mutual_information: Option<f64>,
}

impl Affinity {
    /// Counts and compares two groupings of the same customers.
    pub(crate) fn new(
        (segments, segment_of): (usize, &[usize]),
        (clusters, labels): (usize, &[u32]),
    ) -> Self {
        let mut counts = Array2::<u64>::zeros((segments, clusters));
        for (segment, label) in segment_of.iter().zip(labels) {
            counts[[*segment, *label as usize]] += 1;
        }
        let total = counts.sum();
        let of_segment: Vec<u64> = counts.rows().into_iter().map(|row| row.sum()).collect();
        let of_cluster: Vec<u64> = counts
            .columns()
            .into_iter()
            .map(|column| column.sum())
            .collect();
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        let table = |value: &dyn Fn(usize, usize) -> Option<f64>| -> Vec<Vec<Option<f64>>> {
            (0..segments)
                .map(|s| (0..clusters).map(|c| value(s, c)).collect())
                .collect()
        };
        let lift = |s: usize, c: usize| {
            let expected = of_segment[s] as f64 * of_cluster[c] as f64 / total as f64;
            (expected > 0.0).then(|| counts[[s, c]] as f64 / expected)
        };
        let filled = |sums: &[u64]| sums.iter().filter(|sum| **sum > 0).count();
        let comparable = filled(&of_segment) > 1 && filled(&of_cluster) > 1;
        Self {
            segment_shares: table(&|s, c| share(counts[[s, c]], of_segment[s])),
            cluster_shares: table(&|s, c| share(counts[[s, c]], of_cluster[c])),
            lift: table(&lift),
            cramers_v: comparable.then(|| agreement::cramers_v(counts.view())),
            normalized_mutual_information: comparable
                .then(|| agreement::normalized_mutual_information(counts.view())),
            counts: counts.rows().into_iter().map(|row| row.to_vec()).collect(),
        }
    }
}
