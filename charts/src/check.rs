//! Checks every figure makes before it draws.

use crate::error::ChartError;

/// Fails unless `value` is an ordinary number.
pub(crate) fn finite(
    figure: &'static str,
    what: impl FnOnce() -> String,
    value: f64,
) -> Result<(), ChartError> {
    if value.is_finite() {
        return Ok(());
    }
    Err(ChartError::NotFinite {
        figure,
        what: what(),
        value,
    })
}

/// Fails when `present` is false.
pub(crate) fn not_empty(
    figure: &'static str,
    present: bool,
    reason: &str,
) -> Result<(), ChartError> {
    if present {
        return Ok(());
    }
    Err(ChartError::Empty {
        figure,
        reason: reason.to_owned(),
    })
}

/// Fails when two lengths that must agree do not.
pub(crate) fn same_len(
    figure: &'static str,
    what: impl FnOnce() -> String,
    found: usize,
    expected: usize,
) -> Result<(), ChartError> {
    if found == expected {
        return Ok(());
    }
    let reason = format!(
        "{} has {found} values where {expected} were expected",
        what()
    );
    Err(ChartError::Mismatch { figure, reason })
}

/// Fails unless `value` is a share: a number from 0 to 1, give or take rounding.
pub(crate) fn share(
    figure: &'static str,
    what: impl Fn() -> String,
    value: f64,
) -> Result<(), ChartError> {
    finite(figure, &what, value)?;
    if (-1e-9..=1.0 + 1e-9).contains(&value) {
        return Ok(());
    }
    let reason = format!("{} is {value}, but a share lies between 0 and 1", what());
    Err(ChartError::Mismatch { figure, reason })
}

/// Fails when `value` is negative or not a number.
pub(crate) fn not_negative(
    figure: &'static str,
    what: impl Fn() -> String,
    value: f64,
) -> Result<(), ChartError> {
    finite(figure, &what, value)?;
    if value >= 0.0 {
        return Ok(());
    }
    let reason = format!("{} is {value}, but it is never negative", what());
    Err(ChartError::Mismatch { figure, reason })
}
