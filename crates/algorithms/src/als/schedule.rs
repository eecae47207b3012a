//! Which rows of a side are solved how: the same in every iteration of a fit.

use std::cmp::Reverse;

use super::design::{Given, Weights};
use super::error::Side;
use super::feedback::Feedback;
use super::few::{FEW, FewRows};
use super::interactions::{Row, SparseRows};
use super::objective::Weigh;
use super::params::AlsValidParams;
use super::rotation;
use super::solve::Real;

/// Rows with as many entries are solved before all others.
const LONG: usize = 512;

/// Units of parallel work, about: enough for every thread. Blocks are made no smaller for more.
const UNITS: usize = 128;

/// Rows per unit of parallel work, at least and at most: the more there are, the more rows of the same
/// length are found in one.
const BLOCK_ROWS: [usize; 2] = [256, 1024];

/// The place of a row in its block.
pub(crate) type Place = u16;

/// How a row is solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Not at all: nothing speaks for any other factors than zeros.
    Zero,
    /// As a system in its entries, fewer than its unknowns.
    Dual,
    /// As a system in its unknowns.
    Primal,
}

/// One side of the interactions, and how its rows are solved.
pub(crate) struct Scheduled<'a, T> {
    pub(crate) side: Side,
    pub(crate) rows: &'a SparseRows,
    /// Whether short rows are solved in the eigenbasis.
    pub(crate) rotated: bool,
    /// Rows of very many entries, the longest first: one that came last would keep a single thread
    /// busy.
    pub(crate) long: Vec<(usize, Form)>,
    /// Rows per block.
    pub(crate) block_rows: usize,
    /// All others, a block of rows at a time.
    pub(crate) blocks: Vec<BlockRows<T>>,
}

/// Rows next to each other, by the way they are solved.
pub(crate) struct BlockRows<T> {
    pub(crate) zero: Vec<Place>,
    pub(crate) few: FewRows<T>,
    pub(crate) dual: AloneRows<T>,
    pub(crate) primal: AloneRows<T>,
}

impl<'a, T: Real> Scheduled<'a, T> {
    /// The rows of a side, solved for `n_other` rows of the other.
    pub(crate) fn new(
        params: &AlsValidParams,
        side: Side,
        rows: &'a SparseRows,
        n_other: usize,
    ) -> Self {
        let width = params.width();
        let is_short = |&row: &usize| (1..width).contains(&rows.row(row).len());
        let n_short = (0..rows.n_rows()).filter(is_short).count();
        let rotated = params.can_rotate() && rotation::pays(n_short, n_other, width);
        Self::with(params, side, rows, n_other, rotated)
    }

    /// The same, for short rows in the eigenbasis or not.
    pub(crate) fn with(
        params: &AlsValidParams,
        side: Side,
        rows: &'a SparseRows,
        n_other: usize,
        rotated: bool,
    ) -> Self {
        let mut long = Vec::new();
        let [least, most] = BLOCK_ROWS;
        let block_rows = (rows.n_rows() / UNITS).clamp(least, most);
        let mut blocks = Vec::with_capacity(rows.n_rows().div_ceil(block_rows));
        for first in (0..rows.n_rows()).step_by(block_rows) {
            let [mut zero, mut few, mut dual, mut primal] = [const { Vec::new() }; 4];
            let last = rows.n_rows().min(first + block_rows);
            for (place, row) in (0..=Place::MAX).zip(first..last) {
                let entries = rows.row(row);
                let form = params.form(entries, n_other, rotated);
                if entries.len() >= LONG {
                    long.push((row, form));
                    continue;
                }
                let places = match form {
                    Form::Zero => &mut zero,
                    Form::Dual if entries.len() <= FEW => &mut few,
                    Form::Dual => &mut dual,
                    Form::Primal => &mut primal,
                };
                places.push(place);
            }
            blocks.push(BlockRows {
                zero,
                few: FewRows::new(params, rows, first, few),
                dual: AloneRows::new(params, rows, first, dual),
                primal: AloneRows::new(params, rows, first, primal),
            });
        }
        long.sort_by_key(|&(row, _)| Reverse(rows.row(row).len()));
        Self {
            side,
            rows,
            rotated,
            long,
            block_rows,
            blocks,
        }
    }
}

