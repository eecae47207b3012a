use super::PAD;
use super::aligned::Aligned;
use super::lanes::{Lanes, SYSTEMS, add_product, factorize, place, substitute};
use super::real::Real;
use crate::isa::{self, Kernel, one_at_a_time, unrolled};

/// Solves `(D + Z' C Z) x = Z' beta` as [`Dual`](super::Dual) does, for systems of very few entries:
/// several at a time, each in a lane of its own.
///
/// A small system by itself is a chain of divisions and roots that wait for each other, on vectors
/// that are mostly padding. Side by side, every operation is one on full vectors. A system that has
/// fewer entries than others is filled up with entries of weight 0, which change none of its bits: what
/// is in the other lanes is nothing to it.
pub(crate) struct DualBatch<'a, S, T> {
    /// The rows of all `Z`, of width `stride`, a multiple of the padding; what is beyond `d` has
    /// no say.
    pub(crate) table: &'a [S],
    pub(crate) stride: usize,
    pub(crate) entries: &'a [BatchEntry<T>],
    /// For each system one over the roots of `D`, of width `stride` too.
    pub(crate) scales: Lanes<&'a [T]>,
    /// `C^(-1/2) beta`, a value per entry; 0 where a system has no such entry. Overwritten.
    pub(crate) w: &'a mut [Lanes<T>],
    pub(crate) buffers: &'a mut BatchBuffers<T>,
    /// Receives the solution, `d` values.
    pub(crate) x: &'a mut [Lanes<T>],
}

/// An entry of each system.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub(crate) struct BatchEntry<T> {
    /// Its row of the table; any row where a system has no such entry.
    pub(crate) indices: Lanes<u32>,
    /// The root of its value of `C`; 0 where a system has no such entry.
    pub(crate) roots: Lanes<T>,
    /// Its `beta` over this root; 0 where a system has no such entry.
    pub(crate) targets: Lanes<T>,
}

/// Room for systems and what leads to them.
#[derive(Default)]
pub(crate) struct BatchBuffers<T> {
    /// The scales, side by side.
    roots: Aligned<Lanes<T>>,
    /// The rows of `Z`.
    z: Aligned<Lanes<T>>,
    /// The triangle of a matrix.
    system: Aligned<Lanes<T>>,
}

impl<S: Real, T: Real> DualBatch<'_, S, T> {
    /// Which systems have been solved: those that are positive definite.
    pub(crate) fn solve(self) -> Lanes<bool> {
        isa::run(self)
    }
}

impl<S: Real, T: Real> Kernel for DualBatch<'_, S, T> {
    type Output = Lanes<bool>;

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> Self::Output {
        let Self {
            table,
            stride,
            entries,
            scales,
            w,
            buffers: BatchBuffers { roots, z, system },
            x,
        } = self;
        let (n, d) = (entries.len(), x.len());
        debug_assert_eq!(w.len(), n);
        z.resize(n * d, [T::ZERO; SYSTEMS]);
        roots.resize(stride, [T::ZERO; SYSTEMS]);
        side_by_side::<_, ROWS>(&scales, roots);
        let roots = &roots[..d];
        for (z, entry) in z.chunks_exact_mut(d).zip(entries) {
            gather::<_, _, ROWS>(table, stride, entry, roots, z);
        }
        system.clear();
        system.resize(n * (n + 1) / 2, [T::ZERO; SYSTEMS]);
        if T::WIDE && ROWS == 8 {
            products::<T, 4>(z, d, n, system);
        } else {
            products::<T, 2>(z, d, n, system);
        }
        let solved = factorize(system, n);
        substitute(system, w);
        let mut column = 0;
        while column + 4 <= d {
            combine::<T, 4>(z, d, w, x, column);
            column += 4;
        }
        while column < d {
            combine::<T, 1>(z, d, w, x, column);
            column += 1;
        }
        for (x, root) in x.iter_mut().zip(roots) {
            one_at_a_time();
            let mut scaled = *x;
            for lane in 0..SYSTEMS {
                scaled[lane] = scaled[lane] * root[lane];
            }
            *x = scaled;
        }
        solved
    }
}

/// Writes a row of each system to `target`, whose length is theirs; most often they are all the same
/// row.
#[inline(always)]
fn side_by_side<T: Real, const ROWS: usize>(rows: &Lanes<&[T]>, target: &mut [Lanes<T>]) {
    let [first, others @ ..] = rows;
    if others.iter().all(|row| std::ptr::eq(*first, *row)) {
        for (target, &value) in target.iter_mut().zip(*first) {
            one_at_a_time();
            *target = [value; SYSTEMS];
        }
        return;
    }
    let ones = [[T::ONE; SYSTEMS]; PAD];
    let (blocks, _) = target.as_chunks_mut::<PAD>();
    let chunks = rows.map(|row| row.as_chunks::<PAD>().0);
    for (block, target) in blocks.iter_mut().enumerate() {
        one_at_a_time();
        let chunks = chunks.map(|chunks| &chunks[block]);
        T::scale_into_lanes::<T, ROWS>(&chunks, &ones[0], &ones, target);
    }
}

