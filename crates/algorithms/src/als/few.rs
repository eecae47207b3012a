//! Rows of very few entries: most of a shop's customers. Several are solved side by side.

use super::half_step::HalfStep;
use super::interactions::Row;
use super::objective::Entry;
use super::solve::{CombineBatch, DualBatch, Lanes, Real, SYSTEMS};

/// Most entries of a row that is solved beside others; more are work enough for a row by itself.
pub(crate) const FEW: usize = 16;

/// Systems side by side, and their solutions.
#[derive(Default)]
pub(crate) struct Batch<T> {
    /// The rows of the other side, those of one system after those of the other.
    rows: Vec<T>,
    z: Vec<Lanes<T>>,
    diagonal: Vec<Lanes<T>>,
    weights: Vec<Lanes<T>>,
    beta: Vec<Lanes<T>>,
    system: Vec<Lanes<T>>,
    x: Vec<Lanes<T>>,
    turned_back: Vec<Lanes<T>>,
}

impl<T: Real> HalfStep<'_, T> {
    /// Solves up to [`SYSTEMS`] rows that are solved in their entries; hands out the number of
    /// each and its solution, none if its equations have no unique one. What is found for a row does
    /// not depend on the others.
    pub(crate) fn solve_few(
        &self,
        rows: &[Row<'_>],
        batch: &mut Batch<T>,
        solution: &mut Vec<f32>,
        mut take: impl FnMut(usize, Option<&[f32]>),
    ) {
        debug_assert!(rows.len() <= SYSTEMS);
        self.fill(rows, batch);
        let Batch {
            rows: _,
            z,
            diagonal,
            weights,
            beta,
            system,
            x,
            turned_back,
        } = batch;
        let solved = DualBatch {
            z,
            diagonal,
            weights,
            beta,
            system,
            x,
        }
        .solve();
        let found = match &self.rotation {
            None => &x[..],
            Some(rotation) => {
                turned_back.resize(self.design.stride, [T::ZERO; SYSTEMS]);
                CombineBatch {
                    rows: rotation.back(),
                    x,
                    target: turned_back,
                }
                .compute();
                &turned_back[..self.design.width]
            }
        };
        for (lane, solved) in solved.into_iter().enumerate().take(rows.len()) {
            solution.clear();
            solution.extend(found.iter().map(|values| values[lane].to_f32()));
            let is_found = solved && solution.iter().all(|value| value.is_finite());
            take(lane, is_found.then_some(&solution[..]));
        }
    }

    /// Writes the systems of some rows to a batch. Entries that a row lacks have weight 1 and no
    /// factors.
    fn fill(&self, rows: &[Row<'_>], batch: &mut Batch<T>) {
        let width = self.design.width;
        let n = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        refill(&mut batch.z, n * width, T::ZERO);
        refill(&mut batch.weights, n, T::ONE);
        refill(&mut batch.beta, n, T::ZERO);
        refill(&mut batch.diagonal, width, T::ONE);
        batch.x.resize(width, [T::ZERO; SYSTEMS]);
        batch.rows.clear();
        for (lane, &row) in rows.iter().enumerate() {
            for &index in row.indices {
                match &self.rotation {
                    Some(rotation) => batch.rows.extend_from_slice(rotation.row(index)),
                    None => {
                        let row = self.design.row(index).iter();
                        batch.rows.extend(row.map(|&value| T::from_f32(value)));
                    }
                }
            }
            let entries = batch.weights.iter_mut().zip(&mut batch.beta);
            for ((index, score), (weights, betas)) in row.iter().zip(entries) {
                let Entry { weight, beta } = self.design.entry(index, score);
                weights[lane] = T::from_f64(weight);
                betas[lane] = T::from_f64(beta);
            }
            self.diagonal(row, |column, value| batch.diagonal[column][lane] = value);
        }
        // Not in the same loop: many rows come from memory at the same time, if little else is done
        // with them.
        let mut from = batch.rows.chunks_exact(self.design.stride);
        for (lane, row) in rows.iter().enumerate() {
            let targets = batch.z.chunks_exact_mut(width).take(row.len());
            for (target, from) in targets.zip(&mut from) {
                for (target, &value) in target.iter_mut().zip(from) {
                    target[lane] = value;
                }
            }
        }
    }
}

fn refill<T: Real>(values: &mut Vec<Lanes<T>>, n: usize, value: T) {
    values.clear();
    values.resize(n, [value; SYSTEMS]);
}
