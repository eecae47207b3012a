use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::pass::{Centroids, Part};
use crate::isa;
use crate::points::{MIN_CHUNKS, Points};
use crate::rows::{BLOCK_ROWS, Rows};
use crate::tiles::{Column, LANES, Label, pack};

/// What one Lloyd iteration needs to know about a set of rows: mergeable, so that sets may be
/// looked at in different places.
///
/// An iteration over any number of disjoint sets of rows is: [`KMeansPartial::of_rows`] for each
/// set under the same centroids, [`KMeansPartial::merge`] them all, [`KMeansPartial::means`] for
/// the next centroids. The size is `O(k d)`, whatever the number of rows.
///
/// Counts merge exactly. Sums and inertia are floating point: to get the same bits every time,
/// make the sets the same and merge them in the same order every time. Within one call, chunks of
/// 2048 rows are merged in their order, whatever the number of threads; a chunk is summed by blocks
/// of 256 rows (with more than 64 clusters, as one block), and a block by eight lanes: lane `l` takes
/// the rows `l`, `l + 8`, … of the block, then the lanes are added in their order.
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
        let (n_clusters, n_features) = centroids.dim();
        let (rows, centroids) = (Rows::new(x), Rows::new(centroids));
        let centroids = Centroids {
            values: centroids.as_slice(),
            moved: 0.0,
            complete: true,
        };
        let parts: Vec<Part> = rows
            .blocks()
            .with_min_len(MIN_CHUNKS)
            .map_init(Default::default, |(tiles, buffers), block| {
                let tiles = packed(tiles, block, n_features);
                let mut part = Part::new(block.len() / n_features, n_clusters, n_features);
                part.pass(tiles, n_features, &centroids, buffers);
                part
            })
            .collect();
        let labels = parts.iter().flat_map(|part| part.labels());
        let labels = labels.copied().collect();
        (merged(parts.iter(), n_clusters, n_features), labels)
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

/// The sums of all rows from those of the chunks, in their order.
pub(super) fn merged<'a>(
    parts: impl Iterator<Item = &'a Part>,
    n_clusters: usize,
    n_features: usize,
) -> KMeansPartial {
    let mut counts = vec![0; n_clusters];
    let mut sums = vec![0.0; n_clusters * n_features];
    let mut inertia = 0.0;
    for part in parts {
        for (count, more) in counts.iter_mut().zip(&part.counts) {
            *count += more;
        }
        for (sum, more) in sums.iter_mut().zip(&part.sums) {
            *sum += more;
        }
        inertia += part.inertia;
    }
    let mut partial = KMeansPartial::zeros(n_clusters, n_features);
    partial.counts = counts;
    let targets = partial.sums.iter_mut();
    targets.zip(sums).for_each(|(to, from)| *to = from);
    partial.inertia = inertia;
    partial
}

/// The nearest centroid of each row, without the sums.
pub(super) fn label_rows(rows: &Rows<'_>, centroids: ArrayView2<f64>) -> Vec<u32> {
    let n_features = rows.n_features();
    let centroids = Rows::new(centroids);
    let mut labels = vec![0_u32; rows.len()];
    rows.blocks()
        .zip(labels.par_chunks_mut(BLOCK_ROWS))
        .with_min_len(MIN_CHUNKS)
        .for_each_init(Vec::new, |tiles, (block, labels)| {
            let tiles = packed(tiles, block, n_features);
            isa::run(Label {
                tiles,
                n_features,
                points: centroids.as_slice(),
                labels,
            });
        });
    labels
}

/// As [`label_rows`], of rows that have been laid out before.
pub(super) fn label_points(points: &Points, centroids: ArrayView2<f64>) -> Vec<u32> {
    let centroids = Rows::new(centroids);
    let mut labels = vec![0_u32; points.n_rows()];
    points
        .chunks()
        .zip(labels.par_chunks_mut(BLOCK_ROWS))
        .with_min_len(MIN_CHUNKS)
        .for_each(|(tiles, labels)| {
            isa::run(Label {
                tiles,
                n_features: points.n_features(),
                points: centroids.as_slice(),
                labels,
            });
        });
    labels
}

/// A block of rows laid out in a buffer.
fn packed<'b>(buffer: &'b mut Vec<Column>, block: &[f64], n_features: usize) -> &'b [Column] {
    let n_rows = block.len() / n_features;
    buffer.resize(n_rows.div_ceil(LANES) * n_features, Column::ZERO);
    pack(block, n_features, f64::INFINITY, buffer);
    buffer
}
