use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::kernel::{Rows, first_non_finite};

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
        let mut scaled = x.to_owned();
        for mut row in scaled.rows_mut() {
            for ((value, &mean), &std) in row.iter_mut().zip(&self.mean).zip(&self.std) {
                *value = if std > 0.0 {
                    (*value - mean) / std
                } else {
                    0.0
                };
            }
        }
        Ok(scaled)
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

#[cfg(test)]
mod tests {
    use approx::{assert_abs_diff_eq, assert_relative_eq};
    use ndarray::{Axis, array};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_divisor_is_n_minus_one() {
        let scaler = StandardScaler::fit(array![[1.0], [2.0], [4.0]].view()).unwrap();
        assert_relative_eq!(scaler.mean[0], 7.0 / 3.0, max_relative = 1e-15);
        assert_relative_eq!(scaler.std[0], (7.0_f64 / 3.0).sqrt(), max_relative = 1e-15);
    }

    #[test]
    fn a_constant_column_becomes_exactly_zero() {
        // The mean of a million times 0.1 is not 0.1 when summed naively.
        let x = Array2::from_elem((100_000, 1), 0.1);
        let scaler = StandardScaler::fit(x.view()).unwrap();
        assert_eq!(scaler.std[0], 0.0);
        assert!(
            scaler
                .transform(x.view())
                .unwrap()
                .iter()
                .all(|&v| v == 0.0)
        );
    }

    #[test]
    fn a_column_that_varies_only_by_rounding_is_constant() {
        let x = array![[0.1 + 0.2], [0.3], [0.3], [0.1 + 0.2]];
        assert_ne!(x[[0, 0]], x[[1, 0]]);
        let scaler = StandardScaler::fit(x.view()).unwrap();
        assert_eq!(scaler.std[0], 0.0);
        assert_eq!(
            scaler.transform(x.view()).unwrap(),
            Array2::<f64>::zeros((4, 1))
        );
    }

    #[test]
    fn a_small_spread_on_a_large_offset_is_kept() {
        // Timestamps in seconds that differ by milliseconds.
        let x = array![[1.6e9], [1.6e9 + 0.0625], [1.6e9 + 0.125]];
        let scaler = StandardScaler::fit(x.view()).unwrap();
        assert_relative_eq!(scaler.std[0], 0.0625, max_relative = 1e-12);
        let scaled = scaler.transform(x.view()).unwrap();
        assert_abs_diff_eq!(scaled, array![[-1.0], [0.0], [1.0]], epsilon = 1e-12);
    }

    #[test]
    fn a_constant_column_stays_zero_for_rows_that_differ() {
        let scaler = StandardScaler::fit(array![[5.0], [5.0]].view()).unwrap();
        assert_eq!(
            scaler.transform(array![[7.0]].view()).unwrap(),
            array![[0.0]]
        );
    }

    #[test]
    fn one_row_has_no_spread() {
        let scaler = StandardScaler::fit(array![[5.0, -1.0]].view()).unwrap();
        assert_eq!(scaler.std, array![0.0, 0.0]);
        assert_eq!(scaler.mean, array![5.0, -1.0]);
    }

    #[test]
    fn an_empty_matrix_is_refused() {
        for shape in [(0, 3), (3, 0)] {
            let error = StandardScaler::fit(Array2::zeros(shape).view()).unwrap_err();
            assert_eq!(
                error,
                ScaleError::Empty {
                    rows: shape.0,
                    columns: shape.1
                }
            );
        }
    }

    #[test]
    fn a_value_that_is_not_finite_is_named() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let x = array![[1.0, 2.0], [3.0, bad]];
            let expected = ScaleError::NonFinite { row: 1, column: 1 };
            assert_eq!(StandardScaler::fit(x.view()).unwrap_err(), expected);
            let scaler = StandardScaler::fit(array![[1.0, 2.0], [3.0, 4.0]].view()).unwrap();
            assert_eq!(scaler.transform(x.view()).unwrap_err(), expected);
        }
    }

    #[test]
    fn an_overflow_is_named() {
        let error = StandardScaler::fit(array![[0.0, 1e200], [0.0, -1e200]].view()).unwrap_err();
        assert_eq!(error, ScaleError::TooLarge { column: 1 });
    }

    #[test]
    fn another_number_of_columns_is_refused() {
        let scaler = StandardScaler::fit(array![[1.0, 2.0], [3.0, 4.0]].view()).unwrap();
        let error = scaler.transform(array![[1.0]].view()).unwrap_err();
        assert_eq!(
            error,
            ScaleError::Columns {
                expected: 2,
                found: 1
            }
        );
    }

    #[test]
    fn no_rows_transform_to_no_rows() {
        let scaler = StandardScaler::fit(array![[1.0, 2.0], [3.0, 4.0]].view()).unwrap();
        assert_eq!(
            scaler
                .transform(Array2::zeros((0, 2)).view())
                .unwrap()
                .dim(),
            (0, 2)
        );
    }

    #[test]
    fn a_model_file_holds_plain_lists() {
        let scaler = StandardScaler {
            mean: array![1.5],
            std: array![0.25],
        };
        let text = serde_json::to_string(&scaler).unwrap();
        assert_eq!(text, r#"{"mean":[1.5],"std":[0.25]}"#);
        assert_eq!(
            serde_json::from_str::<StandardScaler>(&text).unwrap(),
            scaler
        );
    }

    proptest! {
        #[test]
        fn scaled_columns_have_mean_zero_and_deviation_one(
            values in prop::collection::vec(-1e6..1e6_f64, 6..300),
        ) {
            let n = values.len() / 3;
            let x = Array2::from_shape_vec((n, 3), values[..n * 3].to_vec()).unwrap();
            let scaled = StandardScaler::fit(x.view()).unwrap().transform(x.view()).unwrap();
            for column in scaled.axis_iter(Axis(1)) {
                prop_assert!(column.sum().abs() / n as f64 <= 1e-12);
                prop_assert!((column.std(1.0) - 1.0).abs() <= 1e-12);
            }
        }
    }
}
