//! Comparison to 1e-9 relative, with a message that says what differs.

/// Largest accepted difference, relative to the expected value.
const TOLERANCE: f64 = 1e-9;

pub(crate) fn assert_close(what: &str, found: f64, expected: f64) {
    let difference = (found - expected).abs();
    assert!(
        difference <= TOLERANCE * expected.abs(),
        "{what}: found {found:e}, expected {expected:e}"
    );
}

/// As [`assert_close`] for each value; values that may be 0 are compared relative to `scale`.
pub(crate) fn assert_all_close<'a>(
    what: &str,
    found: impl IntoIterator<Item = &'a f64>,
    expected: impl IntoIterator<Item = &'a f64>,
    scale: f64,
) {
    let found: Vec<f64> = found.into_iter().copied().collect();
    let expected: Vec<f64> = expected.into_iter().copied().collect();
    assert_eq!(found.len(), expected.len(), "{what}: number of values");
    for (index, (f, e)) in found.iter().zip(&expected).enumerate() {
        let difference = (f - e).abs();
        assert!(
            difference <= TOLERANCE * e.abs().max(scale),
            "{what}, value {index}: found {f:e}, expected {e:e}"
        );
    }
}