/// Rows that are solved one after the other, and what their scores weigh.
pub(crate) struct AloneRows<T> {
    places: Vec<Place>,
    /// For each row the scores its penalties grow with.
    n_penalized: Vec<usize>,
    /// Those of all rows, one after the other; none where they change from iteration to iteration, with
    /// biases.
    roots: Vec<T>,
    beta: Vec<T>,
}

impl<T: Real> AloneRows<T> {
    /// The rows at these places from `first` on.
    fn new(params: &AlsValidParams, rows: &SparseRows, first: usize, places: Vec<Place>) -> Self {
        let row = |place: &Place| rows.row(first + usize::from(*place));
        let n_penalized = places.iter().map(|place| params.n_penalized(row(place)));
        let n_penalized = n_penalized.collect();
        let (mut roots, mut beta) = (Vec::new(), Vec::new());
        if !params.has_biases() {
            let n = places.iter().map(|place| row(place).len()).sum();
            roots = vec![T::ZERO; n];
            beta = vec![T::ZERO; n];
            let mut start = 0;
            for scores in places.iter().map(|place| row(place).scores) {
                let end = start + scores.len();
                Weigh {
                    feedback: params.feedback,
                    scores,
                    offsets: &[],
                    roots: &mut roots[start..end],
                    beta: &mut beta[start..end],
                }
                .compute();
                start = end;
            }
        }
        Self {
            places,
            n_penalized,
            roots,
            beta,
        }
    }

    /// The rows and their places; `rows` and `first` as they were given.
    pub(crate) fn rows<'a>(
        &'a self,
        rows: &'a SparseRows,
        first: usize,
    ) -> impl Iterator<Item = (Place, Given<'a, T>)> {
        let (mut roots, mut beta) = (&self.roots[..], &self.beta[..]);
        let numbers = self.places.iter().zip(&self.n_penalized);
        numbers.map(move |(&place, &n_penalized)| {
            let row = rows.row(first + usize::from(place));
            let weights = (roots.split_at_checked(row.len()))
                .zip(beta.split_at_checked(row.len()))
                .map(|(of_roots, of_beta)| {
                    (roots, beta) = (of_roots.1, of_beta.1);
                    Weights {
                        roots: of_roots.0,
                        beta: of_beta.0,
                    }
                });
            let given = Given {
                row,
                n_penalized,
                weights,
            };
            (place, given)
        })
    }
}

impl AlsValidParams {
    /// Whether short rows can be solved in the eigenbasis.
    pub(crate) fn can_rotate(&self) -> bool {
        self.gram_weight().is_some() && !self.non_negative && self.regularization > 0.0
    }

    /// How a row is solved.
    pub(crate) fn form(&self, row: Row<'_>, n_other: usize, rotated: bool) -> Form {
        let is_zero = match self.feedback {
            Feedback::Explicit { .. } => row.is_empty(),
            Feedback::Implicit { .. } => row
                .scores
                .iter()
                .all(|&r| self.feedback.entry(r, 0.0).beta == 0.0),
        };
        if is_zero {
            return Form::Zero;
        }
        let (penalty, bias_penalty) = self.penalties(row, n_other);
        // Any offset will do: it is no part of a weight. A weight is divided by, and must be there in
        // either arithmetic.
        let weight = |&score: &f32| self.feedback.entry(score, 0.0).weight as f32;
        let is_dual = row.len() < self.width()
            && !self.non_negative
            && penalty > 0.0
            && (bias_penalty > 0.0 || !self.has_biases())
            && (self.gram_weight().is_none() || rotated)
            && row.scores.iter().all(|score| weight(score) > 0.0);
        if is_dual { Form::Dual } else { Form::Primal }
    }
}
