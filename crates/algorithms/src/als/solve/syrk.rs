use super::PAD;
use super::real::Real;
use crate::isa::{self, Kernel, prefetch, unrolled};

/// Columns of a wide register tile.
pub(super) const WIDE: usize = 2 * PAD;

/// Values gathered at a time: with their rows of `a` they stay in a first-level cache.
const GATHER_VALUES: usize = 4096;

/// How many rows ahead of their use rows are fetched from memory.
const AHEAD: usize = 16;

/// Adds `rows' rows` to the upper triangle of `a`, where `rows` holds rows of width `n`, a multiple
/// of the padding: one outer product per row.
///
/// This symmetric rank update is half the work of a product. Each tile of `a` stays in registers
/// over all rows. (Of the tiles on the diagonal the part below it is filled too; nobody reads it.)
/// The sum over the rows is formed first, in their order, and added to `a` then.
pub(crate) fn add_outer_products<T: Real>(a: &mut [T], n: usize, rows: &[T]) {
    isa::run(OuterProducts { a, n, rows });
}

pub(super) struct OuterProducts<'a, T> {
    pub(super) a: &'a mut [T],
    pub(super) n: usize,
    pub(super) rows: &'a [T],
}

impl<T: Real> Kernel for OuterProducts<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        outer_products::<T, ROWS>(self.a, self.n, self.rows);
    }
}

#[inline(always)]
pub(super) fn outer_products<T: Real, const ROWS: usize>(a: &mut [T], n: usize, rows: &[T]) {
    debug_assert_eq!(a.len(), n * n);
    debug_assert_eq!(n % PAD, 0);
    for row in (0..n).step_by(ROWS) {
        let mut column = row / PAD * PAD;
        while T::WIDE && column + WIDE <= n {
            let sums = tile::<T, ROWS, WIDE>(rows, n, row, column);
            add(a, n, row, column, &sums);
            column += WIDE;
        }
        while column < n {
            let sums = tile::<T, ROWS, PAD>(rows, n, row, column);
            add(a, n, row, column, &sums);
            column += PAD;
        }
    }
}

/// The tile of `rows' rows` that begins at `row` and `column`.
#[inline(always)]
pub(super) fn tile<T: Real, const ROWS: usize, const COLUMNS: usize>(
    rows: &[T],
    n: usize,
    row: usize,
    column: usize,
) -> [[T; COLUMNS]; ROWS] {
    let mut sums = [[T::ZERO; COLUMNS]; ROWS];
    for values in rows.chunks_exact(n) {
        let (Some(left), Some(right)) = (
            values[row..].first_chunk::<ROWS>(),
            values[column..].first_chunk::<COLUMNS>(),
        ) else {
            break;
        };
        unrolled!(i < ROWS, add_scaled(&mut sums[i], left[i], right));
    }
    sums
}

/// `target += factor values`.
#[inline(always)]
pub(super) fn add_scaled<T: Real, const COLUMNS: usize>(
    target: &mut [T; COLUMNS],
    factor: T,
    values: &[T; COLUMNS],
) {
    for lane in 0..COLUMNS {
        target[lane] += factor * values[lane];
    }
}

#[inline(always)]
fn add<T: Real, const ROWS: usize, const COLUMNS: usize>(
    a: &mut [T],
    n: usize,
    row: usize,
    column: usize,
    sums: &[[T; COLUMNS]; ROWS],
) {
    unrolled!(i < ROWS, {
        let target = &mut a[(row + i) * n + column..][..COLUMNS];
        for lane in 0..COLUMNS {
            target[lane] += sums[i][lane];
        }
    });
}

/// Adds `weight z z'` to the upper triangle of `a` and `beta z` to `b`, for the rows `z` of a table
/// with the given indices. Weights are at least 0.
pub(crate) struct Entries<'a, T> {
    /// Rows of width `stride`.
    pub(crate) table: &'a [f32],
    pub(crate) stride: usize,
    pub(crate) indices: &'a [u32],
    pub(crate) weights: &'a [T],
    pub(crate) beta: &'a [T],
    pub(crate) a: &'a mut [T],
    pub(crate) b: &'a mut [T],
    /// Buffer of gathered rows.
    pub(crate) gathered: &'a mut Vec<T>,
}

impl<T: Real> Entries<'_, T> {
    pub(crate) fn add(self) {
        isa::run(self);
    }
}

impl<T: Real> Kernel for Entries<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let stride = self.stride;
        let at_once = (GATHER_VALUES / stride).clamp(PAD, 8 * PAD);
        self.gathered.resize(at_once * stride, T::ZERO);
        let (targets, _) = self.gathered.as_chunks_mut::<PAD>();
        let (b, _) = self.b.as_chunks_mut::<PAD>();
        let chunks = stride / PAD;
        let row = |index: u32| &self.table[index as usize * stride..][..stride];
        self.indices
            .iter()
            .take(AHEAD)
            .for_each(|&index| prefetch(row(index)));
        let mut ahead = self.indices.iter().skip(AHEAD);
        let entries = self.indices.chunks(at_once);
        let numbers = self.weights.chunks(at_once).zip(self.beta.chunks(at_once));
        for (indices, (weights, beta)) in entries.zip(numbers) {
            let entries = indices.iter().zip(weights.iter().zip(beta));
            for (target, (&index, (&weight, &beta))) in
                targets.chunks_exact_mut(chunks).zip(entries)
            {
                if let Some(&index) = ahead.next() {
                    prefetch(row(index));
                }
                let root = weight.sqrt();
                let (z, _) = row(index).as_chunks::<PAD>();
                for ((target, b), z) in target.iter_mut().zip(b.iter_mut()).zip(z) {
                    for lane in 0..PAD {
                        let z = T::from_f32(z[lane]);
                        target[lane] = root * z;
                        b[lane] += beta * z;
                    }
                }
            }
            let rows = targets[..indices.len() * chunks].as_flattened();
            outer_products::<T, ROWS>(self.a, stride, rows);
        }
    }
}
