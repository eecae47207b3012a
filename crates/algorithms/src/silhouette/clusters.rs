use rayon::prelude::*;

use super::kernels::{Buffers, Deviations, SquaredDeviations, padded};
use crate::canonical::count_labels;
use crate::isa;
use crate::points::{MIN_CHUNKS, Points};
use crate::rows::BLOCK_ROWS;
use crate::tiles::Column;

/// What the silhouette needs to know of each cluster, in coordinates relative to `origin`.
pub(super) struct Clusters {
    /// The mean of all rows.
    pub(super) origin: Vec<f64>,
    /// Rows per cluster, all positive.
    pub(super) sizes: Vec<f64>,
    /// Cluster means minus `origin`, row-major, shape `(n_clusters, n_features)`.
    pub(super) means: Vec<f64>,
    /// Mean squared distance of the rows of each cluster from their mean.
    pub(super) variances: Vec<f64>,
}

impl Clusters {
    /// Four passes over the rows: the origin, the means, their correction, the variances.
    ///
    /// The correction adds the mean deviation from the first mean, so that a cluster of equal rows
    /// has exactly that row as its mean, and variance exactly 0.
    pub(super) fn of(points: &Points, labels: &[u32], n_clusters: usize) -> Self {
        let n_features = points.n_features();
        let sizes = count_labels(labels, n_clusters);
        let sizes: Vec<f64> = sizes.into_iter().map(|size| size as f64).collect();

        let everything = vec![0_u32; labels.len()];
        let mut origin = vec![0.0; n_features];
        let sums = deviation_sums(points, &everything, &origin, &origin);
        add_means(&mut origin, &sums, &[labels.len() as f64]);

        let mut means = vec![0.0; n_clusters * n_features];
        for _ in 0..2 {
            let sums = deviation_sums(points, labels, &origin, &means);
            add_means(&mut means, &sums, &sizes);
        }

        let mut variances = squared_deviation_sums(points, labels, &origin, &means);
        for (variance, size) in variances.iter_mut().zip(&sizes) {
            *variance /= size;
        }
        Self {
            origin,
            sizes,
            means,
            variances,
        }
    }
}

/// Adds to each mean the sum of its cluster divided by the size.
fn add_means(means: &mut [f64], sums: &[f64], sizes: &[f64]) {
    let n_features = means.len() / sizes.len();
    let clusters = means
        .chunks_exact_mut(n_features)
        .zip(sums.chunks_exact(n_features));
    for ((mean, sum), size) in clusters.zip(sizes) {
        for (value, total) in mean.iter_mut().zip(sum) {
            *value += total / size;
        }
    }
}

/// Per cluster, the sum of `(row - origin) - mean`.
fn deviation_sums(points: &Points, labels: &[u32], origin: &[f64], means: &[f64]) -> Vec<f64> {
    chunk_sums(
        points,
        labels,
        means.len(),
        |tiles, labels, sums, buffers| {
            isa::run(Deviations {
                tiles,
                labels,
                origin,
                means,
                sums,
                buffers,
            });
        },
    )
}

/// Per cluster, the sum of `|(row - origin) - mean|²`.
fn squared_deviation_sums(
    points: &Points,
    labels: &[u32],
    origin: &[f64],
    means: &[f64],
) -> Vec<f64> {
    let n_clusters = means.len() / points.n_features();
    chunk_sums(
        points,
        labels,
        n_clusters,
        |tiles, labels, sums, buffers| {
            isa::run(SquaredDeviations {
                tiles,
                labels,
                origin,
                means,
                sums,
                buffers,
            });
        },
    )
}

/// Lets `add` make a sum of `width` numbers of each chunk of rows, and adds these in their order.
fn chunk_sums(
    points: &Points,
    labels: &[u32],
    width: usize,
    add: impl Fn(&[Column], &[u32], &mut [f64], &mut Buffers) + Sync,
) -> Vec<f64> {
    let chunks: Vec<Vec<f64>> = points
        .chunks()
        .zip(labels.par_chunks(BLOCK_ROWS))
        .with_min_len(MIN_CHUNKS)
        .map_init(Default::default, |(places, buffers), (tiles, labels)| {
            let mut sums = vec![0.0; width];
            add(tiles, padded(labels, places), &mut sums, buffers);
            sums
        })
        .collect();
    let mut totals = vec![0.0; width];
    for sums in &chunks {
        for (total, sum) in totals.iter_mut().zip(sums) {
            *total += sum;
        }
    }
    totals
}
