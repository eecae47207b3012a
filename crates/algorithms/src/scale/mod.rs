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

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::signed_log1p;

    #[test]
    fn the_signed_logarithm_is_odd_and_exact_near_zero() {
        assert_relative_eq!(signed_log1p(99.0), 100.0_f64.ln(), max_relative = 1e-15);
        assert_relative_eq!(signed_log1p(-99.0), -(100.0_f64.ln()), max_relative = 1e-15);
        assert_relative_eq!(signed_log1p(1e-18), 1e-18, max_relative = 1e-15);
        assert_eq!(signed_log1p(f64::NEG_INFINITY), f64::NEG_INFINITY);
        assert!(signed_log1p(f64::NAN).is_nan());
    }
}
