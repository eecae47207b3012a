//! The equations of rows, given the other side.

use std::borrow::Cow;

use super::blocks::sum_in_order;
use super::interactions::Row;
use super::model::Factors;
use super::objective::Entry;
use super::params::AlsValidParams;
use super::solve::{
    NotPositive, Real, add_outer_products, factorize, non_negative, padded, substitute,
};

/// Entries per partial sum of a row's equations. A longer row is split across threads.
const BLOCK_ENTRIES: usize = 4096;

/// Entries gathered at a time: they stay in the cache while the equations are updated.
const GATHER: usize = 64;

/// The fixed side of a half-iteration, as the rows of the other side see it.
pub(crate) struct Design<'a> {
    pub(crate) params: &'a AlsValidParams,
    pub(crate) other: &'a Factors,
    mean: f64,
    /// Unknowns of a row: the factors, after the bias if there is one.
    pub(crate) width: usize,
    /// The width, padded.
    pub(crate) stride: usize,
    /// What a score multiplies: `[1, factors]` with biases, else the factors; padded.
    pub(crate) rows: Cow<'a, [f32]>,
    /// `w Z'Z` for implicit feedback.
    pub(crate) gram: Option<Vec<f64>>,
}

/// Buffers of one thread: entries, and a system of equations.
#[derive(Default)]
pub(crate) struct Scratch<T> {
    pub(crate) weights: Vec<T>,
    pub(crate) beta: Vec<T>,
    pub(crate) a: Vec<T>,
    pub(crate) b: Vec<T>,
}

impl<'a> Design<'a> {
    /// `gram` is `Z'Z`, padded, for implicit feedback.
    pub(crate) fn new(
        params: &'a AlsValidParams,
        mean: f32,
        other: &'a Factors,
        gram: Option<&[f64]>,
    ) -> Self {
        let biases = params.has_biases();
        let width = params.factors + usize::from(biases);
        let stride = padded(width);
        let gram = params.gram_weight().zip(gram).map(|(weight, gram)| {
            let weighted = gram.iter().map(|value| weight * value);
            weighted.collect()
        });
        Self {
            params,
            other,
            mean: f64::from(mean),
            width,
            stride,
            rows: padded_rows(other, biases, stride),
            gram,
        }
    }

    pub(crate) fn row(&self, index: u32) -> &[f32] {
        &self.rows[index as usize * self.stride..][..self.stride]
    }

    pub(crate) fn entry(&self, index: u32, score: f32) -> Entry {
        let offset = if self.params.has_biases() {
            self.mean + f64::from(self.other.bias(index as usize))
        } else {
            0.0
        };
        self.params.entry(score, offset)
    }

    /// Penalties of a row on its factors and on its bias.
    pub(crate) fn penalties(&self, row: Row<'_>) -> (f64, f64) {
        self.params.penalties(row, self.other.len())
    }

    /// Writes the entries of a row to `scratch`.
    pub(crate) fn gather<T: Real>(&self, row: Row<'_>, scratch: &mut Scratch<T>) {
        scratch.weights.clear();
        scratch.beta.clear();
        for (index, score) in row.iter() {
            let Entry { weight, beta } = self.entry(index, score);
            scratch.weights.push(T::from_f64(weight));
            scratch.beta.push(T::from_f64(beta));
        }
    }

    /// The equations of a row, left in `scratch.a` (upper triangle) and `scratch.b`; the padding is
    /// the identity. Takes the entries from `scratch`.
    pub(crate) fn equations<T: Real>(&self, row: Row<'_>, scratch: &mut Scratch<T>) {
        let (penalty, bias_penalty) = self.penalties(row);
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
    fn add_entries<T: Real>(&self, indices: &[u32], weights: &[T], beta: &[T], sums: &mut [T]) {
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
                let z = self.row(index).iter();
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

    /// Solves a row as a system in its unknowns.
    pub(crate) fn solve<T: Real>(
        &self,
        row: Row<'_>,
        scratch: &mut Scratch<T>,
    ) -> Result<Vec<f32>, NotPositive> {
        self.equations(row, scratch);
        if self.params.non_negative {
            let a: Vec<f64> = scratch.a.iter().map(|v| v.to_f64()).collect();
            let b: Vec<f64> = scratch.b[..self.width].iter().map(|v| v.to_f64()).collect();
            let n_free = self.width - self.params.factors;
            let x = non_negative(&a, self.stride, &b, n_free)?;
            return finite(x.into_iter().map(|value| value as f32).collect());
        }
        factorize(&mut scratch.a, self.stride)?;
        substitute(&scratch.a, self.stride, &mut scratch.b);
        finite(scratch.b[..self.width].iter().map(|v| v.to_f32()).collect())
    }
}

/// A solution that overflowed is none.
pub(crate) fn finite(x: Vec<f32>) -> Result<Vec<f32>, NotPositive> {
    if x.iter().all(|value| value.is_finite()) {
        Ok(x)
    } else {
        Err(NotPositive)
    }
}

/// The rows of one side, with a leading 1 for the bias, padded with zeros.
pub(crate) fn padded_rows(factors: &Factors, biases: bool, stride: usize) -> Cow<'_, [f32]> {
    let k = factors.vectors.ncols();
    let first = usize::from(biases);
    let values = factors.values();
    if stride == k {
        return values;
    }
    let mut rows = vec![0.0; factors.len() * stride];
    for (row, values) in rows.chunks_exact_mut(stride).zip(values.chunks_exact(k)) {
        row[..first].fill(1.0);
        row[first..first + k].copy_from_slice(values);
    }
    Cow::Owned(rows)
}
