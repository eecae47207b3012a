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
        let (by_user, by_item) = (&interactions.by_user, &interactions.by_item);
        let (user_values, item_values) = (users.values(), items.values());
        let of_users = sum_of_blocks(by_user.n_rows(), |range, buffers| {
            let vectors = &user_values[range.start * self.factors..range.end * self.factors];
            let dots = self.dots(interactions, range.clone(), vectors, &item_values, buffers);
            self.loss_of_scores(interactions, model, range.clone(), dots)
                + self.penalty_sum(by_user, range, users, vectors, items.len())
        });
        let of_items = sum_of_blocks(by_item.n_rows(), |range, _| {
            let vectors = &item_values[range.start * self.factors..range.end * self.factors];
            self.penalty_sum(by_item, range, items, vectors, users.len())
        });
        let everywhere = self
            .gram_weight()
            .zip(grams)
            .map_or(0.0, |(weight, (x, y))| {
                weight * x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>()
            });
        of_users + of_items + everywhere
    }

    /// The dot products of some users, whose rows are given, with the items they have scores for.
    fn dots<'b>(
        &self,
        interactions: &Interactions,
        users: Range<usize>,
        vectors: &[f32],
        items: &[f32],
        buffers: &'b mut Buffers,
    ) -> &'b [f64] {
        let Buffers {
            vectors: doubles,
            lengths,
            dots,
        } = buffers;
        doubles.clear();
        doubles.extend(vectors.iter().map(|&x| f64::from(x)));
        lengths.clear();
        lengths.extend(users.clone().map(|user| interactions.user(user).len()));
        isa::run(Dots {
            k: self.factors,
            vectors: doubles,
            lengths,
            indices: interactions.by_user.indices_of(users),
            items,
            dots,
        });
        dots
    }

    /// What the scores of some users add.
    fn loss_of_scores(
        &self,
        interactions: &Interactions,
        model: &Als,
        users: Range<usize>,
        dots: &[f64],
    ) -> f64 {
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

    /// The penalties of some rows, whose vectors are given, one after the other.
    fn penalty_sum(
        &self,
        rows: &SparseRows,
        range: Range<usize>,
        factors: &Factors,
        vectors: &[f32],
        n_other: usize,
    ) -> f64 {
        let of_row = |(row, vector): (usize, &[f32])| {
            let (penalty, bias_penalty) = self.penalties(rows.row(row), n_other);
            let bias = f64::from(factors.bias(row));
            penalty * squares(vector) + bias_penalty * (bias * bias)
        };
        range
            .zip(vectors.chunks_exact(self.factors))
            .map(of_row)
            .sum()
    }
}

/// What one thread needs room for.
#[derive(Default)]
struct Buffers {
    vectors: Vec<f64>,
    lengths: Vec<usize>,
    dots: Vec<f64>,
}

/// The sum over all rows, as that of the sums over blocks, in their order.
fn sum_of_blocks(n_rows: usize, sum: impl Fn(Range<usize>, &mut Buffers) -> f64 + Sync) -> f64 {
    let blocks: Vec<f64> = (0..n_rows.div_ceil(BLOCK_ROWS))
        .into_par_iter()
        .map_init(Buffers::default, |buffers, block| {
            let rows = block * BLOCK_ROWS..n_rows.min((block + 1) * BLOCK_ROWS);
            sum(rows, buffers)
        })
        .collect();
    blocks.iter().sum()
}

/// The sum of the squares of some values, in interleaved sums as those of [`Dots`].
fn squares(values: &[f32]) -> f64 {
    let square = |value: f32| f64::from(value) * f64::from(value);
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] += square(chunk[lane]);
        }
    }
    let of_rest: f64 = rest.iter().map(|&value| square(value)).sum();
    sums.iter().sum::<f64>() + of_rest
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
