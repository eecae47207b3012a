//! The loss, without a pass over all pairs.

use rayon::prelude::*;

use super::interactions::{Interactions, SparseRows};
use super::model::{Als, Factors};
use super::params::AlsValidParams;

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
        let blocks: Vec<f64> = (0..n_users.div_ceil(BLOCK_USERS))
            .into_par_iter()
            .map(|block| {
                let block = block * BLOCK_USERS..n_users.min((block + 1) * BLOCK_USERS);
                block
                    .map(|user| self.user_loss(interactions, model, user))
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

    fn user_loss(&self, interactions: &Interactions, model: &Als, user: usize) -> f64 {
        let (users, items) = (&model.users, &model.items);
        let vector = users.vectors.row(user);
        let shared = f64::from(model.global_mean) + f64::from(users.bias(user));
        let losses = interactions.user(user).iter().map(|(item, score)| {
            let item = item as usize;
            let dot = vector.iter().zip(items.vectors.row(item));
            let dot: f64 = dot.map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
            self.entry_loss(score, shared + f64::from(items.bias(item)), dot)
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
