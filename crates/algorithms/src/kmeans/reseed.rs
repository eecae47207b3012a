use ndarray::ArrayView2;

use super::partial::KMeansPartial;
use crate::points::Points;
use crate::rows::Rows;
use rayon::prelude::*;

/// Gives each empty cluster the row that lies farthest from the centroid it is assigned to, and
/// takes that row from its cluster's sum and count. Returns whether a row was given.
///
/// Empty clusters are served in their order, rows in order of falling distance, then rising index.
/// A row is passed over if it is the only one left of its cluster, if it lies on its centroid, or if
/// a row in the same place was already given away: none of these would help. If no row is left, the
/// cluster stays empty.
///
/// Follows scikit-learn's `_relocate_empty_clusters_dense`, which takes the same rows except for
/// those passed over here.
pub(super) fn fill_empty(
    points: &Points,
    labels: &[u32],
    centroids: ArrayView2<f64>,
    partial: &mut KMeansPartial,
) -> bool {
    let empty: Vec<usize> = (0..partial.counts.len())
        .filter(|&c| partial.counts[c] == 0)
        .collect();
    if empty.is_empty() {
        return false;
    }
    let centroids = Rows::new(centroids);
    let to_own =
        |(row, &label): (usize, &u32)| points.squared_distance(row, centroids.row(label as usize));
    let distances: Vec<f64> = labels.par_iter().enumerate().map(to_own).collect();
    let mut taken: Vec<usize> = Vec::with_capacity(empty.len());
    for cluster in empty {
        let mut farthest: Option<usize> = None;
        for (row, &distance) in distances.iter().enumerate() {
            let farther = distance > farthest.map_or(0.0, |best| distances[best]);
            if farther
                && partial.counts[labels[row] as usize] > 1
                && taken
                    .iter()
                    .all(|&other| points.row(other).ne(points.row(row)))
            {
                farthest = Some(row);
            }
        }
        let Some(row) = farthest else { break };
        let donor = labels[row] as usize;
        for (column, value) in points.row(row).enumerate() {
            partial.sums[[donor, column]] -= value;
            partial.sums[[cluster, column]] = value;
        }
        partial.counts[donor] -= 1;
        partial.counts[cluster] = 1;
        taken.push(row);
    }
    !taken.is_empty()
}
