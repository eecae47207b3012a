use std::borrow::Cow;
use std::collections::BTreeMap;

use ndarray::ArrayView2;
use rayon::prelude::*;
use thiserror::Error;

use super::clusters::Clusters;
use super::kernels::{Buffers, Scores, padded};
use crate::isa;
use crate::points::{MIN_CHUNKS, Points, PointsError};
use crate::rows::BLOCK_ROWS;
use crate::tiles::Column;

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
    check_length(x.nrows(), labels)?;
    let points = Points::new(x)?;
    let (labels, n_clusters) = dense(labels);
    let clusters = clusters(&points, &labels, n_clusters)?;
    let mut samples = vec![0.0; points.n_rows()];
    points
        .chunks()
        .zip(labels.par_chunks(BLOCK_ROWS))
        .zip(samples.par_chunks_mut(BLOCK_ROWS))
        .with_min_len(MIN_CHUNKS)
        .for_each_init(Room::default, |room, ((tiles, labels), samples)| {
            room.score(tiles, labels, &clusters, samples);
        });
    Ok(samples)
}

/// The mean of [`silhouette_samples`]: the silhouette score of the clustering, squared Euclidean
/// distance.
///
/// # Errors
/// As [`silhouette_samples`].
pub fn silhouette_score(x: ArrayView2<f64>, labels: &[u32]) -> Result<f64, SilhouetteError> {
    check_length(x.nrows(), labels)?;
    silhouette_of_points(&Points::new(x)?, labels)
}

/// As [`silhouette_score`], of rows that have been checked and laid out before.
///
/// # Errors
/// Another number of labels than rows, only one cluster.
pub fn silhouette_of_points(points: &Points, labels: &[u32]) -> Result<f64, SilhouetteError> {
    check_length(points.n_rows(), labels)?;
    let (labels, n_clusters) = dense(labels);
    let clusters = clusters(points, &labels, n_clusters)?;
    // Fixed blocks keep the rounding error of the sum small as well.
    let totals: Vec<f64> = points
        .chunks()
        .zip(labels.par_chunks(BLOCK_ROWS))
        .with_min_len(MIN_CHUNKS)
        .map_init(
            || (Room::default(), vec![0.0; BLOCK_ROWS]),
            |(room, samples), (tiles, labels)| {
                let samples = &mut samples[..labels.len()];
                room.score(tiles, labels, &clusters, samples);
                samples.iter().sum()
            },
        )
        .collect();
    Ok(totals.iter().sum::<f64>() / points.n_rows() as f64)
}

/// What scoring one block of rows after the other needs.
#[derive(Default)]
struct Room {
    places: Vec<u32>,
    buffers: Buffers,
}

impl Room {
    /// Writes the silhouettes of a block of rows.
    fn score(
        &mut self,
        tiles: &[Column],
        labels: &[u32],
        clusters: &Clusters,
        samples: &mut [f64],
    ) {
        isa::run(Scores {
            tiles,
            labels: padded(labels, &mut self.places),
            clusters,
            samples,
            buffers: &mut self.buffers,
        });
    }
}

fn check_length(rows: usize, labels: &[u32]) -> Result<(), SilhouetteError> {
    if rows == labels.len() {
        Ok(())
    } else {
        Err(SilhouetteError::Length {
            rows,
            labels: labels.len(),
        })
    }
}

/// What there is to know of the clusters, of which there must be at least two.
fn clusters(
    points: &Points,
    labels: &[u32],
    n_clusters: usize,
) -> Result<Clusters, SilhouetteError> {
    if n_clusters < 2 {
        return Err(SilhouetteError::OneCluster);
    }
    Ok(Clusters::of(points, labels, n_clusters))
}

impl From<PointsError> for SilhouetteError {
    fn from(error: PointsError) -> Self {
        match error {
            PointsError::Empty { rows, columns } => Self::Empty { rows, columns },
            PointsError::NonFinite { row, column } => Self::NonFinite { row, column },
            PointsError::TooLarge { row, column, .. } => Self::TooLarge { row, column },
        }
    }
}

/// The labels renamed to `0..n` in rising order, and `n`.
fn dense(labels: &[u32]) -> (Cow<'_, [u32]>, usize) {
    let largest = labels.par_iter().copied().max().unwrap_or(0) as usize;
    if largest < SMALL {
        let mut occurs = vec![false; largest + 1];
        for &label in labels {
            occurs[label as usize] = true;
        }
        if !occurs.contains(&false) {
            return (Cow::Borrowed(labels), occurs.len());
        }
    }
    let mut names: BTreeMap<u32, u32> = labels.iter().map(|&label| (label, 0)).collect();
    for (number, (_, name)) in (0_u32..).zip(names.iter_mut()) {
        *name = number;
    }
    (
        labels.iter().map(|label| names[label]).collect(),
        names.len(),
    )
}

/// Labels below this are looked up in a table.
const SMALL: usize = 65_536;
