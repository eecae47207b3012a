//! The basis in which `Z'Z` is diagonal.

use rayon::prelude::*;

use super::solve::{Real, dot, symmetric_eigen};

/// All rows of the fixed side turned into the eigenbasis of `w Z'Z`, where `w Z'Z + penalty I` is
/// diagonal for every penalty: the equations of short rows can then be solved in the entries.
pub(crate) struct Rotation<T> {
    values: Vec<f64>,
    /// Eigenvectors in the columns, rows of width `stride`.
    basis: Vec<T>,
    /// The turned rows, of width `stride`.
    rows: Vec<T>,
    width: usize,
    stride: usize,
}

impl<T: Real> Rotation<T> {
    /// Whether turning `n_other` rows costs less than it saves on `n_short` rows.
    ///
    /// A short row saves about `width^3 / 3` operations; the eigenvectors cost about
    /// `30 width^3`, the turning `2 width^2` for each row.
    pub(crate) fn pays(n_short: usize, n_other: usize, width: usize) -> bool {
        n_short * width > 90 * width + 6 * n_other
    }

    pub(crate) fn new(gram: &[f64], design: &[f32], width: usize, stride: usize) -> Self {
        let unpadded: Vec<f64> = gram
            .chunks_exact(stride)
            .take(width)
            .flat_map(|row| row[..width].iter().copied())
            .collect();
        let (values, vectors) = symmetric_eigen(unpadded, width);
        let mut basis = vec![T::ZERO; width * stride];
        for (row, vectors) in basis
            .chunks_exact_mut(stride)
            .zip(vectors.chunks_exact(width))
        {
            for (target, &value) in row.iter_mut().zip(vectors) {
                *target = T::from_f64(value);
            }
        }
        let mut rows = vec![T::ZERO; design.len()];
        rows.par_chunks_mut(stride)
            .zip(design.par_chunks(stride))
            .with_min_len(64)
            .for_each(|(turned, row)| {
                for (&z, basis) in row.iter().zip(basis.chunks_exact(stride)) {
                    let z = T::from_f32(z);
                    for (target, &q) in turned.iter_mut().zip(basis) {
                        *target += z * q;
                    }
                }
            });
        // Rounding may leave a value just below zero.
        let values = values.into_iter().map(|value| value.max(0.0)).collect();
        Self {
            values,
            basis,
            rows,
            width,
            stride,
        }
    }

    /// Writes row `index` into column `place` of `v`, whose rows have width `n`.
    pub(crate) fn scatter(&self, index: u32, place: usize, n: usize, v: &mut [T]) {
        let row = &self.rows[index as usize * self.stride..][..self.width];
        for (column, &value) in v.chunks_exact_mut(n).zip(row) {
            column[place] = value;
        }
    }

    /// One over the square roots of the diagonal.
    pub(crate) fn roots(&self, penalty: f64) -> Vec<T> {
        let root = |value: &f64| T::from_f64(1.0 / (value + penalty).sqrt());
        self.values.iter().map(root).collect()
    }

    /// Turns a solution back.
    pub(crate) fn back(&self, x: &[T]) -> Vec<T> {
        let rows = self.basis.chunks_exact(self.stride);
        rows.map(|row| dot(&row[..self.width], x)).collect()
    }
}
