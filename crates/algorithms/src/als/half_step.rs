//! One half-iteration: every row of one side solved, the other side held fixed.

use std::cmp::Reverse;

use ndarray::Array2;
use rayon::prelude::*;

use super::design::{Design, Scratch, finite};
use super::error::{AlsError, Side};
use super::interactions::{Row, SparseRows};
use super::model::{FactorRow, Factors};
use super::params::AlsValidParams;
use super::rotation::Rotation;
use super::solve::{Dual, NotPositive, Real, padded};
use crate::isa::prefetch;

/// Rows with as many entries are solved before all others.
const LONG: usize = 512;

/// The fixed side of a half-iteration, made ready for solving rows of the other.
pub(crate) struct HalfStep<'a, T> {
    pub(crate) design: Design<'a>,
    /// Present if short rows are solved in the eigenbasis.
    pub(crate) rotation: Option<Rotation<T>>,
}

impl<'a, T: Real> HalfStep<'a, T> {
    /// `gram` is `Z'Z`, padded, for implicit feedback; `n_short` the number of rows to be solved
    /// that have fewer entries than unknowns.
    pub(crate) fn new(
        params: &'a AlsValidParams,
        mean: f32,
        other: &'a Factors,
        gram: Option<&[f64]>,
        n_short: usize,
    ) -> Self {
        let design = Design::new(params, mean, other, gram);
        let rotation = (design.gram.as_ref())
            .filter(|_| !params.non_negative && params.regularization > 0.0)
            .filter(|_| Rotation::<T>::pays(n_short, other.len(), design.width))
            .map(|gram| Rotation::new(gram, &design.rows, design.width, design.stride));
        Self { design, rotation }
    }

    /// Solves all rows; the result does not depend on the number of threads.
    pub(crate) fn solve_all(&self, rows: &SparseRows, side: Side) -> Result<Factors, AlsError> {
        let n = rows.n_rows();
        let mut vectors = Array2::zeros((n, self.design.params.factors));
        let mut biases = vec![0.0; n];
        let mut targets: Vec<_> = vectors
            .outer_iter_mut()
            .zip(&mut biases)
            .enumerate()
            .collect();
        // The longest first: one that came last would keep a single thread busy.
        targets.sort_by_key(|&(row, _)| {
            let length = rows.row(row).len();
            Reverse(if length < LONG { 0 } else { length })
        });
        let failed = targets
            .into_par_iter()
            .map_init(Scratch::default, |scratch, (row, (mut vector, bias))| {
                if self.solve(rows.row(row), scratch).is_err() {
                    return Some(row);
                }
                let (found_bias, found) = self.split(&scratch.solution);
                for (target, &value) in vector.iter_mut().zip(found) {
                    *target = value;
                }
                *bias = found_bias;
                None
            })
            .flatten_iter()
            .min();
        if let Some(row) = failed {
            return Err(AlsError::Singular { side, row });
        }
        Ok(Factors {
            vectors,
            biases: self.design.params.has_biases().then_some(biases),
        })
    }

    /// The row that minimises the loss, given the other side.
    pub(crate) fn solve_row(
        &self,
        row: Row<'_>,
        scratch: &mut Scratch<T>,
    ) -> Result<FactorRow, NotPositive> {
        self.solve(row, scratch)?;
        let (bias, vector) = self.split(&scratch.solution);
        Ok(FactorRow {
            vector: vector.to_vec(),
            bias,
        })
    }

    /// Leaves the solution of a row in `scratch`.
    fn solve(&self, row: Row<'_>, scratch: &mut Scratch<T>) -> Result<(), NotPositive> {
        let design = &self.design;
        design.gather(row, scratch);
        if scratch.beta.iter().all(|&beta| beta == T::ZERO) {
            scratch.solution.clear();
            scratch.solution.resize(design.stride, 0.0);
            return Ok(());
        }
        let solved = if self.is_dual(row, scratch) {
            self.solve_in_entries(row, scratch)
        } else {
            design.solve(row, scratch)
        };
        // What is not positive definite in `f32` may still be in `f64`.
        solved.or_else(|NotPositive| {
            let mut double = Scratch::<f64>::default();
            design.gather(row, &mut double);
            design.solve(row, &mut double)?;
            scratch.solution = double.solution;
            Ok(())
        })
    }

    /// Whether a row is solved as a system in its entries.
    fn is_dual(&self, row: Row<'_>, scratch: &Scratch<T>) -> bool {
        let params = self.design.params;
        let (penalty, bias_penalty) = self.design.penalties(row);
        row.len() < self.design.width
            && !params.non_negative
            && penalty > 0.0
            && (bias_penalty > 0.0 || !params.has_biases())
            && scratch.weights.iter().all(|&weight| weight > T::ZERO)
            && (self.design.gram.is_none() || self.rotation.is_some())
    }

    fn solve_in_entries(&self, row: Row<'_>, scratch: &mut Scratch<T>) -> Result<(), NotPositive> {
        let (width, stride) = (self.design.width, self.design.stride);
        let (penalty, bias_penalty) = self.design.penalties(row);
        let Scratch {
            weights,
            beta,
            gathered: z,
            diagonal,
            dual: buffers,
            b: turned_back,
            x,
            solution,
            ..
        } = scratch;
        z.clear();
        diagonal.clear();
        if let Some(rotation) = &self.rotation {
            let turned = |index: u32| &rotation.rows[index as usize * stride..][..stride];
            row.indices
                .iter()
                .for_each(|&index| prefetch(turned(index)));
            for &index in row.indices {
                z.extend_from_slice(turned(index));
            }
            let values = rotation.values.iter();
            diagonal.extend(values.map(|value| T::from_f64(value + penalty)));
        } else {
            let indices = row.indices.iter();
            indices.for_each(|&index| prefetch(self.design.row(index)));
            for &index in row.indices {
                z.extend(self.design.row(index).iter().map(|&z| T::from_f32(z)));
            }
            diagonal.resize(width, T::from_f64(penalty));
            if self.design.params.has_biases() {
                diagonal[0] = T::from_f64(bias_penalty);
            }
        }
        z.resize(padded(row.len()) * stride, T::ZERO);
        let dual = Dual {
            z,
            diagonal,
            weights,
            beta,
            buffers,
            x,
        };
        dual.solve()?;
        if let Some(rotation) = &self.rotation {
            turned_back.resize(stride, T::ZERO);
            rotation.back(&x[..width], turned_back);
            finite(turned_back, solution)
        } else {
            finite(x, solution)
        }
    }

    /// Bias and factors of a solution.
    fn split<'s>(&self, solution: &'s [f32]) -> (f32, &'s [f32]) {
        let (bias, vector) =
            solution[..self.design.width].split_at(self.design.width - self.design.params.factors);
        (bias.first().copied().unwrap_or(0.0), vector)
    }
}
