//! One half-iteration: every row of one side solved, the other side held fixed.

use std::iter::{repeat, repeat_n};

use ndarray::{Array2, ArrayView1, ArrayViewMut2, Axis};
use rayon::prelude::*;

use super::design::{Design, Given, Scratch, Weights, finite};
use super::error::AlsError;
use super::few::{Batch, scales_of_few};
use super::interactions::Row;
use super::model::{FactorRow, Factors};
use super::params::AlsValidParams;
use super::rotation::Rotation;
use super::schedule::{BlockRows, Form, Place, Scheduled};
use super::solve::{Ahead, Dual, NotPositive, Real, aligned_zeros, is_aligned};
use crate::isa::prefetch;

/// The fixed side of a half-iteration, made ready for solving rows of the other.
pub(crate) struct HalfStep<'a, T> {
    pub(crate) design: Design<'a>,
    /// Present if short rows are solved in the eigenbasis.
    pub(crate) rotation: Option<Rotation<T>>,
    /// What [`scales_of_few`] gives.
    pub(crate) few_scales: Vec<T>,
}

/// Where the solutions of some rows go.
struct Block<'a> {
    first: usize,
    vectors: ArrayViewMut2<'a, f32>,
    biases: &'a mut [f32],
    /// Rows that have no solution.
    failed: Vec<usize>,
}

impl Block<'_> {
    /// Takes a solution, if there is one.
    fn take(&mut self, place: usize, solution: Option<(f32, &[f32])>) {
        match solution {
            Some((bias, vector)) => self.put(place, bias, vector),
            None => self.failed.push(self.first + place),
        }
    }

    fn put(&mut self, place: usize, bias: f32, vector: &[f32]) {
        let mut target = self.vectors.row_mut(place);
        match target.as_slice_mut() {
            Some(target) => target.copy_from_slice(vector),
            None => target.assign(&ArrayView1::from(vector)),
        }
        self.biases[place] = bias;
    }

    /// Has the place of a solution fetched from memory: a store that misses the caches keeps all
    /// later ones waiting, and loads that need these.
    fn fetch(&self, place: Place) {
        if let Some(target) = self.vectors.row(usize::from(place)).to_slice() {
            prefetch(target);
        }
    }
}

impl<'a, T: Real> HalfStep<'a, T> {
    /// `gram` is `Z'Z`, padded, for implicit feedback. `rotated` asks for the eigenbasis, in which
    /// short rows of implicit feedback are solved.
    pub(crate) fn new(
        params: &'a AlsValidParams,
        mean: f32,
        other: &'a Factors,
        gram: Option<&[f64]>,
        rotated: bool,
    ) -> Self {
        let design = Design::new(params, mean, other, gram);
        let rotation = (design.gram.as_ref())
            .filter(|_| rotated)
            .map(|gram| Rotation::new(gram, &design.rows, design.width, design.stride));
        let few_scales = scales_of_few(&design, rotation.as_ref());
        Self {
            design,
            rotation,
            few_scales,
        }
    }

