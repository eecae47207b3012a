use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::rows::{BLOCK_ROWS, Rows, first_non_finite};

/// A column whose standard deviation is below this share of its largest absolute value is constant:
/// what spread there is comes from rounding (the same sum taken in another order, say).
const ROUNDING_NOISE: f64 = 64.0 * f64::EPSILON;

/// Why scaling was not possible.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ScaleError {
    /// There is no row or no column to learn from.
    #[error("cannot scale an empty matrix ({rows} rows, {columns} columns)")]
    Empty {
        /// Rows given.
        rows: usize,
        /// Columns given.
        columns: usize,
    },
    /// A value is NaN or infinite.
    #[error("row {row}, column {column} is not a finite number; fill or drop it before scaling")]
    NonFinite {
        /// Index of the first such row.
        row: usize,
        /// Index of its first such column.
        column: usize,
    },
    /// The values of a column are so large that their variance is not a finite number.
    #[error("column {column} is too large: its variance is not a finite number")]
    TooLarge {
        /// Index of the column.
        column: usize,
    },
    /// The rows to transform have another number of columns than those the scaler was fitted on.
    #[error("the scaler knows {expected} columns, but the rows have {found}")]
    Columns {
        /// Columns of the scaler.
        expected: usize,
        /// Columns of the rows.
        found: usize,
    },
}

/// Mean and sample standard deviation of each column, to bring rows to mean 0 and deviation 1.
///
/// Written as `{"mean": […], "std": […]}`. A frozen scaler transforms rows of a later day.
///
/// ```
/// use algorithms::scale::StandardScaler;
/// use ndarray::array;
///
/// let x = array![[1.0, 7.0], [2.0, 7.0], [3.0, 7.0]];
/// let scaler = StandardScaler::fit(x.view())?;
/// assert_eq!(scaler.transform(x.view())?, array![[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]]);
/// # Ok::<(), algorithms::scale::ScaleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StandardScaler {
    /// Mean of each column.
    #[serde(with = "crate::serde_rows::vector")]
    pub mean: Array1<f64>,
    /// Sample standard deviation (divisor `n - 1`) of each column; exactly 0 for a constant column.
    #[serde(with = "crate::serde_rows::vector")]
    pub std: Array1<f64>,
}

impl StandardScaler {
    /// Learns mean and standard deviation of each column of `x`, shape `(n_rows, n_features)`.
    ///
    /// Both are computed in two passes with the correction term of Chan, Golub and LeVeque (1983),
    /// so a large offset does not eat up a small spread. A column is constant, with deviation exactly
    /// 0, if its deviation is within rounding noise (64 units in the last place) of its largest
    /// value; so is every column of a single row.
    ///
    /// # Errors
    /// An empty matrix, NaN or infinity (with its position), an overflow of the variance.
    pub fn fit(x: ArrayView2<f64>) -> Result<Self, ScaleError> {
        let (n_rows, n_features) = x.dim();
        if n_rows == 0 || n_features == 0 {
            return Err(ScaleError::Empty {
                rows: n_rows,
                columns: n_features,
            });
        }
        check_finite(x)?;
        let rows = Rows::new(x);
        let n = n_rows as f64;

        // First pass: means, good to a few units in the last place.
        let mut mean = column_sums(&rows, |_, value| [value]).map(|[sum]| sum / n);
        // Second pass: the sum of the deviations, 0 but for rounding, corrects mean and variance.
        let moments = {
            let first = mean.clone();
            column_sums(&rows, move |column, value| {
                let deviation = value - first[column];
                [deviation, deviation * deviation]
            })
        };
        let largest = column_maxima(&rows);

        let mut std = Array1::zeros(n_features);
        for (column, &[deviations, squares]) in moments.iter().enumerate() {
            let variance = if n_rows > 1 {
                (squares - deviations * deviations / n).max(0.0) / (n - 1.0)
            } else {
                0.0
            };
            mean[column] += deviations / n;
            if !variance.is_finite() || !mean[column].is_finite() {
                return Err(ScaleError::TooLarge { column });
            }
            let deviation = variance.sqrt();
            if deviation > ROUNDING_NOISE * largest[column] {
                std[column] = deviation;
            }
        }
        Ok(Self { mean, std })
    }

    /// `(x - mean) / std` for each column; exactly 0 throughout a column that was constant in the
    /// fit. Accepts any number of rows, none included.
    ///
    /// # Errors
    /// Another number of columns than in the fit; NaN or infinity, with its position.
    pub fn transform(&self, x: ArrayView2<f64>) -> Result<Array2<f64>, ScaleError> {
        for expected in [self.mean.len(), self.std.len()] {
            if x.ncols() != expected {
                return Err(ScaleError::Columns {
                    expected,
                    found: x.ncols(),
                });
            }
        }
        check_finite(x)?;
        let mut scaled = Array2::zeros(x.dim());
        if x.is_empty() {
            return Ok(scaled);
        }
        let rows = Rows::new(x);
        // A fresh array is contiguous.
        if let Some(to) = scaled.as_slice_mut() {
            let blocks = to
                .par_chunks_mut(BLOCK_ROWS * rows.n_features())
                .zip(rows.blocks());
            blocks.for_each(|(to, from)| self.transform_block(to, from));
        }
        Ok(scaled)
    }

    fn transform_block(&self, to: &mut [f64], from: &[f64]) {
        let n_features = self.mean.len();
        for (to, from) in to
            .chunks_exact_mut(n_features)
            .zip(from.chunks_exact(n_features))
        {
            for ((to, &value), (&mean, &std)) in
                to.iter_mut().zip(from).zip(self.mean.iter().zip(&self.std))
            {
                *to = if std > 0.0 { (value - mean) / std } else { 0.0 };
            }
        }
    }
}

fn check_finite(x: ArrayView2<f64>) -> Result<(), ScaleError> {
    match first_non_finite(x) {
        Some((row, column)) => Err(ScaleError::NonFinite { row, column }),
        None => Ok(()),
    }
}

/// Sums of `terms(column, value)` over the rows, per column: by fixed blocks, in block order.
fn column_sums<const N: usize>(
    rows: &Rows<'_>,
    terms: impl Fn(usize, f64) -> [f64; N] + Sync,
) -> Array1<[f64; N]> {
    let n_features = rows.n_features();
    let blocks: Vec<Vec<[f64; N]>> = rows
        .blocks()
        .map(|block| {
            let mut sums = vec![[0.0; N]; n_features];
            for row in block.chunks_exact(n_features) {
                for (column, (sum, &value)) in sums.iter_mut().zip(row).enumerate() {
                    for (total, term) in sum.iter_mut().zip(terms(column, value)) {
                        *total += term;
                    }
                }
            }
            sums
        })
        .collect();
    let mut totals = Array1::from_elem(n_features, [0.0; N]);
    for sums in &blocks {
        for (total, sum) in totals.iter_mut().zip(sums) {
            for (a, b) in total.iter_mut().zip(sum) {
                *a += b;
            }
        }
    }
    totals
}

/// Largest absolute value of each column.
fn column_maxima(rows: &Rows<'_>) -> Vec<f64> {
    let mut maxima = vec![0.0_f64; rows.n_features()];
    for row in rows.iter() {
        for (largest, value) in maxima.iter_mut().zip(row) {
            *largest = largest.max(value.abs());
        }
    }
    maxima
}
