//! One half-iteration: every row of one side solved, the other side held fixed.

use std::cmp::Reverse;
use std::mem::take;

use ndarray::{Array2, ArrayViewMut2, Axis};
use rayon::prelude::*;

use super::design::{Design, Scratch, finite};
use super::error::{AlsError, Side};
use super::few::FEW;
use super::interactions::{Row, SparseRows};
use super::model::{FactorRow, Factors};
use super::params::AlsValidParams;
use super::rotation::Rotation;
use super::solve::{Ahead, Dual, NotPositive, Real, SYSTEMS, padded};

/// Rows with as many entries are solved before all others.
const LONG: usize = 512;

/// Rows per unit of parallel work.
const BLOCK_ROWS: usize = 256;

/// The fixed side of a half-iteration, made ready for solving rows of the other.
pub(crate) struct HalfStep<'a, T> {
    pub(crate) design: Design<'a>,
    /// Present if short rows are solved in the eigenbasis.
    pub(crate) rotation: Option<Rotation<T>>,
}

/// How a row is solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Not at all: nothing speaks for any other factors than zeros.
    Zero,
    /// As a system in its entries, fewer than its unknowns.
    Dual,
    /// As a system in its unknowns.
    Primal,
}

/// Where the solutions of some rows go.
struct Block<'a> {
    first: usize,
    vectors: ArrayViewMut2<'a, f32>,
    biases: &'a mut [f32],
}

