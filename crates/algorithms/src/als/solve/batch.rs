use super::real::Real;
use crate::isa::{self, Kernel, one_at_a_time, unrolled};

/// Systems solved side by side: as many numbers as the widest registers hold.
pub(crate) const SYSTEMS: usize = 16;

/// A number of each system.
pub(crate) type Lanes<T> = [T; SYSTEMS];

/// Solves `(D + Z' C Z) x = Z' beta` as [`Dual`](super::Dual) does, for systems of very few entries:
/// several at a time, each in a lane of its own.
///
/// A small system by itself is a chain of divisions and roots that wait for each other, on vectors
/// that are mostly padding. Side by side, every operation is one on full vectors. A system that has
/// fewer entries than others is filled up with entries of weight 1 without factors, which change
/// none of its bits: what is in the other lanes is nothing to it.
pub(crate) struct DualBatch<'a, T> {
    /// `Z`: entry after entry, `d` unknowns each. Overwritten.
    pub(crate) z: &'a mut [Lanes<T>],
    /// `D`, `d` values. Overwritten.
    pub(crate) diagonal: &'a mut [Lanes<T>],
    /// `C`, a value per entry.
    pub(crate) weights: &'a [Lanes<T>],
    /// A value per entry. Overwritten.
    pub(crate) beta: &'a mut [Lanes<T>],
    /// Room for the triangle of a matrix.
    pub(crate) system: &'a mut Vec<Lanes<T>>,
    /// Receives the solution, `d` values.
    pub(crate) x: &'a mut [Lanes<T>],
}

impl<T: Real> DualBatch<'_, T> {
    /// Which systems have been solved: those that are positive definite.
    pub(crate) fn solve(self) -> Lanes<bool> {
        isa::run(self)
    }
}

impl<T: Real> Kernel for DualBatch<'_, T> {
    type Output = Lanes<bool>;

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> Self::Output {
        let Self {
            z,
            diagonal: roots,
            weights,
            beta: w,
            system,
            x,
        } = self;
        let (n, d) = (weights.len(), roots.len());
        debug_assert_eq!((z.len(), w.len(), x.len()), (n * d, n, d));

        for root in roots.iter_mut() {
            one_at_a_time();
            for root in root.iter_mut() {
                *root = T::ONE / root.sqrt();
            }
        }
        for (z, (w, weight)) in z.chunks_exact_mut(d).zip(w.iter_mut().zip(weights)) {
            let mut scale = *weight;
            for scale in &mut scale {
                *scale = scale.sqrt();
            }
            for lane in 0..SYSTEMS {
                w[lane] = w[lane] / scale[lane];
            }
            for (z, root) in z.iter_mut().zip(roots.iter()) {
                one_at_a_time();
                for lane in 0..SYSTEMS {
                    z[lane] = z[lane] * (scale[lane] * root[lane]);
                }
            }
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
        for (x, root) in x.iter_mut().zip(roots.iter()) {
            one_at_a_time();
            for lane in 0..SYSTEMS {
                x[lane] = x[lane] * root[lane];
            }
        }
        solved
    }
}

/// The place of an element of a triangle that is kept row after row.
#[inline(always)]
fn place(i: usize, j: usize) -> usize {
    i * (i + 1) / 2 + j
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

/// `sum += a b`.
#[inline(always)]
fn add_product<T: Real>(sum: &mut Lanes<T>, a: &Lanes<T>, b: &Lanes<T>) {
    for lane in 0..SYSTEMS {
        sum[lane] += a[lane] * b[lane];
    }
}

/// `sum -= a b`.
#[inline(always)]
fn subtract_product<T: Real>(sum: &mut Lanes<T>, a: &Lanes<T>, b: &Lanes<T>) {
    for lane in 0..SYSTEMS {
        sum[lane] -= a[lane] * b[lane];
    }
}

/// Replaces a matrix by its Cholesky factor, the diagonal inverted; says which have one.
#[inline(always)]
fn factorize<T: Real>(system: &mut [Lanes<T>], n: usize) -> Lanes<bool> {
    let mut solved = [true; SYSTEMS];
    for j in 0..n {
        for i in j..n {
            let mut value = system[place(i, j)];
            for k in 0..j {
                one_at_a_time();
                subtract_product(&mut value, &system[place(i, k)], &system[place(j, k)]);
            }
            if i == j {
                // A pivot that is NaN fails this comparison too.
                for lane in 0..SYSTEMS {
                    solved[lane] &= value[lane] > T::ZERO && value[lane] < T::INFINITY;
                }
                for value in &mut value {
                    *value = T::ONE / value.sqrt();
                }
            } else {
                let inverse = system[place(j, j)];
                for lane in 0..SYSTEMS {
                    value[lane] = value[lane] * inverse[lane];
                }
            }
            system[place(i, j)] = value;
        }
    }
    solved
}

/// Solves `L L' w = b` in place of `b`, for `L` from [`factorize`].
#[inline(always)]
fn substitute<T: Real>(l: &[Lanes<T>], w: &mut [Lanes<T>]) {
    let n = w.len();
    for i in 0..n {
        let mut value = w[i];
        for k in 0..i {
            one_at_a_time();
            subtract_product(&mut value, &l[place(i, k)], &w[k]);
        }
        for lane in 0..SYSTEMS {
            value[lane] = value[lane] * l[place(i, i)][lane];
        }
        w[i] = value;
    }
    for i in (0..n).rev() {
        let mut value = w[i];
        for k in i + 1..n {
            one_at_a_time();
            subtract_product(&mut value, &l[place(k, i)], &w[k]);
        }
        for lane in 0..SYSTEMS {
            value[lane] = value[lane] * l[place(i, i)][lane];
        }
        w[i] = value;
    }
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
    x[column..column + COLUMNS].copy_from_slice(&sums);
}

/// `sum x[i] rows[i]` for each system, for rows that all systems have in common: a basis change.
pub(crate) struct CombineBatch<'a, T> {
    /// Rows of the width of `target`, a multiple of the padding.
    pub(crate) rows: &'a [T],
    /// A value per row.
    pub(crate) x: &'a [Lanes<T>],
    pub(crate) target: &'a mut [Lanes<T>],
}

impl<T: Real> CombineBatch<'_, T> {
    pub(crate) fn compute(self) {
        isa::run(self);
    }
}

impl<T: Real> Kernel for CombineBatch<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let stride = self.target.len();
        for (tile, target) in self.target.chunks_exact_mut(ROWS).enumerate() {
            let mut sums = [[T::ZERO; SYSTEMS]; ROWS];
            for (row, x) in self.rows.chunks_exact(stride).zip(self.x) {
                one_at_a_time();
                let Some(row) = row[tile * ROWS..].first_chunk::<ROWS>() else {
                    break;
                };
                unrolled!(i < ROWS, {
                    for lane in 0..SYSTEMS {
                        sums[i][lane] += row[i] * x[lane];
                    }
                });
            }
            target.copy_from_slice(&sums);
        }
    }
}
