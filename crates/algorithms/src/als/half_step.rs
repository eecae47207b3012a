//! One half-iteration: every row of one side solved, the other side held fixed.

use ndarray::Array2;
use rayon::prelude::*;

use super::design::{Design, Scratch, finite};
use super::error::{AlsError, Side};
use super::interactions::{Row, SparseRows};
use super::model::{FactorRow, Factors};
use super::params::AlsValidParams;
use super::rotation::Rotation;
use super::solve::{NotPositive, Real, padded, solve_dual};

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
        let failed = vectors
            .outer_iter_mut()
            .into_par_iter()
            .zip(&mut biases)
            .enumerate()
            .map_init(Scratch::default, |scratch, (row, (mut vector, bias))| {
                let Ok(solved) = self.solve_row(rows.row(row), scratch) else {
                    return Some(row);
                };
                for (target, value) in vector.iter_mut().zip(solved.vector) {
                    *target = value;
                }
                *bias = solved.bias;
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
        let design = &self.design;
        design.gather(row, scratch);
        if scratch.beta.iter().all(|&beta| beta == T::ZERO) {
            return Ok(self.unpack(&vec![0.0; design.width]));
        }
        let x = if self.is_dual(row, scratch) {
            self.solve_in_entries(row, scratch)
        } else {
            design.solve(row, scratch)
        };
        // What is not positive definite in `f32` may still be in `f64`.
        let x = x.or_else(|NotPositive| {
            let mut scratch = Scratch::<f64>::default();
            design.gather(row, &mut scratch);
            design.solve(row, &mut scratch)
        })?;
        Ok(self.unpack(&x))
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

    fn solve_in_entries(
        &self,
        row: Row<'_>,
        scratch: &mut Scratch<T>,
    ) -> Result<Vec<f32>, NotPositive> {
        let width = self.design.width;
        let n = padded(row.len());
        // The rows of the entries, side by side.
        let mut columns = vec![T::ZERO; width * n];
        for (place, &index) in row.indices.iter().enumerate() {
            if let Some(rotation) = &self.rotation {
                rotation.scatter(index, place, n, &mut columns);
            } else {
                let z = self.design.row(index);
                for (column, &value) in columns.chunks_exact_mut(n).zip(z) {
                    column[place] = T::from_f32(value);
                }
            }
        }
        let (penalty, bias_penalty) = self.design.penalties(row);
        let roots = self.rotation.as_ref().map_or_else(
            || {
                let mut roots = vec![T::from_f64(1.0 / penalty.sqrt()); width];
                if self.design.params.has_biases() {
                    roots[0] = T::from_f64(1.0 / bias_penalty.sqrt());
                }
                roots
            },
            |rotation| rotation.roots(penalty),
        );
        let Scratch {
            weights, beta, a, ..
        } = scratch;
        let mut x = solve_dual(&mut columns, &roots, weights, beta, a)?;
        if let Some(rotation) = &self.rotation {
            x = rotation.back(&x);
        }
        finite(x.into_iter().map(T::to_f32).collect())
    }

    fn unpack(&self, x: &[f32]) -> FactorRow {
        let (bias, vector) = x.split_at(self.design.width - self.design.params.factors);
        FactorRow {
            vector: vector.to_vec(),
            bias: bias.first().copied().unwrap_or(0.0),
        }
    }
}
