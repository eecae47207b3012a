//! The loss, without a pass over all pairs.

use rayon::prelude::*;

use super::interactions::{Interactions, SparseRows};
use super::model::{Als, Factors};
use super::params::AlsValidParams;
use crate::isa::{self, Kernel, prefetch};

/// Products of a dot product that are summed side by side.
const LANES: usize = 8;

/// How many items ahead of their use items are fetched from memory.
const AHEAD: usize = 8;

/// Users per partial sum.
const BLOCK_USERS: usize = 512;

/// The Gram matrices of both sides, for implicit feedback.
pub(crate) type Grams<'a> = Option<(&'a [f64], &'a [f64])>;

impl AlsValidParams {
    /// The penalised loss of a model. The pairs without a score enter through
    /// `sum (x'y)^2 = trace(X'X Y'Y)`, so the cost is that of one pass over the scores.
    pub(crate) fn loss(&self, interactions: &Interactions, model: &Als, grams: Grams<'_>) -> f64 {
        let (users, items) = (&model.users, &model.items);
        let n_users = interactions.n_users();
        let values = items.values();
        let blocks: Vec<f64> = (0..n_users.div_ceil(BLOCK_USERS))
            .into_par_iter()
            .map(|block| {
                let block = block * BLOCK_USERS..n_users.min((block + 1) * BLOCK_USERS);
                let mut dots = Vec::new();
                block
                    .map(|user| self.user_loss(interactions, model, &values, &mut dots, user))
                    .sum()
            })
            .collect();
        let penalties = self.penalty_sum(&interactions.by_user, users, items.len())
            + self.penalty_sum(&interactions.by_item, items, users.len());
        let everywhere = self
            .gram_weight()
            .zip(grams)
            .map_or(0.0, |(weight, (x, y))| {
                weight * x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>()
            });
        blocks.iter().sum::<f64>() + penalties + everywhere
    }

    fn user_loss(
        &self,
        interactions: &Interactions,
        model: &Als,
        items: &[f32],
        dots: &mut Vec<f64>,
        user: usize,
    ) -> f64 {
        let shared = f64::from(model.global_mean) + f64::from(model.users.bias(user));
        let row = interactions.user(user);
        let vector: Vec<f64> = model
            .users
            .vectors
            .row(user)
            .iter()
            .map(|&x| x.into())
            .collect();
        isa::run(Dots {
            vector: &vector,
            items,
            indices: row.indices,
            dots,
        });
        let losses = row.iter().zip(dots.iter()).map(|((item, score), &dot)| {
            let offset = shared + f64::from(model.items.bias(item as usize));
            self.entry_loss(score, offset, dot)
        });
        losses.sum()
    }

    fn penalty_sum(&self, rows: &SparseRows, factors: &Factors, n_other: usize) -> f64 {
        let square = |value: f32| f64::from(value) * f64::from(value);
        let of_row = |row: usize| {
            let (penalty, bias_penalty) = self.penalties(rows.row(row), n_other);
            let length: f64 = factors.vectors.row(row).iter().map(|&v| square(v)).sum();
            penalty * length + bias_penalty * square(factors.bias(row))
        };
        (0..rows.n_rows()).map(of_row).sum()
    }
}

/// Dot products of a user with some items. Products are exact in `f64`; they are summed in [`LANES`]
/// interleaved sums, which are added up in a fixed order, with what is left over at the end.
pub(crate) struct Dots<'a> {
    pub(crate) vector: &'a [f64],
    /// Rows of the same width.
    pub(crate) items: &'a [f32],
    pub(crate) indices: &'a [u32],
    /// Receives one value per index.
    pub(crate) dots: &'a mut Vec<f64>,
}

impl Kernel for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(self) {
        let k = self.vector.len();
        let item = |index: u32| &self.items[index as usize * k..][..k];
        let (x, x_rest) = self.vector.as_chunks::<LANES>();
        self.dots.clear();
        self.indices
            .iter()
            .take(AHEAD)
            .for_each(|&index| prefetch(item(index)));
        let mut ahead = self.indices.iter().skip(AHEAD);
        for &index in self.indices {
            if let Some(&index) = ahead.next() {
                prefetch(item(index));
            }
            let (y, y_rest) = item(index).as_chunks::<LANES>();
            let mut sums = [0.0; LANES];
            for (x, y) in x.iter().zip(y) {
                for lane in 0..LANES {
                    sums[lane] += x[lane] * f64::from(y[lane]);
                }
            }
            let fours: [f64; 4] = std::array::from_fn(|lane| sums[lane] + sums[lane + 4]);
            let mut dot = (fours[0] + fours[2]) + (fours[1] + fours[3]);
            for (x, &y) in x_rest.iter().zip(y_rest) {
                dot += x * f64::from(y);
            }
            self.dots.push(dot);
        }
    }
}
