use super::ahead::Ahead;
use super::aligned::Aligned;
use super::cholesky::solve_with;
use super::real::Real;
use super::syrk::{WIDE, add_scaled, outer_products_and_fetch};
use super::{NotPositive, PAD, padded};
use crate::isa::{self, Kernel, one_at_a_time, unrolled};

/// Solves `(D + Z' C Z) x = Z' beta` for few rows in `Z`, exactly, as an equation in the rows.
///
/// With `V = C^(1/2) Z D^(-1/2)` the solution is `x = D^(-1/2) V' w`, where
/// `(I + V V') w = C^(-1/2) beta` (the identity of Woodbury, arranged so that nothing is
/// subtracted). `D` and `C` must be positive.
///
/// `n` rows of width `d` cost `n^2 d + n^3 / 3` operations instead of `n d^2 + d^3 / 3`.
pub(crate) struct Dual<'a, S, T> {
    /// Rows of width `padded(d)`, the padding zero.
    pub(crate) table: &'a [S],
    /// Which of them are those of `Z`.
    pub(crate) indices: &'a [u32],
    /// `D`, `d` values.
    pub(crate) diagonal: &'a [T],
    /// The root of `C`, one value per row of `Z`.
    pub(crate) roots: &'a [T],
    pub(crate) beta: &'a [T],
    /// What is fetched meanwhile.
    pub(crate) ahead: Ahead<'a, S>,
    pub(crate) buffers: &'a mut DualBuffers<T>,
    /// Receives the solution; `padded(d)` values.
    pub(crate) x: &'a mut Aligned<T>,
}

/// Room for a system and what leads to it.
#[derive(Default)]
pub(crate) struct DualBuffers<T> {
    /// `V`: `padded(n)` rows of width `padded(d)`.
    rows: Aligned<T>,
    /// `V'`: a row per column of `Z`.
    v: Aligned<T>,
    system: Aligned<T>,
    w: Vec<T>,
    /// `D^(-1/2)`.
    scale: Vec<T>,
}

impl<S: Real, T: Real> Dual<'_, S, T> {
    pub(crate) fn solve(self) -> Result<(), NotPositive> {
        isa::run(self)
    }
}

impl<S: Real, T: Real> Kernel for Dual<'_, S, T> {
    type Output = Result<(), NotPositive>;

    #[inline(always)]
    fn run<const ROWS: usize>(mut self) -> Self::Output {
        let DualBuffers {
            rows,
            v,
            system,
            w,
            scale,
        } = self.buffers;
        let (d, n) = (self.diagonal.len(), padded(self.roots.len()));
        let stride = padded(d);

        w.clear();
        let targets = self.beta.iter().zip(self.roots);
        w.extend(targets.map(|(&beta, &root)| beta / root));
        w.resize(n, T::ZERO);
        scale.clear();
        scale.extend(self.diagonal.iter().map(|&value| T::ONE / value.sqrt()));
        scale.resize(stride, T::ZERO);

        rows.resize(n * stride, T::ZERO);
        let (gathered, padding) = rows.split_at_mut(self.indices.len() * stride);
        let targets = gathered.chunks_exact_mut(stride);
        for (target, (&index, &root)) in targets.zip(self.indices.iter().zip(self.roots)) {
            let row = &self.table[index as usize * stride..][..stride];
            gather(row, root, scale, target);
        }
        padding.fill(T::ZERO);
        v.resize(stride * n, T::ZERO);
        transpose(rows, stride, v, n);
        system.clear();
        system.resize(n * n, T::ZERO);
        // Before the products, not after: vectors that are loaded right after a part of them has been
        // stored have to wait.
        for diagonal in system.iter_mut().step_by(n + 1) {
            *diagonal = T::ONE;
        }
        outer_products_and_fetch::<T, S, ROWS>(system, n, &v[..d * n], &mut self.ahead);
        solve_with::<T, ROWS>(system, n, w)?;
        self.x.resize(stride, T::ZERO);
        combine(rows, w, self.x);
        for (x, &scale) in self.x.iter_mut().zip(scale.iter()) {
            *x = *x * scale;
        }
        Ok(())
    }
}

/// Writes a row of `Z`, times the root of its weight and those of `D` inverted.
#[inline(always)]
fn gather<S: Real, T: Real>(row: &[S], root: T, scale: &[T], target: &mut [T]) {
    let ((row, _), (scale, _)) = (row.as_chunks::<PAD>(), scale.as_chunks::<PAD>());
    let (target, _) = target.as_chunks_mut::<PAD>();
    for (target, (row, scale)) in target.iter_mut().zip(row.iter().zip(scale)) {
        one_at_a_time();
        let mut scaled = [T::ZERO; PAD];
        for lane in 0..PAD {
            scaled[lane] = T::from_f64(row[lane].to_f64()) * (root * scale[lane]);
        }
        *target = scaled;
    }
}

/// Writes `z`, of width `stride`, to `v`, of width `n`, with rows and columns exchanged.
#[inline(always)]
fn transpose<T: Real>(z: &[T], stride: usize, v: &mut [T], n: usize) {
    let ((z, _), (v, _)) = (z.as_chunks::<PAD>(), v.as_chunks_mut::<PAD>());
    let (across, down) = (stride / PAD, n / PAD);
    for r in 0..down {
        for c in 0..across {
            let rows: [&[T; PAD]; PAD] = std::array::from_fn(|i| &z[(r * PAD + i) * across + c]);
            unrolled!(j < PAD, {
                let target = &mut v[(c * PAD + j) * down + r];
                unrolled!(i < PAD, target[i] = rows[i][j]);
            });
        }
    }
}

/// `sum values[i] rows[i]`, for rows of the width of `target`: a vector times a matrix.
pub(crate) struct Combination<'a, T> {
    pub(crate) rows: &'a [T],
    pub(crate) values: &'a [T],
    pub(crate) target: &'a mut [T],
}

impl<T: Real> Combination<'_, T> {
    pub(crate) fn compute(self) {
        isa::run(self);
    }
}

impl<T: Real> Kernel for Combination<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        combine(self.rows, self.values, self.target);
    }
}

/// As [`Combination`]. Several columns are summed at a time, so that no sum waits for another.
#[inline(always)]
fn combine<T: Real>(rows: &[T], values: &[T], target: &mut [T]) {
    let stride = target.len();
    let mut column = 0;
    while column + 4 * WIDE <= stride {
        combine_columns::<T, WIDE, 4>(rows, values, target, column);
        column += 4 * WIDE;
    }
    while column < stride {
        combine_columns::<T, PAD, 1>(rows, values, target, column);
        column += PAD;
    }
}

#[inline(always)]
fn combine_columns<T: Real, const COLUMNS: usize, const CHUNKS: usize>(
    rows: &[T],
    values: &[T],
    target: &mut [T],
    column: usize,
) {
    let stride = target.len();
    let mut sums = [[T::ZERO; COLUMNS]; CHUNKS];
    for (row, &value) in rows.chunks_exact(stride).zip(values) {
        let row = &row[column..][..COLUMNS * CHUNKS];
        let (chunks, _) = row.as_chunks::<COLUMNS>();
        unrolled!(i < CHUNKS, add_scaled(&mut sums[i], value, &chunks[i]));
    }
    let (targets, _) = target[column..].as_chunks_mut::<COLUMNS>();
    unrolled!(i < CHUNKS, targets[i] = sums[i]);
}
