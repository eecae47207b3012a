//! One half-iteration: every row of one side solved, the other side held fixed.

use std::borrow::Cow;

use ndarray::Array2;
use rayon::prelude::*;

use super::blocks::sum_in_order;
use super::error::{AlsError, Side};
use super::interactions::{Row, SparseRows};
use super::model::{FactorRow, Factors};
use super::objective::Entry;
use super::params::AlsValidParams;
use super::rotation::Rotation;
use super::solve::{
    NotPositive, Real, add_outer_products, factorize, non_negative, padded, solve_dual, substitute,
};

/// Entries per partial sum of a row's equations. A longer row is split across threads.
const BLOCK_ENTRIES: usize = 4096;

/// Entries gathered at a time: they stay in the cache while the equations are updated.
const GATHER: usize = 64;

/// The fixed side of a half-iteration, made ready for solving rows of the other.
pub(crate) struct HalfStep<'a, T> {
    params: &'a AlsValidParams,
    other: &'a Factors,
    mean: f64,
    /// Unknowns of a row: the factors, after the bias if there is one.
    pub(crate) width: usize,
    pub(crate) stride: usize,
    /// The rows that a score multiplies: `[1, factors]` with biases, else the factors; padded.
    design: Cow<'a, [f32]>,
    /// `w Z'Z` for implicit feedback.
    gram: Option<Vec<f64>>,
    /// Present if short rows are solved in the eigenbasis.
    pub(crate) rotation: Option<Rotation<T>>,
}

/// Buffers of one thread.
#[derive(Default)]
pub(crate) struct Scratch<T> {
    a: Vec<T>,
    b: Vec<T>,
    weights: Vec<T>,
    beta: Vec<T>,
    v: Vec<T>,
    root: Vec<T>,
}

impl<'a, T: Real> HalfStep<'a, T> {
    /// `gram` is `Z'Z`, for implicit feedback; `n_short` the number of rows to be solved that have
    /// fewer entries than unknowns.
    pub(crate) fn new(
        params: &'a AlsValidParams,
        mean: f32,
        other: &'a Factors,
        gram: Option<&[f64]>,
        n_short: usize,
    ) -> Self {
        let biases = params.has_biases();
        let width = params.factors + usize::from(biases);
        let stride = padded(width);
        let design = padded_design(other, biases, stride);
        let gram = params.gram_weight().zip(gram).map(|(weight, gram)| {
            let weighted = gram.iter().map(|value| weight * value);
            weighted.collect::<Vec<f64>>()
        });
        let rotation = gram
            .as_ref()
            .filter(|_| !params.non_negative && params.regularization > 0.0)
            .filter(|_| Rotation::<T>::pays(n_short, other.len(), width))
            .map(|gram| Rotation::new(gram, &design, width, stride));
        Self {
            params,
            other,
            mean: f64::from(mean),
            width,
            stride,
            design,
            gram,
            rotation,
        }
    }

    /// Solves all rows; the result does not depend on the number of threads.
    pub(crate) fn solve_all(&self, rows: &SparseRows, side: Side) -> Result<Factors, AlsError> {
        let k = self.params.factors;
        let solved: Vec<FactorRow> = (0..rows.n_rows())
            .into_par_iter()
            .map_init(Scratch::default, |scratch, row| {
                self.solve_row(rows.row(row), scratch)
                    .map_err(|NotPositive| AlsError::Singular { side, row })
            })
            .collect::<Result<_, _>>()?;
        let mut vectors = Array2::zeros((rows.n_rows(), k));
        for (mut target, row) in vectors.rows_mut().into_iter().zip(&solved) {
            target
                .iter_mut()
                .zip(&row.vector)
                .for_each(|(t, &v)| *t = v);
        }
        let biases = self.params.has_biases();
        Ok(Factors {
            vectors,
            biases: biases.then(|| solved.iter().map(|row| row.bias).collect()),
        })
    }

