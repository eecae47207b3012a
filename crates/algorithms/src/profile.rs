//! What a cluster is like: its size, how its columns differ from the whole, and its most typical row.

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// The description of one cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClusterProfile {
    /// Number of the cluster.
    pub cluster: u32,
    /// Rows in it, at least 1.
    pub size: usize,
    /// Its share of all rows, in `(0, 1]`.
    pub share: f64,
    /// Per column, the mean over the cluster. On standardised columns this is in standard
    /// deviations from the mean of all rows: +1 is well above, -1 well below the ordinary.
    pub z_scores: Vec<f64>,
    /// The row nearest to the mean of the cluster (ties: the lowest): a real example of it.
    pub medoid: usize,
}

/// Describes each cluster that has rows, in the order of their numbers.
///
/// `standardised` has shape `(n_rows, n_features)`, columns of mean 0 and deviation 1 (see
/// [`StandardScaler`](crate::scale::StandardScaler)). Cost `O(n d)`.
///
/// # Panics
/// If rows and labels differ in number, or a label is not below `n_clusters`.
#[must_use]
pub fn profiles(
    standardised: ArrayView2<f64>,
    labels: &[u32],
    n_clusters: usize,
) -> Vec<ClusterProfile> {
    assert_eq!(
        standardised.nrows(),
        labels.len(),
        "rows and labels differ in number"
    );
    assert!(
        labels.iter().all(|&label| (label as usize) < n_clusters),
        "a label is not below the number of clusters"
    );
    let mut sizes = vec![0_usize; n_clusters];
    let mut means = Array2::<f64>::zeros((n_clusters, standardised.ncols()));
    for (row, &label) in standardised.rows().into_iter().zip(labels) {
        sizes[label as usize] += 1;
        let mut sum = means.row_mut(label as usize);
        sum += &row;
    }
    for (mut mean, &size) in means.rows_mut().into_iter().zip(&sizes) {
        mean /= size.max(1) as f64;
    }

    let mut nearest: Vec<Option<(usize, f64)>> = vec![None; n_clusters];
    for (index, (row, &label)) in standardised.rows().into_iter().zip(labels).enumerate() {
        let mean = means.row(label as usize);
        let distance: f64 = row.iter().zip(mean).map(|(x, m)| (x - m) * (x - m)).sum();
        let best = &mut nearest[label as usize];
        if best.is_none_or(|(_, least)| distance < least) {
            *best = Some((index, distance));
        }
    }

    (0_u32..)
        .zip(means.rows())
        .zip(sizes.iter().zip(nearest))
        .filter_map(|((cluster, mean), (&size, nearest))| {
            nearest.map(|(medoid, _)| ClusterProfile {
                cluster,
                size,
                share: size as f64 / labels.len() as f64,
                z_scores: mean.to_vec(),
                medoid,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_profile_holds_size_share_means_and_medoid() {
        let x = array![[1.0, 0.0], [-2.0, 4.0], [3.0, 0.0], [2.0, 0.0]];
        let found = profiles(x.view(), &[0, 1, 0, 0], 2);
        assert_eq!(
            found,
            [
                ClusterProfile {
                    cluster: 0,
                    size: 3,
                    share: 0.75,
                    z_scores: vec![2.0, 0.0],
                    medoid: 3,
                },
                ClusterProfile {
                    cluster: 1,
                    size: 1,
                    share: 0.25,
                    z_scores: vec![-2.0, 4.0],
                    medoid: 1,
                },
            ]
        );
    }

    #[test]
    fn of_equally_near_rows_the_first_is_the_medoid() {
        let x = array![[-1.0], [1.0]];
        assert_eq!(profiles(x.view(), &[0, 0], 1)[0].medoid, 0);
    }

    #[test]
    fn a_cluster_without_rows_has_no_profile() {
        let found = profiles(array![[1.0]].view(), &[2], 4);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].cluster, 2);
    }

    #[test]
    #[should_panic(expected = "not below the number of clusters")]
    fn labels_are_below_the_number_of_clusters() {
        let _ = profiles(array![[1.0]].view(), &[2], 2);
    }
}
