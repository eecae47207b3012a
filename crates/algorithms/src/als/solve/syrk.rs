use super::real::Real;

/// Rows of a register tile.
const TILE_ROWS: usize = 4;

/// `a += left' right`, upper triangle, where `left` and `right` hold the same number of rows of
/// width `n`, a multiple of the padding.
///
/// With `left = right` scaled row by row this adds one weighted outer product per row: a symmetric
/// rank update, half the work of a product. Each tile of `a` stays in registers over all rows. (Of
/// the tiles on the diagonal the part below it is filled too; nobody reads it.)
pub(crate) fn add_outer_products<T: Real>(a: &mut [T], n: usize, left: &[T], right: &[T]) {
    debug_assert_eq!(left.len(), right.len());
    debug_assert_eq!(a.len(), n * n);
    for row in (0..n).step_by(TILE_ROWS) {
        let first = row / T::TILE * T::TILE;
        for column in (first..n).step_by(T::TILE) {
            if T::TILE == 8 {
                tile::<T, 8>(a, n, left, right, row, column);
            } else {
                tile::<T, 4>(a, n, left, right, row, column);
            }
        }
    }
}

#[inline]
fn tile<T: Real, const COLUMNS: usize>(
    a: &mut [T],
    n: usize,
    left: &[T],
    right: &[T],
    row: usize,
    column: usize,
) {
    let mut sums = [[T::ZERO; COLUMNS]; TILE_ROWS];
    for (l, r) in left.chunks_exact(n).zip(right.chunks_exact(n)) {
        let (Some(l), Some(r)) = (
            l[row..].first_chunk::<TILE_ROWS>(),
            r[column..].first_chunk::<COLUMNS>(),
        ) else {
            return;
        };
        for i in 0..TILE_ROWS {
            for j in 0..COLUMNS {
                sums[i][j] += l[i] * r[j];
            }
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        let target = &mut a[(row + i) * n + column..][..COLUMNS];
        for (value, &sum) in target.iter_mut().zip(sums) {
            *value += sum;
        }
    }
}
