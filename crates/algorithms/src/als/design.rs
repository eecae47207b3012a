//! The equations of rows, given the other side.

use std::borrow::Cow;
use std::ops::Range;

use super::blocks::sum_in_order;
use super::interactions::Row;
use super::model::Factors;
use super::objective::Weigh;
use super::params::AlsValidParams;
use super::solve::{Aligned, DualBuffers, Entries, NotPositive, Real, non_negative, padded, solve};

/// Entries per partial sum of a row's equations. A longer row is split across threads.
const BLOCK_ENTRIES: usize = 4096;

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
    /// The same, rounded.
    single_gram: Vec<f32>,
}

/// A row to be solved.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a, T> {
    pub(crate) row: Row<'a>,
    /// The scores its penalties grow with.
    pub(crate) n_penalized: usize,
    /// What its scores weigh, where that is known beforehand.
    pub(crate) weights: Option<Weights<'a, T>>,
}

/// What the scores of a row weigh, as [`Weigh`] finds it.
#[derive(Clone, Copy)]
pub(crate) struct Weights<'a, T> {
    pub(crate) roots: &'a [T],
    pub(crate) beta: &'a [T],
}

/// Room for what the scores of a row weigh.
#[derive(Default)]
pub(crate) struct WeightBuffers<T> {
    offsets: Vec<f64>,
    roots: Vec<T>,
    pub(crate) beta: Vec<T>,
}

/// Buffers of one thread: entries, a system of equations, its solution.
#[derive(Default)]
pub(crate) struct Scratch<T> {
    pub(crate) weights: WeightBuffers<T>,
    pub(crate) a: Aligned<T>,
    pub(crate) b: Aligned<T>,
    /// Rows of the other side.
    pub(crate) gathered: Aligned<T>,
    /// For rows that are solved in their entries.
    pub(crate) diagonal: Vec<T>,
    pub(crate) dual: DualBuffers<T>,
    pub(crate) x: Aligned<T>,
    /// The solution: the bias if there is one, the factors, and the padding.
    pub(crate) solution: Vec<f32>,
}

impl<'a> Design<'a> {
    /// `gram` is `Z'Z`, padded, for implicit feedback.
    pub(crate) fn new(
        params: &'a AlsValidParams,
        mean: f32,
        other: &'a Factors,
        gram: Option<&[f64]>,
    ) -> Self {
        let (biases, width) = (params.has_biases(), params.width());
        let stride = padded(width);
        let gram = params.gram_weight().zip(gram).map(|(weight, gram)| {
            let weighted = gram.iter().map(|value| weight * value);
            weighted.collect::<Vec<f64>>()
        });
        let single_gram = gram.iter().flatten().map(|&value| value as f32).collect();
        Self {
            params,
            other,
            mean: f64::from(mean),
            width,
            stride,
            rows: padded_rows(other, biases, stride),
            gram,
            single_gram,
        }
    }

    pub(crate) fn row(&self, index: u32) -> &[f32] {
        &self.rows[index as usize * self.stride..][..self.stride]
    }

    /// What is added to the dot product of a row and one of the other side, with biases.
    pub(crate) fn offset(&self, index: u32) -> f64 {
        self.mean + f64::from(self.other.bias(index as usize))
    }

    /// Penalties of a row on its factors and on its bias, by the number of scores they grow with.
    pub(crate) fn penalties_of(&self, n_penalized: usize) -> (f64, f64) {
        self.params.penalties_of(n_penalized, self.other.len())
    }

