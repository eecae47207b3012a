//! Rows of a matrix as contiguous slices, and what is asked of them before any arithmetic.
//!
//! Everything that is summed over rows is summed per block of [`BLOCK_ROWS`] rows, and the blocks
//! are combined in their order. The blocks depend on the data alone, so no result depends on the
//! number of threads.

use std::borrow::Cow;

use ndarray::ArrayView2;
use rayon::prelude::*;

/// Rows per unit of parallel work, and per partial sum.
pub(crate) const BLOCK_ROWS: usize = 2048;

/// A matrix seen as contiguous rows; copied only if the view is not already laid out so.
///
/// There is at least one column: every caller rejects empty rows first.
pub(crate) struct Rows<'a> {
    data: Cow<'a, [f64]>,
    n_features: usize,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(x: ArrayView2<'a, f64>) -> Self {
        debug_assert!(x.ncols() > 0);
        let n_features = x.ncols();
        let data = match x.to_slice() {
            Some(slice) => Cow::Borrowed(slice),
            None => Cow::Owned(x.iter().copied().collect()),
        };
        Self { data, n_features }
    }

    pub(crate) fn n_features(&self) -> usize {
        self.n_features
    }

    pub(crate) fn len(&self) -> usize {
        self.data.len() / self.n_features
    }

    /// All values, row after row.
    pub(crate) fn as_slice(&self) -> &[f64] {
        &self.data
    }

    pub(crate) fn row(&self, index: usize) -> &[f64] {
        &self.data[index * self.n_features..(index + 1) * self.n_features]
    }

    pub(crate) fn iter(&self) -> std::slice::ChunksExact<'_, f64> {
        self.data.chunks_exact(self.n_features)
    }

    /// The fixed blocks of rows, in order, to be worked on in parallel.
    pub(crate) fn blocks(&self) -> rayon::slice::Chunks<'_, f64> {
        self.data.par_chunks(BLOCK_ROWS * self.n_features)
    }
}

/// Squared Euclidean distance of two points, summed in feature order as
/// [`tiles`](crate::tiles) do.
#[inline]
pub(crate) fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    squared_distance_from(a.iter().copied(), b)
}

/// [`squared_distance`] of a point whose coordinates come one by one.
#[inline]
pub(crate) fn squared_distance_from(a: impl Iterator<Item = f64>, b: &[f64]) -> f64 {
    a.zip(b).fold(0.0, |sum, (p, &q)| {
        let difference = p - q;
        difference.mul_add(difference, sum)
    })
}

/// Largest absolute value whose squared differences can still be summed without overflow.
pub(crate) const LARGEST: f64 = 1e150;

/// Position (row, column) of the first NaN or infinity, in row order.
pub(crate) fn first_non_finite(x: ArrayView2<f64>) -> Option<(usize, usize)> {
    first_where(x, |value| !value.is_finite())
}

/// Position (row, column) of the first value too large to be squared, in row order.
pub(crate) fn first_too_large(x: ArrayView2<f64>) -> Option<(usize, usize)> {
    first_where(x, |value| value.abs() > LARGEST)
}

fn first_where(x: ArrayView2<f64>, found: impl Fn(f64) -> bool) -> Option<(usize, usize)> {
    match x.to_slice() {
        Some(values) => values
            .iter()
            .position(|&value| found(value))
            .map(|index| (index / x.ncols(), index % x.ncols())),
        None => x
            .indexed_iter()
            .find(|&(_, &value)| found(value))
            .map(|(position, _)| position),
    }
}

/// Number of distinct rows, counted no further than `limit`.
///
/// Usually ends within the first few rows; costs `O(n * limit * d)` when rows repeat throughout.
pub(crate) fn distinct_rows(rows: &Rows<'_>, limit: usize) -> usize {
    let mut seen: Vec<&[f64]> = Vec::new();
    for row in rows.iter() {
        if seen.len() == limit {
            break;
        }
        if !seen.contains(&row) {
            seen.push(row);
        }
    }
    seen.len()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_column_major_matrix_is_read_by_rows() {
        let x = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let transposed = x.t();
        let rows = Rows::new(transposed);
        assert_eq!(rows.len(), 3);
        assert_eq!(rows.row(1), [2.0, 5.0]);
    }

    #[test]
    fn the_first_flaw_in_row_order_is_found_in_any_layout() {
        let x = array![[1.0, 2.0, 1e200], [f64::NAN, 5.0, f64::INFINITY]];
        assert_eq!(first_non_finite(x.view()), Some((1, 0)));
        assert_eq!(first_non_finite(x.t()), Some((0, 1)));
        assert_eq!(first_too_large(x.view()), Some((0, 2)));
        assert_eq!(first_too_large(array![[1.0]].view()), None);
    }

    #[test]
    fn distinct_rows_stops_at_the_limit_and_takes_both_zeros_for_one() {
        let x = array![[0.0], [-0.0], [1.0], [1.0], [2.0]];
        let rows = Rows::new(x.view());
        assert_eq!(distinct_rows(&rows, 10), 3);
        assert_eq!(distinct_rows(&rows, 2), 2);
    }
}