    /// Solves all rows; the result does not depend on the number of threads. It is written to
    /// `room`, if its shape is right and it begins with a line of the cache.
    pub(crate) fn solve_all(
        &self,
        side: &Scheduled<'_, T>,
        room: Option<Factors>,
    ) -> Result<Factors, AlsError> {
        let block_rows = side.block_rows;
        let shape = (side.rows.n_rows(), self.design.params.factors);
        let room = room.map(|factors| factors.vectors);
        let fits =
            |room: &Array2<f32>| room.dim() == shape && room.as_slice().is_some_and(is_aligned);
        let mut vectors = (room.filter(fits)).unwrap_or_else(|| aligned_zeros(shape));
        let mut biases = vec![0.0; side.rows.n_rows()];
        let solved: Vec<Result<FactorRow, NotPositive>> = (side.long.par_iter())
            .map_init(Scratch::default, |scratch, &(row, form)| {
                self.solve_row(side.rows.row(row), form, scratch)
            })
            .collect();
        let mut blocks: Vec<Block<'_>> = vectors
            .axis_chunks_iter_mut(Axis(0), block_rows)
            .zip(biases.chunks_mut(block_rows))
            .enumerate()
            .map(|(block, (vectors, biases))| Block {
                first: block * block_rows,
                vectors,
                biases,
                failed: Vec::new(),
            })
            .collect();
        (blocks.par_iter_mut()).zip(&side.blocks).for_each_init(
            <(Scratch<T>, Batch<T>)>::default,
            |(scratch, batch), (block, rows)| {
                self.solve_block(side, rows, block, scratch, batch);
            },
        );
        for (&(row, _), solved) in side.long.iter().zip(&solved) {
            let solution = solved.as_ref().ok();
            let solution = solution.map(|solved| (solved.bias, &solved.vector[..]));
            blocks[row / block_rows].take(row % block_rows, solution);
        }
        let failed = blocks.iter().flat_map(|block| &block.failed);
        if let Some(&row) = failed.min() {
            return Err(AlsError::Singular {
                side: side.side,
                row,
            });
        }
        Ok(Factors {
            vectors,
            biases: self.design.params.has_biases().then_some(biases),
        })
    }

    /// Solves all rows of a block but the long ones.
    fn solve_block(
        &self,
        side: &Scheduled<'_, T>,
        rows: &BlockRows<T>,
        block: &mut Block<'_>,
        scratch: &mut Scratch<T>,
        batch: &mut Batch<T>,
    ) {
        let first = block.first;
        for &place in &rows.zero {
            let place = usize::from(place);
            block.vectors.row_mut(place).fill(0.0);
            block.biases[place] = 0.0;
        }
        for (form, alone) in [(Form::Dual, &rows.dual), (Form::Primal, &rows.primal)] {
            let mut alone = alone.rows(side.rows, first).peekable();
            while let Some((place, given)) = alone.next() {
                let mut next: &[u32] = &[];
                if let Some(&(place, given)) = alone.peek() {
                    block.fetch(place);
                    next = given.row.indices;
                }
                let solved = self.solve(given, form, next, scratch);
                block.take(place.into(), self.solution(solved, scratch));
            }
        }
        let mut batches = rows.few.batches().peekable();
        while let Some(few) = batches.next() {
            if let Some(next) = batches.peek() {
                match &self.rotation {
                    Some(rotation) => next.fetch(rotation.rows(), self.design.stride),
                    None => next.fetch(&self.design.rows, self.design.stride),
                }
                next.places.iter().for_each(|&place| block.fetch(place));
            }
            self.solve_few(few, batch, |number, found| {
                let place = few.places[number];
                if let Some(solution) = found {
                    block.take(place.into(), Some(self.split(solution)));
                } else {
                    let row = side.rows.row(first + usize::from(place));
                    let solved = self.solve_in_double(row, scratch);
                    block.take(place.into(), self.solution(solved, scratch));
                }
            });
        }
    }

    /// The row that minimises the loss, given the other side.
    pub(crate) fn solve_alone(
        &self,
        row: Row<'_>,
        scratch: &mut Scratch<T>,
    ) -> Result<FactorRow, NotPositive> {
        let (params, n_other) = (self.design.params, self.design.other.len());
        let form = params.form(row, n_other, self.rotation.is_some());
        self.solve_row(row, form, scratch)
    }

    fn solve_row(
        &self,
        row: Row<'_>,
        form: Form,
        scratch: &mut Scratch<T>,
    ) -> Result<FactorRow, NotPositive> {
        self.solve(self.design.given(row), form, &[], scratch)?;
        let (bias, vector) = self.split(&scratch.solution);
        Ok(FactorRow {
            vector: vector.to_vec(),
            bias,
        })
    }

