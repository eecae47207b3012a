use super::error::RankingError;

/// Root of the mean squared difference between predicted and actual scores.
///
/// As Spark `RegressionEvaluator` with `rmse`, except that a prediction that is not a number is
/// refused here, where Spark returns NaN.
///
/// # Errors
/// No scores, lists of different length, a value that is not finite (its index).
pub fn rmse(predicted: &[f32], actual: &[f32]) -> Result<f64, RankingError> {
    mean_difference(predicted, actual, |difference| difference * difference).map(f64::sqrt)
}

/// Mean absolute difference between predicted and actual scores.
///
/// As Spark `RegressionEvaluator` with `mae`.
///
/// # Errors
/// As [`rmse`].
pub fn mae(predicted: &[f32], actual: &[f32]) -> Result<f64, RankingError> {
    mean_difference(predicted, actual, f64::abs)
}

fn mean_difference(
    predicted: &[f32],
    actual: &[f32],
    of: impl Fn(f64) -> f64,
) -> Result<f64, RankingError> {
    if predicted.len() != actual.len() {
        return Err(RankingError::Length {
            left: predicted.len(),
            left_name: "predictions",
            right: actual.len(),
            right_name: "scores",
        });
    }
    if predicted.is_empty() {
        return Err(RankingError::Nothing);
    }
    let pairs = || predicted.iter().zip(actual);
    if let Some(index) = pairs().position(|(p, a)| !p.is_finite() || !a.is_finite()) {
        return Err(RankingError::NonFinite { index });
    }
    let sum: f64 = pairs()
        .map(|(&p, &a)| of(f64::from(p) - f64::from(a)))
        .sum();
    Ok(sum / predicted.len() as f64)
}
