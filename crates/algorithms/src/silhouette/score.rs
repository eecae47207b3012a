use std::collections::BTreeMap;

use ndarray::ArrayView2;
use rayon::prelude::*;
use thiserror::Error;

use super::clusters::Clusters;
use crate::kernel::{BLOCK_ROWS, LANES, Rows, Tile, first_non_finite, first_too_large};

/// Why there is no silhouette.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SilhouetteError {
    /// There is no row or no column.
    #[error("the silhouette of an empty matrix is not defined ({rows} rows, {columns} columns)")]
    Empty {
        /// Rows given.
        rows: usize,
        /// Columns given.
        columns: usize,
    },
    /// Rows and labels differ in number.
    #[error("there are {rows} rows but {labels} labels")]
    Length {
        /// Rows given.
        rows: usize,
        /// Labels given.
        labels: usize,
    },
    /// All rows carry the same label.
    #[error("all rows are in one cluster; the silhouette compares at least two")]
    OneCluster,
    /// A value is NaN or infinite.
    #[error("row {row}, column {column} is not a finite number")]
    NonFinite {
        /// Index of the first such row.
        row: usize,
        /// Index of its first such column.
        column: usize,
    },
    /// A value is so large that its square is not a finite number.
    #[error("row {row}, column {column} is too large to be squared; scale the column")]
    TooLarge {
        /// Index of the first such row.
        row: usize,
        /// Index of its first such column.
        column: usize,
    },
}

/// The silhouette of each row of `x` under the clustering `labels`, in `[-1, 1]`; squared Euclidean
/// distance. See the [module](crate::silhouette) for definition, conventions and cost.
///
/// # Errors
/// An empty matrix, another number of labels than rows, only one cluster, NaN or infinity, a value
/// above `1e150` in size.
///
/// ```
/// use algorithms::silhouette::silhouette_samples;
/// use ndarray::array;
///
/// // The row at 0: a = 1, b = (64 + 100) / 2. The row alone in its cluster gets 0.
/// let x = array![[0.0], [1.0], [8.0], [10.0], [-50.0]];
/// let s = silhouette_samples(x.view(), &[0, 0, 7, 7, 9])?;
/// assert_eq!(s[0], (82.0 - 1.0) / 82.0);
/// assert_eq!(s[4], 0.0);
/// # Ok::<(), algorithms::silhouette::SilhouetteError>(())
/// ```
pub fn silhouette_samples(x: ArrayView2<f64>, labels: &[u32]) -> Result<Vec<f64>, SilhouetteError> {
    let (n_rows, n_features) = x.dim();
    if n_rows != labels.len() {
        return Err(SilhouetteError::Length {
            rows: n_rows,
            labels: labels.len(),
        });
    }
    if n_rows == 0 || n_features == 0 {
        return Err(SilhouetteError::Empty {
            rows: n_rows,
            columns: n_features,
        });
    }
    if let Some((row, column)) = first_non_finite(x) {
        return Err(SilhouetteError::NonFinite { row, column });
    }
    if let Some((row, column)) = first_too_large(x) {
        return Err(SilhouetteError::TooLarge { row, column });
    }
    let (labels, n_clusters) = dense(labels);
    if n_clusters < 2 {
        return Err(SilhouetteError::OneCluster);
    }
    let rows = Rows::new(x);
    let clusters = Clusters::of(&rows, &labels, n_clusters);

    let mut samples = vec![0.0; n_rows];
    rows.blocks()
        .zip(labels.par_chunks(BLOCK_ROWS))
        .zip(samples.par_chunks_mut(BLOCK_ROWS))
        .for_each(|((block, labels), samples)| {
            let mut tile = Tile::new(n_features);
            let tiles = block.chunks(Tile::chunk(n_features));
            let answers = labels.chunks(LANES).zip(samples.chunks_mut(LANES));
            for (rows, (labels, samples)) in tiles.zip(answers) {
                tile.load_shifted(rows, &clusters.origin);
                score_tile(&tile, labels, samples, &clusters);
            }
        });
    Ok(samples)
}

/// The mean of [`silhouette_samples`]: the silhouette score of the clustering, squared Euclidean
/// distance.
///
/// # Errors
/// As [`silhouette_samples`].
pub fn silhouette_score(x: ArrayView2<f64>, labels: &[u32]) -> Result<f64, SilhouetteError> {
    let samples = silhouette_samples(x, labels)?;
    // Fixed blocks keep the rounding error of the sum small as well.
    let total: f64 = samples
        .chunks(BLOCK_ROWS)
        .map(|block| block.iter().sum::<f64>())
        .sum();
    Ok(total / samples.len() as f64)
}

/// The silhouettes of the rows in one tile.
fn score_tile(tile: &Tile, labels: &[u32], samples: &mut [f64], clusters: &Clusters) {
    let n_features = clusters.origin.len();
    let mut own = [0.0; LANES];
    let mut other = [f64::INFINITY; LANES];
    for (cluster, mean) in clusters.means.chunks_exact(n_features).enumerate() {
        let distances = tile.squared_distances(mean);
        for (lane, &label) in labels.iter().enumerate() {
            let mean_distance = distances[lane] + clusters.variances[cluster];
            if label as usize == cluster {
                own[lane] = mean_distance;
            } else {
                other[lane] = other[lane].min(mean_distance);
            }
        }
    }
    for (lane, (&label, sample)) in labels.iter().zip(samples).enumerate() {
        let size = clusters.sizes[label as usize];
        *sample = if size > 1.0 {
            silhouette(own[lane] * size / (size - 1.0), other[lane])
        } else {
            0.0
        };
    }
}

/// `(b - a) / max(a, b)`, and 0 where that is 0/0.
fn silhouette(a: f64, b: f64) -> f64 {
    let larger = a.max(b);
    if larger > 0.0 { (b - a) / larger } else { 0.0 }
}

/// The labels renamed to `0..n` in rising order, and `n`.
fn dense(labels: &[u32]) -> (Vec<u32>, usize) {
    let mut names: BTreeMap<u32, u32> = labels.iter().map(|&label| (label, 0)).collect();
    for (number, (_, name)) in (0_u32..).zip(names.iter_mut()) {
        *name = number;
    }
    (
        labels.iter().map(|label| names[label]).collect(),
        names.len(),
    )
}