    /// Leaves the solution of a row in `scratch`. The rows of the other side that are needed `next`, by
    /// a row of the same form, are fetched from memory meanwhile.
    fn solve(
        &self,
        given: Given<'_, T>,
        form: Form,
        next: &[u32],
        scratch: &mut Scratch<T>,
    ) -> Result<(), NotPositive> {
        let solved = match form {
            Form::Zero => {
                scratch.solution.clear();
                scratch.solution.resize(self.design.stride, 0.0);
                Ok(())
            }
            Form::Dual => self.solve_in_entries(given, next, scratch),
            Form::Primal => self.design.solve(given, next, scratch),
        };
        solved.or_else(|NotPositive| self.solve_in_double(given.row, scratch))
    }

    /// Solves a row in `f64`: what is not positive definite in `f32` may still be there.
    fn solve_in_double(&self, row: Row<'_>, scratch: &mut Scratch<T>) -> Result<(), NotPositive> {
        let mut double = Scratch::<f64>::default();
        self.design
            .solve(self.design.given(row), &[], &mut double)?;
        scratch.solution = double.solution;
        Ok(())
    }

    fn solve_in_entries(
        &self,
        given: Given<'_, T>,
        next: &[u32],
        scratch: &mut Scratch<T>,
    ) -> Result<(), NotPositive> {
        match &self.rotation {
            Some(rotation) => {
                self.solve_from(rotation.rows(), given, next, scratch)?;
                let (width, stride) = (self.design.width, self.design.stride);
                let Scratch {
                    b: turned_back,
                    x,
                    solution,
                    ..
                } = scratch;
                turned_back.resize(stride, T::ZERO);
                rotation.turn_back(&x[..width], turned_back);
                finite(turned_back, solution)
            }
            None => {
                self.solve_from(&self.design.rows, given, next, scratch)?;
                finite(&scratch.x, &mut scratch.solution)
            }
        }
    }

    /// Solves a row as a system in its entries, for the rows of a table; leaves the solution in
    /// `scratch.x`.
    fn solve_from<S: Real>(
        &self,
        table: &[S],
        given: Given<'_, T>,
        next: &[u32],
        scratch: &mut Scratch<T>,
    ) -> Result<(), NotPositive> {
        let Scratch {
            weights,
            diagonal,
            dual: buffers,
            x,
            ..
        } = scratch;
        let Weights { roots, beta } = self.design.weights(given, weights);
        diagonal.clear();
        let penalties = self.design.penalties_of(given.n_penalized);
        diagonal.extend(diagonal_of(&self.design, self.rotation.as_ref(), penalties));
        let dual = Dual {
            table,
            indices: given.row.indices,
            diagonal,
            roots,
            beta,
            ahead: Ahead::new(table, self.design.stride, next),
            buffers,
            x,
        };
        dual.solve()
    }

    /// Bias and factors of the solution in `scratch`, if there is one.
    fn solution<'s>(
        &self,
        solved: Result<(), NotPositive>,
        scratch: &'s Scratch<T>,
    ) -> Option<(f32, &'s [f32])> {
        solved.is_ok().then(|| self.split(&scratch.solution))
    }

    /// Bias and factors of a solution.
    fn split<'s>(&self, solution: &'s [f32]) -> (f32, &'s [f32]) {
        let (bias, vector) =
            solution[..self.design.width].split_at(self.design.width - self.design.params.factors);
        (bias.first().copied().unwrap_or(0.0), vector)
    }
}

/// The diagonal that stands beside the entries of a row in its equations, a value per unknown, for
/// penalties on its factors and its bias: in the eigenbasis, or without a Gram matrix.
pub(super) fn diagonal_of<T: Real>(
    design: &Design<'_>,
    rotation: Option<&Rotation<T>>,
    (penalty, bias_penalty): (f64, f64),
) -> impl Iterator<Item = T> {
    let eigenvalues: &[f64] = rotation.map_or(&[], |rotation| &rotation.values);
    let of_all = eigenvalues.iter().copied().chain(repeat(0.0));
    let biases = usize::from(design.params.has_biases());
    let penalties = repeat_n(bias_penalty, biases).chain(repeat(penalty));
    (of_all.zip(penalties).take(design.width)).map(|(value, penalty)| T::from_f64(value + penalty))
}
