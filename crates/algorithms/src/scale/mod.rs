//! Scaling of columns: the signed logarithm and the standard scaler.
//!
//! K-Means and the silhouette weigh every column by its spread. Counts and money are spread over
//! orders of magnitude, so [`signed_log1p`] first makes ratios into differences; then
//! [`StandardScaler`] brings every column to mean 0 and sample standard deviation 1, as Spark's
//! `StandardScaler` does with `withMean` and `withStd` (scikit-learn divides by `n` instead of
//! `n - 1`).
//!
//! Cost: two passes over the data to fit, one to transform.

mod standard;
#[cfg(test)]
mod tests;

pub use standard::{ScaleError, StandardScaler};

/// `sign(x) · ln(1 + |x|)`: the logarithm for counts and money, odd, and smooth through 0, so that
/// refunds (negative sums) are as far from 0 as the purchases they undo.
///
/// Keeps NaN; infinities map to themselves.
///
/// ```
/// use algorithms::scale::signed_log1p;
///
/// assert_eq!(signed_log1p(0.0), 0.0);
/// assert_eq!(signed_log1p(-99.0), -signed_log1p(99.0));
/// ```
#[must_use]
pub fn signed_log1p(x: f64) -> f64 {
    x.abs().ln_1p().copysign(x)
}
