//! Systems side by side, each in a lane of the vector registers.

use super::PAD;
use super::aligned::Aligned;
use super::real::Real;
use crate::isa::{self, Kernel, one_at_a_time, unrolled};

/// Systems solved side by side: as many numbers as the widest registers hold.
pub(crate) const SYSTEMS: usize = 16;

/// A number of each system.
pub(crate) type Lanes<T> = [T; SYSTEMS];

/// The place of an element of a triangle that is kept row after row.
#[inline(always)]
pub(super) fn place(i: usize, j: usize) -> usize {
    i * (i + 1) / 2 + j
}

/// `sum += a b`.
#[inline(always)]
pub(super) fn add_product<T: Real>(sum: &mut Lanes<T>, a: &Lanes<T>, b: &Lanes<T>) {
    for lane in 0..SYSTEMS {
        sum[lane] = a[lane].mul_add(b[lane], sum[lane]);
    }
}

/// `sum -= a b`.
#[inline(always)]
fn subtract_product<T: Real>(sum: &mut Lanes<T>, a: &Lanes<T>, b: &Lanes<T>) {
    for lane in 0..SYSTEMS {
        sum[lane] = (-a[lane]).mul_add(b[lane], sum[lane]);
    }
}

/// Replaces a matrix by its Cholesky factor, the diagonal inverted; says which have one.
#[inline(always)]
pub(super) fn factorize<T: Real>(system: &mut [Lanes<T>], n: usize) -> Lanes<bool> {
    let mut solved = [true; SYSTEMS];
    for j in 0..n {
        for i in j..n {
            let given = system[place(i, j)];
            let mut value = given;
            for k in 0..j {
                one_at_a_time();
                subtract_product(&mut value, &system[place(i, k)], &system[place(j, k)]);
            }
            if i == j {
                // A pivot that is NaN fails this comparison too.
                for lane in 0..SYSTEMS {
                    let noise = T::NOISE * given[lane];
                    solved[lane] &= value[lane] > noise && value[lane] < T::INFINITY;
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
pub(super) fn substitute<T: Real>(l: &[Lanes<T>], w: &mut [Lanes<T>]) {
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
                        sums[i][lane] = row[i].mul_add(x[lane], sums[i][lane]);
                    }
                });
            }
            unrolled!(i < ROWS, target[i] = sums[i]);
        }
    }
}

/// Takes solutions apart that are kept side by side.
pub(crate) struct Apart<'a, T> {
    /// As many values as there are columns, a multiple of the padding.
    pub(crate) x: &'a [Lanes<T>],
    /// Receives the values of one system after those of the other.
    pub(crate) rows: &'a mut Aligned<f32>,
}

impl<T: Real> Apart<'_, T> {
    /// Which solutions are finite.
    pub(crate) fn compute(self) -> Lanes<bool> {
        isa::run(self)
    }
}

impl<T: Real> Kernel for Apart<'_, T> {
    type Output = Lanes<bool>;

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> Self::Output {
        let Self { x, rows } = self;
        let (blocks, _) = x.as_chunks::<PAD>();
        rows.resize(SYSTEMS * x.len(), 0.0);
        let (chunks, _) = rows.as_chunks_mut::<PAD>();
        let mut finite = [true; SYSTEMS];
        for (block, columns) in blocks.iter().enumerate() {
            one_at_a_time();
            for column in columns {
                for lane in 0..SYSTEMS {
                    finite[lane] &= column[lane].to_f32().is_finite();
                }
            }
            T::take_lanes_apart::<ROWS>(columns, chunks, block, blocks.len());
        }
        finite
    }
}
