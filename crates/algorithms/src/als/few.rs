//! Rows of very few entries: most of a shop's customers. Several are solved side by side.

use super::design::Design;
use super::half_step::{HalfStep, diagonal_of};
use super::interactions::Row;
use super::objective::Weigh;
use super::rotation::Rotation;
use super::solve::{Apart, BatchBuffers, CombineBatch, DualBatch, Lanes, Real, SYSTEMS};

/// Most entries of a row that is solved beside others; more are work enough for a row by itself.
pub(crate) const FEW: usize = 16;

/// Systems side by side, and their solutions.
#[derive(Default)]
pub(crate) struct Batch<T> {
    scores: Vec<Lanes<f32>>,
    offsets: Vec<Lanes<f64>>,
    weights: Vec<Lanes<T>>,
    beta: Vec<Lanes<T>>,
    buffers: BatchBuffers<T>,
    x: Vec<Lanes<T>>,
    turned_back: Vec<Lanes<T>>,
    /// The solutions, one after the other, padded.
    solutions: Vec<f32>,
}

/// One over the roots of the diagonals of rows of few entries, padded: in row `n` those of a row with
/// `n` scores that penalties grow with.
pub(super) fn scales_of_few<T: Real>(
    design: &Design<'_>,
    rotation: Option<&Rotation<T>>,
) -> Vec<T> {
    let mut scales = Vec::with_capacity((FEW + 1) * design.stride);
    for n_penalized in 0..=FEW {
        let penalties = design.penalties_of(n_penalized);
        let diagonal = diagonal_of(design, rotation, penalties);
        scales.extend(diagonal.map(|value| T::ONE / value.sqrt()));
        scales.resize((n_penalized + 1) * design.stride, T::ZERO);
    }
    scales
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
        let solved = match &self.rotation {
            None => self.solve_few_from(&self.design.rows, rows, batch),
            Some(rotation) => {
                let solved = self.solve_few_from(rotation.rows(), rows, batch);
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

    /// Writes what the scores of some rows weigh to a batch. Entries that a row lacks have weight 1.
    fn fill(&self, rows: &[Row<'_>], batch: &mut Batch<T>) {
        let design = &self.design;
        let n = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let Batch {
            scores,
            offsets,
            weights,
            beta,
            ..
        } = batch;
        scores.resize(n, [0.0; SYSTEMS]);
        weights.resize(n, [T::ZERO; SYSTEMS]);
        beta.resize(n, [T::ZERO; SYSTEMS]);
        let biases = design.params.has_biases();
        offsets.resize(if biases { n } else { 0 }, [0.0; SYSTEMS]);
        for (lane, row) in rows.iter().enumerate() {
            for (scores, &score) in scores.iter_mut().zip(row.scores) {
                scores[lane] = score;
            }
            for (offsets, &index) in offsets.iter_mut().zip(row.indices) {
                offsets[lane] = design.offset(index);
            }
        }
        Weigh {
            feedback: design.params.feedback,
            scores: scores.as_flattened(),
            offsets: offsets.as_flattened(),
            weights: weights.as_flattened_mut(),
            beta: beta.as_flattened_mut(),
        }
        .compute();
        // What an earlier batch left where a row has no entry has been weighed too.
        for lane in 0..SYSTEMS {
            for entry in rows.get(lane).map_or(0, Row::len)..n {
                (weights[entry][lane], beta[entry][lane]) = (T::ONE, T::ZERO);
            }
        }
    }

    /// Solves a batch that has been filled, for the rows of a table; says which have been solved.
    fn solve_few_from<S: Real>(
        &self,
        table: &[S],
        rows: &[Row<'_>],
        batch: &mut Batch<T>,
    ) -> Lanes<bool> {
        let Batch {
            weights,
            beta,
            buffers,
            x,
            ..
        } = batch;
        let (stride, width) = (self.design.stride, self.design.width);
        let scales = |row| {
            let n_penalized = self.design.params.n_penalized(row);
            &self.few_scales[n_penalized * stride..][..stride]
        };
        // Where there is no row, what the first needs will do.
        let first = rows.first().copied().unwrap_or_default();
        let (mut indices, mut each_scales): (Lanes<&[u32]>, _) =
            ([&[]; SYSTEMS], [scales(first); SYSTEMS]);
        for (lane, &row) in rows.iter().enumerate() {
            (indices[lane], each_scales[lane]) = (row.indices, scales(row));
        }
        // The padding stays as it is.
        x.resize(stride, [T::ZERO; SYSTEMS]);
        DualBatch {
            table,
            stride,
            indices,
            scales: each_scales,
            weights,
            beta,
            buffers,
            x: &mut x[..width],
        }
        .solve()
    }
}
