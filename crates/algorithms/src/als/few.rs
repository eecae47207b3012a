//! Rows of very few entries: most of a shop's customers. Several are solved side by side.

use super::half_step::HalfStep;
use super::interactions::Row;
use super::objective::Entry;
use super::solve::{Apart, CombineBatch, DualBatch, Lanes, Real, SYSTEMS};

/// Most entries of a row that is solved beside others; more are work enough for a row by itself.
pub(crate) const FEW: usize = 16;

/// Systems side by side, and their solutions.
#[derive(Default)]
pub(crate) struct Batch<T> {
    diagonal: Vec<Lanes<T>>,
    weights: Vec<Lanes<T>>,
    beta: Vec<Lanes<T>>,
    z: Vec<Lanes<T>>,
    system: Vec<Lanes<T>>,
    x: Vec<Lanes<T>>,
    turned_back: Vec<Lanes<T>>,
    /// The solutions, one after the other, padded.
    solutions: Vec<f32>,
}

impl<T: Real> HalfStep<'_, T> {
    /// Solves up to [`SYSTEMS`] rows that are solved in their entries; hands out the number of
    /// each and its solution, none if its equations have no unique one. What is found for a row does
    /// not depend on the others.
    pub(crate) fn solve_few(
        &self,
        rows: &[Row<'_>],
        batch: &mut Batch<T>,
        mut take: impl FnMut(usize, Option<&[f32]>),
    ) {
        debug_assert!(rows.len() <= SYSTEMS);
        self.fill(rows, batch);
        let stride = self.design.stride;
        let mut indices: Lanes<&[u32]> = [&[]; SYSTEMS];
        for (indices, row) in indices.iter_mut().zip(rows) {
            *indices = row.indices;
        }
        let solved = match &self.rotation {
            None => solve_from(&self.design.rows, stride, indices, batch),
            Some(rotation) => {
                let solved = solve_from(rotation.rows(), stride, indices, batch);
                batch.turned_back.resize(stride, [T::ZERO; SYSTEMS]);
                CombineBatch {
                    rows: rotation.back(),
                    x: &batch.x[..self.design.width],
                    target: &mut batch.turned_back,
                }
                .compute();
                solved
            }
        };
        let x = match &self.rotation {
            None => &batch.x,
            Some(_) => &batch.turned_back,
        };
        let solutions = &mut batch.solutions;
        let finite = Apart { x, rows: solutions }.compute();
        let solutions = solutions.chunks_exact(stride).take(rows.len());
        for (lane, solution) in solutions.enumerate() {
            take(lane, (solved[lane] && finite[lane]).then_some(solution));
        }
    }

    /// Writes what is known of some rows to a batch, all but their factors. Entries that a row lacks
    /// have weight 1.
    fn fill(&self, rows: &[Row<'_>], batch: &mut Batch<T>) {
        let n = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        refill(&mut batch.weights, n, T::ONE);
        refill(&mut batch.beta, n, T::ZERO);
        let (mut penalties, mut bias_penalties) = ([1.0; SYSTEMS], [1.0; SYSTEMS]);
        for (lane, &row) in rows.iter().enumerate() {
            let entries = batch.weights.iter_mut().zip(&mut batch.beta);
            for (Entry { weight, beta }, (weights, betas)) in self.design.parts(row).zip(entries) {
                weights[lane] = T::from_f64(weight);
                betas[lane] = T::from_f64(beta);
            }
            (penalties[lane], bias_penalties[lane]) = self.design.penalties(row);
        }
        batch.diagonal.clear();
        let biases = usize::from(self.design.params.has_biases());
        for (column, value) in self.eigenvalues().enumerate() {
            let penalties = if column < biases {
                &bias_penalties
            } else {
                &penalties
            };
            let lanes = penalties.map(|penalty| T::from_f64(value + penalty));
            batch.diagonal.push(lanes);
        }
    }
}

/// Solves a batch for the rows of a table.
fn solve_from<S: Real, T: Real>(
    table: &[S],
    stride: usize,
    indices: Lanes<&[u32]>,
    batch: &mut Batch<T>,
) -> Lanes<bool> {
    let Batch {
        diagonal,
        weights,
        beta,
        z,
        system,
        x,
        ..
    } = batch;
    // The padding stays as it is.
    x.resize(stride, [T::ZERO; SYSTEMS]);
    DualBatch {
        table,
        stride,
        indices,
        x: &mut x[..diagonal.len()],
        diagonal,
        weights,
        beta,
        z,
        system,
    }
    .solve()
}

fn refill<T: Real>(values: &mut Vec<Lanes<T>>, n: usize, value: T) {
    values.clear();
    values.resize(n, [value; SYSTEMS]);
}