    /// A row of which nothing is known beforehand.
    pub(crate) fn given<'r, T>(&self, row: Row<'r>) -> Given<'r, T> {
        Given {
            row,
            n_penalized: self.params.n_penalized(row),
            weights: None,
        }
    }

    /// What the scores of a row weigh.
    pub(crate) fn weights<'s, T: Real>(
        &self,
        given: Given<'s, T>,
        buffers: &'s mut WeightBuffers<T>,
    ) -> Weights<'s, T> {
        if let Some(weights) = given.weights {
            return weights;
        }
        let row = given.row;
        let WeightBuffers {
            offsets,
            roots,
            beta,
        } = buffers;
        offsets.clear();
        if self.params.has_biases() {
            offsets.extend(row.indices.iter().map(|&index| self.offset(index)));
        }
        roots.resize(row.len(), T::ZERO);
        beta.resize(row.len(), T::ZERO);
        Weigh {
            feedback: self.params.feedback,
            scores: row.scores,
            offsets,
            roots,
            beta,
        }
        .compute();
        Weights { roots, beta }
    }

    /// The equations of a row, left in `scratch.a` (upper triangle) and `scratch.b`; the padding is
    /// the identity. The rows of the other side that are needed next are fetched from memory meanwhile.
    pub(crate) fn equations<T: Real>(
        &self,
        given: Given<'_, T>,
        next: &[u32],
        scratch: &mut Scratch<T>,
    ) {
        let (penalty, bias_penalty) = self.penalties_of(given.n_penalized);
        let (row, stride) = (given.row, self.stride);
        let Scratch {
            weights,
            a,
            b,
            gathered,
            ..
        } = scratch;
        let weights = self.weights(given, weights);
        a.clear();
        match &self.gram {
            Some(gram) => a.extend_from_slice(T::choose(&self.single_gram, gram)),
            None => a.resize(stride * stride, T::ZERO),
        }
        // Before the entries, not after: vectors that are loaded right after a part of them has been
        // stored have to wait.
        for (index, diagonal) in a.iter_mut().step_by(stride + 1).enumerate() {
            *diagonal += T::from_f64(match index {
                0 if self.params.has_biases() => bias_penalty,
                _ if index < self.width => penalty,
                _ => 1.0,
            });
        }
        b.clear();
        b.resize(stride, T::ZERO);
        if row.len() <= BLOCK_ENTRIES {
            let mut entries = self.entries(row, 0..row.len(), weights);
            entries.next = next;
            entries.add(a, b, gathered);
        } else {
            let n_blocks = row.len().div_ceil(BLOCK_ENTRIES);
            let total = sum_in_order(n_blocks, stride * (stride + 1), |block| {
                let range = block * BLOCK_ENTRIES..row.len().min((block + 1) * BLOCK_ENTRIES);
                let mut part = vec![T::ZERO; stride * (stride + 1)];
                let (a, b) = part.split_at_mut(stride * stride);
                let entries = self.entries(row, range, weights);
                entries.add(a, b, &mut Aligned::default());
                part
            });
            for (sum, value) in a.iter_mut().chain(b.iter_mut()).zip(total) {
                *sum += T::from_f64(value);
            }
        }
    }

    /// What some entries of a row add to its equations.
    fn entries<'e, T: Real>(
        &'e self,
        row: Row<'e>,
        range: Range<usize>,
        weights: Weights<'e, T>,
    ) -> Entries<'e, T> {
        Entries {
            table: &self.rows,
            stride: self.stride,
            indices: &row.indices[range.clone()],
            roots: &weights.roots[range.clone()],
            beta: &weights.beta[range],
            next: &[],
        }
    }

    /// Solves a row as a system in its unknowns; the solution is left in `scratch`. `next` as in
    /// [`Design::equations`].
    pub(crate) fn solve<T: Real>(
        &self,
        given: Given<'_, T>,
        next: &[u32],
        scratch: &mut Scratch<T>,
    ) -> Result<(), NotPositive> {
        self.equations(given, next, scratch);
        let Scratch { a, b, solution, .. } = scratch;
        if self.params.non_negative {
            let a: Vec<f64> = a.iter().map(|v| v.to_f64()).collect();
            let b: Vec<f64> = b[..self.width].iter().map(|v| v.to_f64()).collect();
            let n_free = self.width - self.params.factors;
            let x = non_negative(&a, self.stride, &b, n_free)?;
            return finite(&x, solution);
        }
        solve(a, self.stride, b)?;
        finite(b, solution)
    }
}

/// Rounds a solution; one that overflowed is none.
pub(crate) fn finite<T: Real>(x: &[T], solution: &mut Vec<f32>) -> Result<(), NotPositive> {
    solution.clear();
    solution.extend(x.iter().map(|value| value.to_f32()));
    if solution.iter().all(|value| value.is_finite()) {
        Ok(())
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
