use rayon::prelude::*;

use crate::kernel::{BLOCK_ROWS, Rows};

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
    pub(super) fn of(rows: &Rows<'_>, labels: &[u32], n_clusters: usize) -> Self {
        let n_features = rows.n_features();
        let mut sizes = vec![0.0; n_clusters];
        for &label in labels {
            sizes[label as usize] += 1.0;
        }

        let everything = vec![0_u32; labels.len()];
        let mut origin = vec![0.0; n_features];
        let sums = deviation_sums(rows, &everything, &origin, &origin, 1);
        add_means(&mut origin, &sums, &[labels.len() as f64]);

        let mut means = vec![0.0; n_clusters * n_features];
        for _ in 0..2 {
            let sums = deviation_sums(rows, labels, &origin, &means, n_clusters);
            add_means(&mut means, &sums, &sizes);
        }

        let mut variances = squared_deviation_sums(rows, labels, &origin, &means, n_clusters);
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
fn deviation_sums(
    rows: &Rows<'_>,
    labels: &[u32],
    origin: &[f64],
    means: &[f64],
    n_clusters: usize,
) -> Vec<f64> {
    let n_features = rows.n_features();
    block_sums(
        rows,
        labels,
        n_clusters * n_features,
        |row, cluster, sums| {
            let here = cluster * n_features..(cluster + 1) * n_features;
            let columns = sums[here.clone()]
                .iter_mut()
                .zip(row)
                .zip(origin)
                .zip(&means[here]);
            for (((sum, value), zero), mean) in columns {
                *sum += (value - zero) - mean;
            }
        },
    )
}

/// Per cluster, the sum of `|(row - origin) - mean|²`.
fn squared_deviation_sums(
    rows: &Rows<'_>,
    labels: &[u32],
    origin: &[f64],
    means: &[f64],
    n_clusters: usize,
) -> Vec<f64> {
    let n_features = rows.n_features();
    block_sums(rows, labels, n_clusters, |row, cluster, sums| {
        let mean = &means[cluster * n_features..];
        for ((value, zero), mean) in row.iter().zip(origin).zip(mean) {
            let deviation = (value - zero) - mean;
            sums[cluster] += deviation * deviation;
        }
    })
}

/// Lets `add` add each row to a sum of `width` numbers: by fixed blocks, merged in block order.
fn block_sums(
    rows: &Rows<'_>,
    labels: &[u32],
    width: usize,
    add: impl Fn(&[f64], usize, &mut [f64]) + Sync,
) -> Vec<f64> {
    let blocks: Vec<Vec<f64>> = rows
        .blocks()
        .zip(labels.par_chunks(BLOCK_ROWS))
        .map(|(block, labels)| {
            let mut sums = vec![0.0; width];
            for (row, &label) in block.chunks_exact(rows.n_features()).zip(labels) {
                add(row, label as usize, &mut sums);
            }
            sums
        })
        .collect();
    let mut totals = vec![0.0; width];
    for sums in &blocks {
        for (total, sum) in totals.iter_mut().zip(sums) {
            *total += sum;
        }
    }
    totals
}
