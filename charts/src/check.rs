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
