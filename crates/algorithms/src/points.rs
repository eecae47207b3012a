//! Rows checked and laid out once, for many computations.

use std::borrow::Cow;

use ndarray::ArrayView2;
use rayon::prelude::*;
use thiserror::Error;

use crate::rows::{BLOCK_ROWS, LARGEST, first_non_finite, first_too_large, squared_distance_from};
use crate::tiles::{CHUNK_TILES, Column, LANES, pack};

/// A matrix whose values have been checked, laid out for the kernels of
/// [`kmeans`](crate::kmeans) and [`silhouette`](crate::silhouette).
///
/// Whoever fits several models to the same rows, or scores several clusterings of them, makes it
/// once; functions that take a plain matrix make it themselves each time.
///
/// Memory: a copy of the matrix.
#[derive(Clone, Debug)]
pub struct Points {
    tiles: Vec<Column>,
    n_rows: usize,
    n_features: usize,
}

/// Why rows cannot be clustered.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum PointsError {
    /// There is no row or no column.
    #[error("an empty matrix cannot be clustered ({rows} rows, {columns} columns)")]
    Empty {
        /// Rows given.
        rows: usize,
        /// Columns given.
        columns: usize,
    },
    /// A value is NaN or infinite.
    #[error("row {row}, column {column} is not a finite number; fill or drop it before clustering")]
    NonFinite {
        /// Index of the first such row.
        row: usize,
        /// Index of its first such column.
        column: usize,
    },
    /// A value is so large that its square is not a finite number.
    #[error("row {row}, column {column} is too large to be squared ({value:e}); scale the column")]
    TooLarge {
        /// Index of the first such row.
        row: usize,
        /// Index of its first such column.
        column: usize,
        /// The value.
        value: f64,
    },
}

impl Points {
    /// Checks and lays out the rows of `x`, shape `(n_rows, n_features)`, in any memory layout (the
    /// standard one saves a copy). `O(n d)`.
    ///
    /// # Errors
    /// No rows, no columns, NaN or infinity (with its position), a value above `1e150` in size.
    pub fn new(x: ArrayView2<f64>) -> Result<Self, PointsError> {
        let (n_rows, n_features) = x.dim();
        if n_rows == 0 || n_features == 0 {
            return Err(PointsError::Empty {
                rows: n_rows,
                columns: n_features,
            });
        }
        let values = match x.to_slice() {
            Some(slice) => Cow::Borrowed(slice),
            None => Cow::Owned(x.iter().copied().collect()),
        };
        let mut tiles = vec![Column::ZERO; n_rows.div_ceil(LANES) * n_features];
        let fine = tiles
            .par_chunks_mut(CHUNK_TILES * n_features)
            .zip(values.par_chunks(BLOCK_ROWS * n_features))
            .with_min_len(MIN_CHUNKS)
            .map(|(tiles, rows)| pack(rows, n_features, LARGEST, tiles))
            .reduce(|| true, |a, b| a & b);
        if !fine {
            if let Some((row, column)) = first_non_finite(x) {
                return Err(PointsError::NonFinite { row, column });
            }
            if let Some((row, column)) = first_too_large(x) {
                let value = x[[row, column]];
                return Err(PointsError::TooLarge { row, column, value });
            }
        }
        Ok(Self {
            tiles,
            n_rows,
            n_features,
        })
    }

    /// Number of rows, at least 1.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of columns, at least 1.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// The chunks of at most [`BLOCK_ROWS`] rows, to be worked on in parallel.
    pub(crate) fn chunks(&self) -> rayon::slice::Chunks<'_, Column> {
        self.tiles.par_chunks(CHUNK_TILES * self.n_features)
    }

    /// All rows, laid out.
    #[cfg(test)]
    pub(crate) fn tiles(&self) -> &[Column] {
        &self.tiles
    }

    /// Number of chunks.
    pub(crate) fn n_chunks(&self) -> usize {
        self.n_rows.div_ceil(BLOCK_ROWS)
    }

    /// Rows in a chunk.
    pub(crate) fn rows_in(&self, chunk: usize) -> usize {
        (self.n_rows - chunk * BLOCK_ROWS).min(BLOCK_ROWS)
    }

    /// The values of a row.
    pub(crate) fn row(&self, index: usize) -> impl Iterator<Item = f64> + Clone + '_ {
        let tile = &self.tiles[index / LANES * self.n_features..][..self.n_features];
        tile.iter().map(move |column| column.0[index % LANES])
    }

    /// Squared Euclidean distance of a row from a point.
    pub(crate) fn squared_distance(&self, row: usize, point: &[f64]) -> f64 {
        squared_distance_from(self.row(row), point)
    }

    /// The given rows, in this order; at least one.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        let n_features = self.n_features;
        let mut tiles = vec![Column::ZERO; rows.len().div_ceil(LANES) * n_features];
        for (rows, tile) in rows.chunks(LANES).zip(tiles.chunks_exact_mut(n_features)) {
            for lane in 0..LANES {
                let row = rows[lane.min(rows.len() - 1)];
                for (column, value) in tile.iter_mut().zip(self.row(row)) {
                    column.0[lane] = value;
                }
            }
        }
        Self {
            tiles,
            n_rows: rows.len(),
            n_features,
        }
    }

    /// Number of distinct rows, counted no further than `limit`.
    ///
    /// Usually ends within the first few rows; costs `O(n * limit * d)` when rows repeat throughout.
    pub(crate) fn distinct_rows(&self, limit: usize) -> usize {
        let mut seen: Vec<Vec<f64>> = Vec::new();
        for row in 0..self.n_rows {
            if seen.len() == limit {
                break;
            }
            let known = |other: &Vec<f64>| self.row(row).eq(other.iter().copied());
            if !seen.iter().any(known) {
                seen.push(self.row(row).collect());
            }
        }
        seen.len()
    }
}

/// Fewer chunks than this are not worth the handing over to another thread.
pub(crate) const MIN_CHUNKS: usize = 4;

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn rows_are_found_again_in_any_layout() {
        let x = Array2::from_shape_fn((21, 3), |(i, j)| (10 * i + j) as f64);
        let column_major = x.t().as_standard_layout().into_owned();
        for points in [Points::new(x.view()), Points::new(column_major.t())] {
            let points = points.unwrap();
            for (index, row) in x.rows().into_iter().enumerate() {
                assert_eq!(points.row(index).collect::<Vec<_>>(), row.to_vec());
            }
        }
    }

    #[test]
    fn the_first_flaw_in_row_order_is_named() {
        let flaw = |x: Array2<f64>| Points::new(x.view()).unwrap_err();
        let x = array![[1.0, 2.0, 1e200], [f64::NAN, 5.0, f64::INFINITY]];
        assert_eq!(
            flaw(x.clone()),
            PointsError::NonFinite { row: 1, column: 0 }
        );
        assert_eq!(
            flaw(x.slice(ndarray::s![..1, ..]).to_owned()),
            PointsError::TooLarge {
                row: 0,
                column: 2,
                value: 1e200
            }
        );
        assert_eq!(
            flaw(Array2::zeros((0, 2))),
            PointsError::Empty {
                rows: 0,
                columns: 2
            }
        );
    }

    #[test]
    fn distinct_rows_stops_at_the_limit_and_takes_both_zeros_for_one() {
        let points = Points::new(array![[0.0], [-0.0], [1.0], [1.0], [2.0]].view()).unwrap();
        assert_eq!(points.distinct_rows(10), 3);
        assert_eq!(points.distinct_rows(2), 2);
    }
}
