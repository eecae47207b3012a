//! Rows of very few entries: most of a shop's customers. Several are solved side by side.

use super::design::Design;
use super::half_step::{HalfStep, diagonal_of};
use super::interactions::SparseRows;
use super::params::AlsValidParams;
use super::rotation::Rotation;
use super::schedule::Place;
use super::solve::{
    Ahead, Aligned, Apart, BatchBuffers, BatchEntry, CombineBatch, DualBatch, Lanes, Real, SYSTEMS,
};

/// Most entries of a row that is solved beside others; more are work enough for a row by itself.
pub(crate) const FEW: usize = 16;

/// Rows of very few entries, laid side by side once for a fit: what their scores weigh is the same in
/// every iteration.
pub(crate) struct FewRows<T> {
    /// In the order of their lengths: systems side by side take as long as the largest of them.
    places: Vec<Place>,
    /// For each row the scores its penalties grow with.
    n_penalized: Vec<u8>,
    /// Entries of each [`SYSTEMS`] rows.
    lengths: Vec<u8>,
    entries: Vec<BatchEntry<T>>,
}

/// Up to [`SYSTEMS`] rows of [`FewRows`].
#[derive(Clone, Copy)]
pub(crate) struct FewBatch<'a, T> {
    pub(crate) places: &'a [Place],
    n_penalized: &'a [u8],
    entries: &'a [BatchEntry<T>],
}

impl<T: Real> FewRows<T> {
    /// The rows at these places from `first` on. No row has more than [`FEW`] entries, or none.
    pub(crate) fn new(
        params: &AlsValidParams,
        rows: &SparseRows,
        first: usize,
        mut places: Vec<Place>,
    ) -> Self {
        let row = |place: Place| rows.row(first + usize::from(place));
        places.sort_by_key(|&place| row(place).len());
        let n_penalized = |&place: &Place| params.n_penalized(row(place)) as u8;
        let n_penalized = places.iter().map(n_penalized).collect();
        let (mut lengths, mut entries) = (Vec::new(), Vec::new());
        for places in places.chunks(SYSTEMS) {
            let n = places.last().map_or(0, |&place| row(place).len());
            lengths.push(n as u8);
            let start = entries.len();
            entries.resize_with(start + n, BatchEntry::default);
            let entries: &mut [BatchEntry<T>] = &mut entries[start..];
            for (lane, place) in (0..SYSTEMS).zip(places.iter().chain(places.iter().cycle())) {
                let row = row(*place);
                // What is beyond the last entry of a row has its index, so that nothing but what the
                // row needs is read.
                let last = row.indices.last().copied().unwrap_or_default();
                for (number, entry) in entries.iter_mut().enumerate() {
                    entry.indices[lane] = row.indices.get(number).copied().unwrap_or(last);
                    let score = row.scores.get(number).filter(|_| lane < places.len());
                    if let Some(&score) = score {
                        let weighed = params.feedback.entry(score, 0.0);
                        let root = T::from_f64(weighed.weight).sqrt();
                        entry.roots[lane] = root;
                        entry.targets[lane] = T::from_f64(weighed.beta) / root;
                    }
                }
            }
        }
        Self {
            places,
            n_penalized,
            lengths,
            entries,
        }
    }

    /// The rows, as many at a time as are solved side by side.
    pub(crate) fn batches(&self) -> impl Iterator<Item = FewBatch<'_, T>> {
        let rows = self.places.chunks(SYSTEMS);
        let rows = rows
            .zip(self.n_penalized.chunks(SYSTEMS))
            .zip(&self.lengths);
        let mut entries = &self.entries[..];
        rows.map(move |((places, n_penalized), &length)| {
            let (here, later) = entries.split_at(length.into());
            entries = later;
            FewBatch {
                places,
                n_penalized,
                entries: here,
            }
        })
    }
}

impl<T> FewBatch<'_, T> {
    /// Fetches what the rows need of a table from memory.
    pub(crate) fn fetch<S>(&self, table: &[S], stride: usize) {
        for entry in self.entries {
            Ahead::new(table, stride, &entry.indices).fetch_all();
        }
    }
}

/// Room for systems side by side, and their solutions.
#[derive(Default)]
pub(crate) struct Batch<T> {
    w: Aligned<Lanes<T>>,
    buffers: BatchBuffers<T>,
    x: Aligned<Lanes<T>>,
    turned_back: Aligned<Lanes<T>>,
    /// The solutions, one after the other, padded.
    solutions: Aligned<f32>,
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
    /// Solves some rows that are solved in their entries; hands out the number of each and its
    /// solution, none if its equations have no unique one. What is found for a row does not depend on
    /// the others.
    pub(crate) fn solve_few(
        &self,
        rows: FewBatch<'_, T>,
        batch: &mut Batch<T>,
        mut take: impl FnMut(usize, Option<&[f32]>),
    ) {
        self.aim(rows.entries, &mut batch.w);
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
        let solutions = solutions.chunks_exact(stride).take(rows.places.len());
        for (lane, solution) in solutions.enumerate() {
            take(lane, (solved[lane] && finite[lane]).then_some(solution));
        }
    }

    /// Writes what the scores of some rows ask for.
    fn aim(&self, entries: &[BatchEntry<T>], w: &mut Aligned<Lanes<T>>) {
        w.clear();
        for entry in entries {
            w.push(entry.targets);
        }
        if !self.design.params.has_biases() {
            return;
        }
        // With biases every score weighs 1, and what it asks for changes with them.
        for (w, entry) in w.iter_mut().zip(entries) {
            for lane in (0..SYSTEMS).filter(|&lane| entry.roots[lane] > T::ZERO) {
                let offset = self.design.offset(entry.indices[lane]);
                w[lane] = T::from_f64(w[lane].to_f64() - offset);
            }
        }
    }

    /// Solves some rows for the rows of a table, with what they ask for in the batch; says which have
    /// been solved.
    fn solve_few_from<S: Real>(
        &self,
        table: &[S],
        rows: FewBatch<'_, T>,
        batch: &mut Batch<T>,
    ) -> Lanes<bool> {
        let Batch { w, buffers, x, .. } = batch;
        let (stride, width) = (self.design.stride, self.design.width);
        let scales =
            |n_penalized: u8| &self.few_scales[usize::from(n_penalized) * stride..][..stride];
        // Where there is no row, what the first needs will do.
        let first = rows.n_penalized.first().copied().unwrap_or_default();
        let mut each_scales = [scales(first); SYSTEMS];
        for (each, &n_penalized) in each_scales.iter_mut().zip(rows.n_penalized) {
            *each = scales(n_penalized);
        }
        // The padding stays as it is.
        x.resize(stride, [T::ZERO; SYSTEMS]);
        DualBatch {
            table,
            stride,
            entries: rows.entries,
            scales: each_scales,
            w,
            buffers,
            x: &mut x[..width],
        }
        .solve()
    }
}
