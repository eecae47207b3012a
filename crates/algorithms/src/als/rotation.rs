//! The basis in which `Z'Z` is diagonal.

use rayon::prelude::*;

use super::solve::{Aligned, Combination, Real, symmetric_eigen};

/// Whether turning `n_other` rows costs less than it saves on `n_short` rows.
///
/// A short row saves about `width^3 / 3` operations; the eigenvectors cost about `30 width^3`, the
/// turning `2 width^2` for each row.
pub(crate) fn pays(n_short: usize, n_other: usize, width: usize) -> bool {
    n_short * width > 90 * width + 6 * n_other
}

/// All rows of the fixed side turned into the eigenbasis of `w Z'Z`, where `w Z'Z + penalty I` is
/// diagonal for every penalty: the equations of short rows can then be solved in the entries.
pub(crate) struct Rotation<T> {
    /// Eigenvalues.
    pub(crate) values: Vec<f64>,
    /// Eigenvectors in the rows, of width `stride`.
    back: Aligned<T>,
    /// The turned rows of the fixed side, of width `stride`.
    rows: Aligned<T>,
}

impl<T: Real> Rotation<T> {
    pub(crate) fn new(gram: &[f64], design: &[f32], width: usize, stride: usize) -> Self {
        let unpadded: Vec<f64> = gram
            .chunks_exact(stride)
            .take(width)
            .flat_map(|row| row[..width].iter().copied())
            .collect();
        let (values, vectors) = symmetric_eigen(unpadded, width);
        let mut basis = Aligned::filled(T::ZERO, width * stride);
        let mut back = basis.clone();
        for (index, &value) in vectors.iter().enumerate() {
            let (i, k) = (index / width, index % width);
            basis[i * stride + k] = T::from_f64(value);
            back[k * stride + i] = T::from_f64(value);
        }
        let mut rows = Aligned::filled(T::ZERO, design.len());
        rows.par_chunks_mut(stride)
            .zip(design.par_chunks(stride))
            .with_min_len(64)
            .for_each_init(Vec::new, |values, (target, row)| {
                values.clear();
                values.extend(row[..width].iter().map(|&z| T::from_f32(z)));
                let rows = &basis[..];
                Combination {
                    rows,
                    values,
                    target,
                }
                .compute();
            });
        // Rounding may leave a value just below zero.
        let values = values.into_iter().map(|value| value.max(0.0)).collect();
        Self { values, back, rows }
    }

    /// All turned rows, one after the other.
    pub(crate) fn rows(&self) -> &[T] {
        &self.rows
    }

    /// What turns a solution back: a row for each of its values.
    pub(crate) fn back(&self) -> &[T] {
        &self.back
    }

    /// Turns a solution back.
    pub(crate) fn turn_back(&self, x: &[T], target: &mut [T]) {
        let rows = &self.back[..];
        let values = x;
        Combination {
            rows,
            values,
            target,
        }
        .compute();
    }
}
