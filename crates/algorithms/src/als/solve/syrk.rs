use super::PAD;
use super::ahead::Ahead;
use super::aligned::Aligned;
use super::real::Real;
use crate::isa::{self, Kernel, one_at_a_time, unrolled};

/// Columns of a wide register tile.
pub(super) const WIDE: usize = 2 * PAD;

/// Columns of the widest: with fewer, as many sums as wide registers hold would wait for each other.
pub(super) const WIDEST: usize = 2 * WIDE;

/// Values gathered at a time: with their rows of `a` they stay in a first-level cache.
const GATHER_VALUES: usize = 4096;

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
fn outer_products<T: Real, const ROWS: usize>(a: &mut [T], n: usize, rows: &[T]) {
    outer_products_and_fetch::<T, T, ROWS>(a, n, rows, &mut Ahead::default());
}

/// Has other rows fetched from memory between tiles.
#[inline(always)]
pub(super) fn outer_products_and_fetch<T: Real, F, const ROWS: usize>(
    a: &mut [T],
    n: usize,
    rows: &[T],
    ahead: &mut Ahead<'_, F>,
) {
    let at_once = ahead.len().div_ceil(n_tiles::<T, ROWS>(n).max(1));
    debug_assert_eq!(a.len(), n * n);
    debug_assert_eq!(n % PAD, 0);
    for row in (0..n).step_by(ROWS) {
        let mut column = row / PAD * PAD;
        while column < n {
            ahead.fetch(at_once);
            let width = tile_width::<T, ROWS>(n - column);
            match width {
                WIDEST => add(
                    a,
                    n,
                    row,
                    column,
                    &tile::<T, ROWS, WIDEST>(rows, n, row, column),
                ),
                WIDE => add(
                    a,
                    n,
                    row,
                    column,
                    &tile::<T, ROWS, WIDE>(rows, n, row, column),
                ),
                _ => add(
                    a,
                    n,
                    row,
                    column,
                    &tile::<T, ROWS, PAD>(rows, n, row, column),
                ),
            }
            column += width;
        }
    }
}

/// Tiles of a triangle.
#[inline(always)]
fn n_tiles<T: Real, const ROWS: usize>(n: usize) -> usize {
    let mut tiles = 0;
    for row in (0..n).step_by(ROWS) {
        let mut column = row / PAD * PAD;
        while column < n {
            column += tile_width::<T, ROWS>(n - column);
            tiles += 1;
        }
    }
    tiles
}

/// Columns of the next tile, where so many are left: [`WIDEST`], [`WIDE`] or the padding.
#[inline(always)]
pub(super) fn tile_width<T: Real, const ROWS: usize>(left: usize) -> usize {
    if T::WIDE && ROWS == PAD && left >= WIDEST {
        WIDEST
    } else if T::WIDE && left >= WIDE {
        WIDE
    } else {
        PAD
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
        target[lane] = factor.mul_add(values[lane], target[lane]);
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
/// with the given indices.
pub(crate) struct Entries<'a, T> {
    /// Rows of width `stride`.
    pub(crate) table: &'a [f32],
    pub(crate) stride: usize,
    pub(crate) indices: &'a [u32],
    /// The roots of the weights.
    pub(crate) roots: &'a [T],
    pub(crate) beta: &'a [T],
    /// Rows of the table that are needed next.
    pub(crate) next: &'a [u32],
}

impl<T: Real> Entries<'_, T> {
    /// Adds to `a` and `b`; `gathered` is a buffer.
    pub(crate) fn add(self, a: &mut [T], b: &mut [T], gathered: &mut Aligned<T>) {
        let entries = self;
        isa::run(Addition {
            entries,
            a,
            b,
            gathered,
        });
    }
}

pub(super) struct Addition<'a, T> {
    pub(super) entries: Entries<'a, T>,
    pub(super) a: &'a mut [T],
    pub(super) b: &'a mut [T],
    pub(super) gathered: &'a mut Aligned<T>,
}

impl<T: Real> Kernel for Addition<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let Entries {
            table,
            stride,
            indices,
            roots,
            beta,
            next,
        } = self.entries;
        let at_once = (GATHER_VALUES / stride).clamp(PAD, 8 * PAD);
        self.gathered.resize(at_once * stride, T::ZERO);
        let entries = indices.chunks(at_once);
        let numbers = roots.chunks(at_once).zip(beta.chunks(at_once));
        let later = indices.chunks(at_once).skip(1).chain([next]);
        for ((indices, later), (roots, beta)) in entries.zip(later).zip(numbers) {
            let target = &mut self.gathered[..indices.len() * stride];
            let mut part = Part {
                table,
                stride,
                indices,
                roots,
                beta,
                target,
            };
            let mut column = 0;
            while column + 8 * PAD <= stride {
                part.gather::<PAD, 8>(self.b, column);
                column += 8 * PAD;
            }
            if column + 4 * PAD <= stride {
                part.gather::<PAD, 4>(self.b, column);
                column += 4 * PAD;
            }
            if column + 2 * PAD <= stride {
                part.gather::<WIDE, 1>(self.b, column);
                column += 2 * PAD;
            }
            if column < stride {
                part.gather::<PAD, 1>(self.b, column);
            }
            let mut ahead = Ahead::new(table, stride, later);
            outer_products_and_fetch::<T, f32, ROWS>(self.a, stride, part.target, &mut ahead);
        }
    }
}

/// As many entries as are gathered at a time.
struct Part<'a, T> {
    table: &'a [f32],
    stride: usize,
    indices: &'a [u32],
    roots: &'a [T],
    beta: &'a [T],
    /// Receives the rows times the roots of their weights.
    target: &'a mut [T],
}

impl<T: Real> Part<'_, T> {
    /// Gathers some columns, and adds `beta z` to `b`, which stays in registers.
    #[inline(always)]
    fn gather<const COLUMNS: usize, const CHUNKS: usize>(&mut self, b: &mut [T], column: usize) {
        let (b, _) = b[column..].as_chunks_mut::<COLUMNS>();
        let mut sums = [[T::ZERO; COLUMNS]; CHUNKS];
        unrolled!(c < CHUNKS, sums[c] = b[c]);
        let targets = self.target.chunks_exact_mut(self.stride);
        let entries = self.indices.iter().zip(self.roots.iter().zip(self.beta));
        for (target, (&index, (&root, &beta))) in targets.zip(entries) {
            one_at_a_time();
            let from = &self.table[index as usize * self.stride + column..][..CHUNKS * COLUMNS];
            let target = &mut target[column..][..CHUNKS * COLUMNS];
            let (from, _) = from.as_chunks::<COLUMNS>();
            let (target, _) = target.as_chunks_mut::<COLUMNS>();
            unrolled!(c < CHUNKS, {
                let z = from[c].map(T::from_f32);
                add_scaled(&mut sums[c], beta, &z);
                target[c] = z.map(|z| root * z);
            });
        }
        unrolled!(c < CHUNKS, b[c] = sums[c]);
    }
}