    /// The row that minimises the loss, given the other side.
    pub(crate) fn solve_row(
        &self,
        row: Row<'_>,
        scratch: &mut Scratch<T>,
    ) -> Result<FactorRow, NotPositive> {
        self.gather(row, scratch);
        if scratch.beta.iter().all(|&beta| beta == T::ZERO) {
            return Ok(self.unpack(&vec![0.0; self.width]));
        }
        let (penalty, bias_penalty) = self.params.penalties(row, self.other.len());
        let dual = row.len() < self.width
            && !self.params.non_negative
            && penalty > 0.0
            && (bias_penalty > 0.0 || !self.params.has_biases())
            && scratch.weights.iter().all(|&weight| weight > T::ZERO)
            && (self.gram.is_none() || self.rotation.is_some());
        if dual {
            return self.solve_row_dual(row, penalty, bias_penalty, scratch);
        }
        self.equations(row, penalty, bias_penalty, scratch);
        let x: Vec<f32> = if self.params.non_negative {
            let a: Vec<f64> = scratch.a.iter().map(|v| v.to_f64()).collect();
            let b: Vec<f64> = scratch.b[..self.width].iter().map(|v| v.to_f64()).collect();
            let n_free = self.width - self.params.factors;
            let x = non_negative(&a, self.stride, &b, n_free)?;
            x.into_iter().map(|value| value as f32).collect()
        } else {
            factorize(&mut scratch.a, self.stride)?;
            substitute(&scratch.a, self.stride, &mut scratch.b);
            scratch.b[..self.width].iter().map(|v| v.to_f32()).collect()
        };
        finite(self.unpack(&x))
    }

    fn gather(&self, row: Row<'_>, scratch: &mut Scratch<T>) {
        scratch.weights.clear();
        scratch.beta.clear();
        for (index, score) in row.iter() {
            let Entry { weight, beta } = self.entry(index, score);
            scratch.weights.push(T::from_f64(weight));
            scratch.beta.push(T::from_f64(beta));
        }
    }

    /// The left side of the equations of a row in `f64`, upper triangle, rows of width `stride`.
    pub(crate) fn matrix(&self, row: Row<'_>) -> Vec<f64> {
        let mut scratch = Scratch::default();
        self.gather(row, &mut scratch);
        let (penalty, bias_penalty) = self.params.penalties(row, self.other.len());
        self.equations(row, penalty, bias_penalty, &mut scratch);
        scratch.a.into_iter().map(T::to_f64).collect()
    }

    /// As an equation in the entries, of which there are fewer than unknowns.
    fn solve_row_dual(
        &self,
        row: Row<'_>,
        penalty: f64,
        bias_penalty: f64,
        scratch: &mut Scratch<T>,
    ) -> Result<FactorRow, NotPositive> {
        let n = padded(row.len());
        let Scratch {
            a,
            weights,
            beta,
            v,
            root,
            ..
        } = scratch;
        v.clear();
        v.resize(self.width * n, T::ZERO);
        root.clear();
        for (place, &index) in row.indices.iter().enumerate() {
            if let Some(rotation) = &self.rotation {
                rotation.scatter(index, place, n, v);
            } else {
                let z = self.design_row(index);
                for (column, &value) in v.chunks_exact_mut(n).zip(z) {
                    column[place] = T::from_f32(value);
                }
            }
        }
        match &self.rotation {
            Some(rotation) => rotation.roots(penalty, root),
            None => {
                root.resize(self.width, T::from_f64(1.0 / penalty.sqrt()));
                if self.params.has_biases() {
                    root[0] = T::from_f64(1.0 / bias_penalty.sqrt());
                }
            }
        }
        let mut x = vec![T::ZERO; self.width];
        solve_dual(v, root, weights, beta, a, &mut x)?;
        if let Some(rotation) = &self.rotation {
            x = rotation.back(&x);
        }
        let x: Vec<f32> = x.iter().map(|v| v.to_f32()).collect();
        finite(self.unpack(&x))
    }