/// Writes an entry of each system to `z`: its row, times its scale and the roots of the columns.
#[inline(always)]
fn gather<S: Real, T: Real, const ROWS: usize>(
    table: &[S],
    stride: usize,
    entry: &BatchEntry<T>,
    roots: &[Lanes<T>],
    z: &mut [Lanes<T>],
) {
    let (table, _) = table.as_chunks::<PAD>();
    let (blocks, rest) = z.as_chunks_mut::<PAD>();
    let (root_blocks, rest_of_roots) = roots.as_chunks::<PAD>();
    for (block, (target, roots)) in blocks.iter_mut().zip(root_blocks).enumerate() {
        one_at_a_time();
        block_into_lanes::<S, T, ROWS>(table, stride, entry, block, roots, target);
    }
    if !rest.is_empty() {
        let mut roots = [[T::ZERO; SYSTEMS]; PAD];
        roots[..rest.len()].copy_from_slice(rest_of_roots);
        let mut last = [[T::ZERO; SYSTEMS]; PAD];
        let block = root_blocks.len();
        block_into_lanes::<S, T, ROWS>(table, stride, entry, block, &roots, &mut last);
        rest.copy_from_slice(&last[..rest.len()]);
    }
}

/// Some columns of what [`gather`] writes.
#[inline(always)]
fn block_into_lanes<S: Real, T: Real, const ROWS: usize>(
    table: &[[S; PAD]],
    stride: usize,
    entry: &BatchEntry<T>,
    block: usize,
    roots: &[Lanes<T>; PAD],
    target: &mut [Lanes<T>; PAD],
) {
    let mut chunks = [&table[0]; SYSTEMS];
    for lane in 0..SYSTEMS {
        chunks[lane] = &table[entry.indices[lane] as usize * (stride / PAD) + block];
    }
    T::scale_into_lanes::<S, ROWS>(&chunks, &entry.roots, roots, target);
}

/// `I + Z Z'`, the lower triangle, in tiles of `TILE` by `TILE` that stay in registers.
#[inline(always)]
fn products<T: Real, const TILE: usize>(
    z: &[Lanes<T>],
    d: usize,
    n: usize,
    system: &mut [Lanes<T>],
) {
    for i in (0..n).step_by(TILE) {
        for j in (0..=i).step_by(TILE) {
            match (TILE.min(n - i), i == j) {
                (4, false) => tile::<T, 4, TILE, false>(z, d, i, j, system),
                (3, false) => tile::<T, 3, TILE, false>(z, d, i, j, system),
                (2, false) => tile::<T, 2, TILE, false>(z, d, i, j, system),
                (_, false) => tile::<T, 1, TILE, false>(z, d, i, j, system),
                (4, true) => tile::<T, 4, 4, true>(z, d, i, j, system),
                (3, true) => tile::<T, 3, 3, true>(z, d, i, j, system),
                (2, true) => tile::<T, 2, 2, true>(z, d, i, j, system),
                (_, true) => tile::<T, 1, 1, true>(z, d, i, j, system),
            }
        }
    }
}

/// The products of `ROWS` entries from `i` with `COLUMNS` entries from `j`; on the diagonal those of
/// the lower triangle, and one more for an entry with itself.
#[inline(always)]
fn tile<T: Real, const ROWS: usize, const COLUMNS: usize, const DIAGONAL: bool>(
    z: &[Lanes<T>],
    d: usize,
    i: usize,
    j: usize,
    system: &mut [Lanes<T>],
) {
    let (mut left, mut right) = ([&z[..0]; ROWS], [&z[..0]; COLUMNS]);
    unrolled!(p < ROWS, left[p] = &z[(i + p) * d..][..d]);
    unrolled!(q < COLUMNS, right[q] = &z[(j + q) * d..][..d]);
    let mut sums = [[[T::ZERO; SYSTEMS]; COLUMNS]; ROWS];
    for column in 0..d {
        one_at_a_time();
        unrolled!(p < ROWS, {
            unrolled!(q < COLUMNS, {
                if !DIAGONAL || q <= p {
                    add_product(&mut sums[p][q], &left[p][column], &right[q][column]);
                }
            });
        });
    }
    unrolled!(p < ROWS, {
        unrolled!(q < COLUMNS, {
            if !DIAGONAL || q <= p {
                let mut sum = sums[p][q];
                if DIAGONAL && p == q {
                    for sum in &mut sum {
                        *sum += T::ONE;
                    }
                }
                system[place(i + p, j + q)] = sum;
            }
        });
    });
}

/// `Z' w`, some columns of it.
#[inline(always)]
fn combine<T: Real, const COLUMNS: usize>(
    z: &[Lanes<T>],
    d: usize,
    w: &[Lanes<T>],
    x: &mut [Lanes<T>],
    column: usize,
) {
    let mut sums = [[T::ZERO; SYSTEMS]; COLUMNS];
    for (z, w) in z.chunks_exact(d).zip(w) {
        one_at_a_time();
        let Some(z) = z[column..].first_chunk::<COLUMNS>() else {
            break;
        };
        unrolled!(q < COLUMNS, add_product(&mut sums[q], w, &z[q]));
    }
    let x = &mut x[column..][..COLUMNS];
    unrolled!(q < COLUMNS, x[q] = sums[q]);
}