impl Block<'_> {
    fn put(&mut self, row: usize, bias: f32, vector: &[f32]) {
        let place = row % BLOCK_ROWS;
        for (target, &value) in self.vectors.row_mut(place).iter_mut().zip(vector) {
            *target = value;
        }
        self.biases[place] = bias;
    }
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
        let is_long = |&row: &usize| rows.row(row).len() >= LONG;
        let mut long: Vec<usize> = (0..n).filter(is_long).collect();
        // The longest first: one that came last would keep a single thread busy.
        long.sort_by_key(|&row| Reverse(rows.row(row).len()));
        let solved: Vec<Result<FactorRow, NotPositive>> = long
            .par_iter()
            .map_init(Scratch::default, |scratch, &row| {
                self.solve_row(rows.row(row), scratch)
            })
            .collect();
        let mut blocks: Vec<Block<'_>> = vectors
            .axis_chunks_iter_mut(Axis(0), BLOCK_ROWS)
            .zip(biases.chunks_mut(BLOCK_ROWS))
            .enumerate()
            .map(|(block, (vectors, biases))| Block {
                first: block * BLOCK_ROWS,
                vectors,
                biases,
            })
            .collect();
        let mut failed: Vec<usize> = blocks
            .par_iter_mut()
            .map_init(Scratch::default, |scratch, block| {
                self.solve_block(rows, block, scratch)
            })
            .flatten_iter()
            .collect();
        for (row, solved) in long.into_iter().zip(solved) {
            match solved {
                Err(NotPositive) => failed.push(row),
                Ok(FactorRow { vector, bias }) => {
                    blocks[row / BLOCK_ROWS].put(row, bias, &vector);
                }
            }
        }
        if let Some(row) = failed.into_iter().min() {
            return Err(AlsError::Singular { side, row });
        }
        Ok(Factors {
            vectors,
            biases: self.design.params.has_biases().then_some(biases),
        })
    }

    /// Solves all rows of a block but the long ones; returns those that have no solution.
    fn solve_block(
        &self,
        rows: &SparseRows,
        block: &mut Block<'_>,
        scratch: &mut Scratch<T>,
    ) -> Vec<usize> {
        let (mut few, mut dual, mut primal) = (Vec::new(), Vec::new(), Vec::new());
        for row in block.first..block.first + block.biases.len() {
            let entries = rows.row(row);
            if entries.len() >= LONG {
                continue;
            }
            match self.form(entries) {
                Form::Zero => {}
                Form::Dual if entries.len() <= FEW => few.push((entries.len(), row)),
                Form::Dual => dual.push(row),
                Form::Primal => primal.push(row),
            }
        }
        let mut failed = Vec::new();
        for (form, alone) in [(Form::Dual, dual), (Form::Primal, primal)] {
            for (place, &row) in alone.iter().enumerate() {
                let next = alone.get(place + 1);
                let next = next.map_or(Row::default(), |&row| rows.row(row));
                if self.solve(rows.row(row), form, next, scratch).is_ok() {
                    let (bias, vector) = self.split(&scratch.solution);
                    block.put(row, bias, vector);
                } else {
                    failed.push(row);
                }
            }
        }
        // Systems side by side take as long as the largest of them.
        few.sort_unstable();
        let (mut batch, mut solution) = (take(&mut scratch.batch), take(&mut scratch.solution));
        let mut batches = few.chunks(SYSTEMS).peekable();
        while let Some(few) = batches.next() {
            let together: Vec<Row<'_>> = few.iter().map(|&(_, row)| rows.row(row)).collect();
            for &(_, row) in batches.peek().copied().unwrap_or_default() {
                self.ahead(rows.row(row)).fetch_all();
            }
            self.solve_few(&together, &mut batch, &mut solution, |place, found| {
                let (_, row) = few[place];
                match found {
                    Some(solution) => {
                        let (bias, vector) = self.split(solution);
                        block.put(row, bias, vector);
                    }
                    None if self.solve_in_double(rows.row(row), scratch).is_ok() => {
                        let (bias, vector) = self.split(&scratch.solution);
                        block.put(row, bias, vector);
                    }
                    None => failed.push(row),
                }
            });
        }
        (scratch.batch, scratch.solution) = (batch, solution);
        failed
    }

    /// The row that minimises the loss, given the other side.
    pub(crate) fn solve_row(
        &self,
        row: Row<'_>,
        scratch: &mut Scratch<T>,
    ) -> Result<FactorRow, NotPositive> {
        self.solve(row, self.form(row), Row::default(), scratch)?;
        let (bias, vector) = self.split(&scratch.solution);
        Ok(FactorRow {
            vector: vector.to_vec(),
            bias,
        })
    }

    /// Leaves the solution of a row in `scratch`. What `next` needs, a row of the same form, is
    /// fetched from memory meanwhile.
    fn solve(
        &self,
        row: Row<'_>,
        form: Form,
        next: Row<'_>,
        scratch: &mut Scratch<T>,
    ) -> Result<(), NotPositive> {
        let design = &self.design;
        design.gather(row, scratch);
        let solved = match form {
            Form::Zero => {
                scratch.solution.clear();
                scratch.solution.resize(design.stride, 0.0);
                Ok(())
            }
            Form::Dual => self.solve_in_entries(row, next, scratch),
            Form::Primal => design.solve(row, next, scratch),
        };
        solved.or_else(|NotPositive| self.solve_in_double(row, scratch))
    }

    /// Solves a row in `f64`: what is not positive definite in `f32` may still be there.
    fn solve_in_double(&self, row: Row<'_>, scratch: &mut Scratch<T>) -> Result<(), NotPositive> {
        let mut double = Scratch::<f64>::default();
        self.design.gather(row, &mut double);
        self.design.solve(row, Row::default(), &mut double)?;
        scratch.solution = double.solution;
        Ok(())
    }

    /// How a row is solved.
    fn form(&self, row: Row<'_>) -> Form {
        let params = self.design.params;
        let entries = || {
            row.iter()
                .map(|(index, score)| self.design.entry(index, score))
        };
        if entries().all(|entry| T::from_f64(entry.beta) == T::ZERO) {
            return Form::Zero;
        }
        let (penalty, bias_penalty) = self.design.penalties(row);
        let is_dual = row.len() < self.design.width
            && !params.non_negative
            && penalty > 0.0
            && (bias_penalty > 0.0 || !params.has_biases())
            && (self.design.gram.is_none() || self.rotation.is_some())
            && entries().all(|entry| T::from_f64(entry.weight) > T::ZERO);
        if is_dual { Form::Dual } else { Form::Primal }
    }

    fn solve_in_entries(
        &self,
        row: Row<'_>,
        next: Row<'_>,
        scratch: &mut Scratch<T>,
    ) -> Result<(), NotPositive> {
        let (width, stride) = (self.design.width, self.design.stride);
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
        if let Some(rotation) = &self.rotation {
            for &index in row.indices {
                z.extend_from_slice(rotation.row(index));
            }
        } else {
            for &index in row.indices {
                z.extend(self.design.row(index).iter().map(|&z| T::from_f32(z)));
            }
        }
        diagonal.resize(width, T::ZERO);
        self.diagonal(row, |column, value| diagonal[column] = value);
        z.resize(padded(row.len()) * stride, T::ZERO);
        let dual = Dual {
            z,
            diagonal,
            weights,
            beta,
            ahead: self.ahead(next),
            buffers,
            x,
        };
        dual.solve()?;
        if let Some(rotation) = &self.rotation {
            turned_back.resize(stride, T::ZERO);
            rotation.turn_back(&x[..width], turned_back);
            finite(turned_back, solution)
        } else {
            finite(x, solution)
        }
    }

    /// What a row that is solved in its entries needs from memory.
    fn ahead<'s>(&'s self, row: Row<'s>) -> Ahead<'s, T> {
        let table = match &self.rotation {
            Some(rotation) => rotation.rows(),
            // Of another type than `f64`, which has to do without.
            None => T::choose(&self.design.rows, &[]),
        };
        match table {
            [] => Ahead::default(),
            _ => Ahead::new(table, self.design.stride, row.indices),
        }
    }

    /// Hands out the diagonal that stands beside the entries of a row in its equations.
    pub(crate) fn diagonal(&self, row: Row<'_>, mut put: impl FnMut(usize, T)) {
        let (penalty, bias_penalty) = self.design.penalties(row);
        if let Some(rotation) = &self.rotation {
            for (column, value) in rotation.values.iter().enumerate() {
                put(column, T::from_f64(value + penalty));
            }
        } else {
            let first = if self.design.params.has_biases() {
                bias_penalty
            } else {
                penalty
            };
            put(0, T::from_f64(first));
            (1..self.design.width).for_each(|column| put(column, T::from_f64(penalty)));
        }
    }

    /// Bias and factors of a solution.
    fn split<'s>(&self, solution: &'s [f32]) -> (f32, &'s [f32]) {
        let (bias, vector) =
            solution[..self.design.width].split_at(self.design.width - self.design.params.factors);
        (bias.first().copied().unwrap_or(0.0), vector)
    }
}