    /// The equations of a row, left in `scratch.a` (upper triangle) and `scratch.b`; the padding is
    /// the identity. Takes the entries from `scratch`.
    fn equations(&self, row: Row<'_>, penalty: f64, bias_penalty: f64, scratch: &mut Scratch<T>) {
        let stride = self.stride;
        let mut sums = std::mem::take(&mut scratch.a);
        sums.clear();
        sums.resize(stride * (stride + 1), T::ZERO);
        if row.len() <= BLOCK_ENTRIES {
            self.add_entries(row.indices, &scratch.weights, &scratch.beta, &mut sums);
        } else {
            let n_blocks = row.len().div_ceil(BLOCK_ENTRIES);
            let (weights, beta) = (&scratch.weights, &scratch.beta);
            let total = sum_in_order(n_blocks, sums.len(), |block| {
                let range = block * BLOCK_ENTRIES..row.len().min((block + 1) * BLOCK_ENTRIES);
                let mut part = vec![T::ZERO; stride * (stride + 1)];
                let (weights, beta) = (&weights[range.clone()], &beta[range.clone()]);
                self.add_entries(&row.indices[range], weights, beta, &mut part);
                part
            });
            for (sum, value) in sums.iter_mut().zip(total) {
                *sum = T::from_f64(value);
            }
        }
        scratch.b.clear();
        scratch.b.extend_from_slice(&sums[stride * stride..]);
        sums.truncate(stride * stride);
        if let Some(gram) = &self.gram {
            for (sum, &value) in sums.iter_mut().zip(gram) {
                *sum += T::from_f64(value);
            }
        }
        for (index, diagonal) in sums.iter_mut().step_by(stride + 1).enumerate() {
            *diagonal += T::from_f64(match index {
                0 if self.params.has_biases() => bias_penalty,
                _ if index < self.width => penalty,
                _ => 1.0,
            });
        }
        scratch.a = sums;
    }

    /// Adds `weight z z'` and `beta z` of each entry to the matrix and, after it, the vector.
    fn add_entries(&self, indices: &[u32], weights: &[T], beta: &[T], sums: &mut [T]) {
        let stride = self.stride;
        let (a, b) = sums.split_at_mut(stride * stride);
        let mut rows = [
            vec![T::ZERO; GATHER * stride],
            vec![T::ZERO; GATHER * stride],
        ];
        let [plain, weighted] = &mut rows;
        let entries = indices.chunks(GATHER).zip(weights.chunks(GATHER));
        for ((indices, weights), beta) in entries.zip(beta.chunks(GATHER)) {
            let targets = plain
                .chunks_exact_mut(stride)
                .zip(weighted.chunks_exact_mut(stride));
            let entries = indices.iter().zip(weights.iter().zip(beta));
            for ((plain, weighted), (&index, (&weight, &beta))) in targets.zip(entries) {
                let z = self.design_row(index).iter();
                for (((p, w), b), &z) in plain.iter_mut().zip(weighted).zip(b.iter_mut()).zip(z) {
                    let z = T::from_f32(z);
                    *p = z;
                    *w = weight * z;
                    *b += beta * z;
                }
            }
            let n = indices.len() * stride;
            add_outer_products(a, stride, &weighted[..n], &plain[..n]);
        }
    }

    pub(crate) fn is_non_negative(&self) -> bool {
        self.params.non_negative
    }

    pub(crate) fn design_row(&self, index: u32) -> &[f32] {
        &self.design[index as usize * self.stride..][..self.stride]
    }

    pub(crate) fn entry(&self, index: u32, score: f32) -> Entry {
        let offset = if self.params.has_biases() {
            self.mean + f64::from(self.other.bias(index as usize))
        } else {
            0.0
        };
        self.params.entry(score, offset)
    }

    fn unpack(&self, x: &[f32]) -> FactorRow {
        let (bias, vector) = x.split_at(self.width - self.params.factors);
        FactorRow {
            vector: vector.to_vec(),
            bias: bias.first().copied().unwrap_or(0.0),
        }
    }
}

fn finite(row: FactorRow) -> Result<FactorRow, NotPositive> {
    let finite = row.bias.is_finite() && row.vector.iter().all(|value| value.is_finite());
    if finite { Ok(row) } else { Err(NotPositive) }
}

/// The rows of the other side, with a leading 1 for the bias, padded with zeros.
pub(crate) fn padded_design(other: &Factors, biases: bool, stride: usize) -> Cow<'_, [f32]> {
    let k = other.vectors.ncols();
    let first = usize::from(biases);
    let values = other.values();
    if stride == k {
        return values;
    }
    let mut design = vec![0.0; other.len() * stride];
    for (row, values) in design.chunks_exact_mut(stride).zip(values.chunks_exact(k)) {
        row[..first].fill(1.0);
        row[first..first + k].copy_from_slice(values);
    }
    Cow::Owned(design)
}
