//! The loss, without a pass over all pairs.

use std::ops::Range;

use rayon::prelude::*;

use super::interactions::{Interactions, SparseRows};
use super::model::{Als, Factors};
use super::params::AlsValidParams;
use crate::isa::{self, Kernel, one_at_a_time, prefetch};

/// Products of a dot product that are summed side by side.
const LANES: usize = 8;

/// How many items ahead of their use items are fetched from memory.
const AHEAD: usize = 16;

/// Rows per partial sum.
const BLOCK_ROWS: usize = 512;

/// The Gram matrices of both sides, for implicit feedback.
pub(crate) type Grams<'a> = Option<(&'a [f64], &'a [f64])>;

impl AlsValidParams {
    /// The penalised loss of a model. The pairs without a score enter through
    /// `sum (x'y)^2 = trace(X'X Y'Y)`, so the cost is that of one pass over the scores.
    pub(crate) fn loss(&self, interactions: &Interactions, model: &Als, grams: Grams<'_>) -> f64 {
        let (users, items) = (&model.users, &model.items);
        let n_users = interactions.n_users();
        let values = items.values();
        let of_scores = sum_of_blocks(n_users, |users| {
            self.loss_of_scores(interactions, model, &values, users)
        });
        let penalties = self.penalty_sum(&interactions.by_user, users, items.len())
            + self.penalty_sum(&interactions.by_item, items, users.len());
        let everywhere = self
            .gram_weight()
            .zip(grams)
            .map_or(0.0, |(weight, (x, y))| {
                weight * x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>()
            });
        of_scores + penalties + everywhere
    }

    /// What the scores of some users add.
    fn loss_of_scores(
        &self,
        interactions: &Interactions,
        model: &Als,
        items: &[f32],
        users: Range<usize>,
    ) -> f64 {
        let k = self.factors;
        let vectors = users.clone().flat_map(|user| model.users.vectors.row(user));
        let vectors: Vec<f64> = vectors.map(|&x| f64::from(x)).collect();
        let lengths: Vec<usize> = users.clone().map(|u| interactions.user(u).len()).collect();
        let mut dots = Vec::new();
        isa::run(Dots {
            k,
            vectors: &vectors,
            lengths: &lengths,
            indices: interactions.by_user.indices_of(users.clone()),
            items,
            dots: &mut dots,
        });
        let mut dots = dots.iter();
        let of_user = |user: usize| -> f64 {
            let shared = f64::from(model.global_mean) + f64::from(model.users.bias(user));
            let row = interactions.user(user);
            let losses = row.iter().zip(&mut dots).map(|((item, score), &dot)| {
                let offset = shared + f64::from(model.items.bias(item as usize));
                self.entry_loss(score, offset, dot)
            });
            losses.sum()
        };
        users.map(of_user).sum()
    }

    fn penalty_sum(&self, rows: &SparseRows, factors: &Factors, n_other: usize) -> f64 {
        let square = |value: f32| f64::from(value) * f64::from(value);
        let of_row = |row: usize| {
            let (penalty, bias_penalty) = self.penalties(rows.row(row), n_other);
            let length: f64 = factors.vectors.row(row).iter().map(|&v| square(v)).sum();
            penalty * length + bias_penalty * square(factors.bias(row))
        };
        sum_of_blocks(rows.n_rows(), |rows| rows.map(of_row).sum())
    }
}

/// The sum over all rows, as that of the sums over blocks, in their order.
fn sum_of_blocks(n_rows: usize, sum: impl Fn(Range<usize>) -> f64 + Sync) -> f64 {
    let blocks: Vec<f64> = (0..n_rows.div_ceil(BLOCK_ROWS))
        .into_par_iter()
        .map(|block| sum(block * BLOCK_ROWS..n_rows.min((block + 1) * BLOCK_ROWS)))
        .collect();
    blocks.iter().sum()
}

/// Dot products of users with the items they have scores for. Products are exact in `f64`; they are
/// summed in [`LANES`] interleaved sums, which are added up in a fixed order, with what is left over
/// at the end.
pub(crate) struct Dots<'a> {
    /// The width of a row.
    pub(crate) k: usize,
    /// A row for each user.
    pub(crate) vectors: &'a [f64],
    /// How many items each user has.
    pub(crate) lengths: &'a [usize],
    /// The items, those of one user after those of the other.
    pub(crate) indices: &'a [u32],
    /// A row for each item there is.
    pub(crate) items: &'a [f32],
    /// Receives one value per index.
    pub(crate) dots: &'a mut Vec<f64>,
}

impl Kernel for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let k = self.k;
        let item = |index: u32| &self.items[index as usize * k..][..k];
        self.dots.clear();
        self.dots.reserve(self.indices.len());
        let first = self.indices.iter().take(AHEAD);
        first.for_each(|&index| prefetch(item(index)));
        let mut ahead = self.indices.iter().skip(AHEAD);
        let mut rest = self.indices;
        for (x, &length) in self.vectors.chunks_exact(k).zip(self.lengths) {
            let (of_user, later) = rest.split_at(length);
            rest = later;
            let (x, x_rest) = x.as_chunks::<LANES>();
            for &index in of_user {
                if let Some(&index) = ahead.next() {
                    prefetch(item(index));
                }
                let (y, y_rest) = item(index).as_chunks::<LANES>();
                let mut sums = [0.0; LANES];
                for (x, y) in x.iter().zip(y) {
                    one_at_a_time();
                    for lane in 0..LANES {
                        sums[lane] += x[lane] * f64::from(y[lane]);
                    }
                }
                let mut fours = [0.0; 4];
                for lane in 0..4 {
                    fours[lane] = sums[lane] + sums[lane + 4];
                }
                let mut dot = (fours[0] + fours[2]) + (fours[1] + fours[3]);
                for (x, &y) in x_rest.iter().zip(y_rest) {
                    dot += x * f64::from(y);
                }
                self.dots.push(dot);
            }
        }
    }
}
