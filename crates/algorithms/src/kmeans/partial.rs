use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::kernel::{BLOCK_ROWS, LANES, Rows, Tile};

/// What one Lloyd iteration needs to know about a set of rows: mergeable, so that sets may be
/// looked at in different places.
///
/// An iteration over any number of disjoint sets of rows is: [`KMeansPartial::of_rows`] for each
/// set under the same centroids, [`KMeansPartial::merge`] them all, [`KMeansPartial::means`] for
/// the next centroids. The size is `O(k d)`, whatever the number of rows.
///
/// Counts merge exactly. Sums and inertia are floating point: to get the same bits every time,
/// make the sets the same and merge them in the same order every time. Within one call, rows are
/// summed in blocks of 2048 and the blocks merged in their order, whatever the number of threads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KMeansPartial {
    /// Rows per cluster.
    pub counts: Vec<u64>,
    /// Sum of the rows of each cluster, shape `(n_clusters, n_features)`.
    #[serde(with = "crate::serde_rows::matrix")]
    pub sums: Array2<f64>,
    /// Sum over the rows of the squared distance to the nearest centroid.
    pub inertia: f64,
}

impl KMeansPartial {
    /// The partial of no rows: the neutral element of [`KMeansPartial::merge`].
    #[must_use]
    pub fn zeros(n_clusters: usize, n_features: usize) -> Self {
        Self {
            counts: vec![0; n_clusters],
            sums: Array2::zeros((n_clusters, n_features)),
            inertia: 0.0,
        }
    }

    /// Assigns each row to its nearest centroid (ties: lowest index) and sums up. Also returns the
    /// labels. Cost `O(n k d)`.
    ///
    /// # Panics
    /// If rows and centroids differ in their number of columns, or have none.
    #[must_use]
    pub fn of_rows(x: ArrayView2<f64>, centroids: ArrayView2<f64>) -> (Self, Vec<u32>) {
        assert_eq!(
            x.ncols(),
            centroids.ncols(),
            "rows and centroids differ in columns"
        );
        assert!(x.ncols() > 0, "rows have no columns");
        let mut labels = vec![u32::MAX; x.nrows()];
        let (partial, _) = assign(&Rows::new(x), centroids, &mut labels);
        (partial, labels)
    }

    /// Adds the rows of `other` to those of `self`.
    ///
    /// # Panics
    /// If the two are of different shape.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(
            self.sums.dim(),
            other.sums.dim(),
            "partials of different shape"
        );
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.sums += &other.sums;
        self.inertia += other.inertia;
    }

    /// The mean of each cluster: the centroids of the next iteration. A cluster without rows keeps
    /// its row of `previous`, as in Spark.
    ///
    /// # Panics
    /// If `previous` is not of shape `(n_clusters, n_features)`.
    #[must_use]
    pub fn means(&self, previous: ArrayView2<f64>) -> Array2<f64> {
        assert_eq!(
            self.sums.dim(),
            previous.dim(),
            "centroids of different shape"
        );
        let mut means = previous.to_owned();
        let clusters = means
            .axis_iter_mut(Axis(0))
            .zip(self.sums.axis_iter(Axis(0)));
        for ((mut mean, sum), &count) in clusters.zip(&self.counts) {
            if count > 0 {
                mean.assign(&(&sum / count as f64));
            }
        }
        means
    }

    /// Whether some cluster has no row.
    pub(super) fn has_empty(&self) -> bool {
        self.counts.contains(&0)
    }
}

/// One pass over all rows: writes each label, returns the merged sums and the number of labels that
/// differ from what `labels` held before.
pub(super) fn assign(
    rows: &Rows<'_>,
    centroids: ArrayView2<f64>,
    labels: &mut [u32],
) -> (KMeansPartial, usize) {
    let (n_clusters, n_features) = centroids.dim();
    let centroids = Rows::new(centroids);
    let blocks: Vec<(KMeansPartial, usize)> = rows
        .blocks()
        .zip(labels.par_chunks_mut(BLOCK_ROWS))
        .map(|(block, labels)| assign_block(block, labels, &centroids))
        .collect();
    let mut total = KMeansPartial::zeros(n_clusters, n_features);
    let mut changed = 0;
    for (partial, block_changed) in &blocks {
        total.merge(partial);
        changed += block_changed;
    }
    (total, changed)
}

/// One block: distance, label and sums fused, so that each row is read from memory once.
fn assign_block(block: &[f64], labels: &mut [u32], centroids: &Rows<'_>) -> (KMeansPartial, usize) {
    let n_features = centroids.n_features();
    let mut counts = vec![0_u64; centroids.len()];
    let mut sums = vec![0.0; centroids.len() * n_features];
    let mut inertia = 0.0;
    let mut changed = 0;
    let mut tile = Tile::new(n_features);
    for (rows, labels) in block
        .chunks(Tile::chunk(n_features))
        .zip(labels.chunks_mut(LANES))
    {
        tile.load(rows);
        let (nearest, distances) = tile.nearest(centroids.as_slice());
        for (lane, (row, label)) in rows.chunks_exact(n_features).zip(labels).enumerate() {
            let cluster = nearest[lane] as usize;
            changed += usize::from(*label != nearest[lane]);
            *label = nearest[lane];
            inertia += distances[lane];
            counts[cluster] += 1;
            for (sum, value) in sums[cluster * n_features..].iter_mut().zip(row) {
                *sum += value;
            }
        }
    }
    let mut partial = KMeansPartial::zeros(centroids.len(), n_features);
    partial.counts = counts;
    partial
        .sums
        .iter_mut()
        .zip(sums)
        .for_each(|(to, from)| *to = from);
    partial.inertia = inertia;
    (partial, changed)
}

/// The nearest centroid of each row, without the sums.
pub(super) fn label_rows(rows: &Rows<'_>, centroids: ArrayView2<f64>) -> Vec<u32> {
    let n_features = rows.n_features();
    let centroids = Rows::new(centroids);
    let mut labels = vec![0_u32; rows.len()];
    rows.blocks()
        .zip(labels.par_chunks_mut(BLOCK_ROWS))
        .for_each(|(block, labels)| {
            let mut tile = Tile::new(n_features);
            for (rows, labels) in block
                .chunks(Tile::chunk(n_features))
                .zip(labels.chunks_mut(LANES))
            {
                tile.load(rows);
                let (nearest, _) = tile.nearest(centroids.as_slice());
                labels.copy_from_slice(&nearest[..labels.len()]);
            }
        });
    labels
}
