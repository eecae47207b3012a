use std::ops::Range;

use crate::als::Factors;
use crate::isa::{Kernel, one_at_a_time, unrolled};

/// Items side by side in a tile.
pub(super) const LANES: usize = 16;

/// Users scored together, and stored side by side.
pub(super) const USERS: usize = 8;

/// Size of a panel of tiles, in values: 128 KiB, half a small second-level cache.
const PANEL_VALUES: usize = 32_768;

/// Items in tiles: for each tile, factor after factor, the values of [`LANES`] items.
///
/// What may have high scores comes first: items by falling sum of bias and length.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    values: Vec<f32>,
    /// Index of each packed item.
    items: Vec<u32>,
    /// Bias of each packed item; zeros in models without. Filled up with NaN, which no score
    /// survives, to whole tiles.
    biases: Vec<f32>,
    /// For each tile what is in it and in those after it.
    rest: Vec<Rest>,
    n_factors: usize,
}

/// What no item of some tiles exceeds.
#[derive(Clone, Copy, Debug)]
struct Rest {
    /// The length of an item's vector.
    length: f32,
    bias: f32,
}

/// More than products of numbers too small for full precision can gain by rounding, and the least
/// length: below it the margin of [`reach`] would not hold.
const TINY: f32 = f32::MIN_POSITIVE;

impl Rest {
    /// A score that no item of the tiles exceeds for a user of the given [`reach`] and offset, as
    /// scores are computed: the dot product is at most the product of the lengths (Cauchy and
    /// Schwarz), the margin of the reach is more than rounding can add to it, and what follows is
    /// rounded upwards only if the score is.
    #[inline(always)]
    fn bound(self, reach: f32, offset: f32) -> f32 {
        reach * self.length + TINY + offset + self.bias
    }
}

/// The length of a user's vector with a margin for the rounding of dot products: a sum of `k`
/// products is off by less than `k` roundings of the product of the lengths.
pub(super) fn reach(vector: &[f32]) -> f32 {
    let margin = (vector.len() + 8) as f64 * f64::from(f32::EPSILON);
    ((length(vector) * (1.0 + margin)) as f32).max(TINY)
}

/// The Euclidean length; infinite if a value is not a number.
fn length(values: &[f32]) -> f64 {
    let square: f64 = values.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
    if square.is_nan() {
        f64::INFINITY
    } else {
        square.sqrt()
    }
}

impl Packed {
    pub(super) fn new(factors: &Factors, allowed: Option<&[bool]>) -> Self {
        let is_allowed = |&item: &u32| allowed.is_none_or(|allowed| allowed[item as usize]);
        let (n_factors, all) = (factors.vectors.ncols(), factors.values());
        let row = |item: u32| &all[item as usize * n_factors..][..n_factors];
        let mut keyed: Vec<(f64, f64, u32)> = (0_u32..)
            .zip(0..factors.len())
            .map(|(item, _)| item)
            .filter(is_allowed)
            .map(|item| {
                let length = length(row(item));
                let key = length + f64::from(factors.bias(item as usize));
                (key, length, item)
            })
            .collect();
        keyed.sort_unstable_by(|(a, _, item_a), (b, _, item_b)| {
            b.total_cmp(a).then(item_a.cmp(item_b))
        });
        let items: Vec<u32> = keyed.iter().map(|&(.., item)| item).collect();
        let mut rest = Vec::with_capacity(items.len().div_ceil(LANES));
        let (mut longest, mut most) = (TINY, f32::NEG_INFINITY);
        for tile in keyed.chunks(LANES).rev() {
            for &(_, length, item) in tile {
                longest = longest.max(length as f32);
                most = most.max(factors.bias(item as usize));
            }
            rest.push(Rest {
                length: longest,
                bias: most,
            });
        }
        rest.reverse();
        let places = items.len().next_multiple_of(LANES);
        let mut values = vec![0.0; places * n_factors];
        for (place, &item) in items.iter().enumerate() {
            let tile = &mut values[place / LANES * LANES * n_factors..];
            for (column, &value) in tile.chunks_exact_mut(LANES).zip(row(item)) {
                column[place % LANES] = value;
            }
        }
        let mut biases: Vec<f32> = items
            .iter()
            .map(|&item| factors.bias(item as usize))
            .collect();
        biases.resize(places, f32::NAN);
        Self {
            values,
            items,
            biases,
            rest,
            n_factors,
        }
    }

    pub(super) fn n_factors(&self) -> usize {
        self.n_factors
    }

    /// The tiles, in groups that fit the cache.
    pub(super) fn panels(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let n_tiles = self.items.len().div_ceil(LANES);
        let size = (PANEL_VALUES / (LANES * self.n_factors.max(1))).max(1);
        let starts = (0..n_tiles).step_by(size);
        starts.map(move |start| start..n_tiles.min(start + size))
    }

    /// Items of a tile; fewer than [`LANES`] in the last.
    pub(super) fn items(&self, tile: usize) -> &[u32] {
        &self.items[tile * LANES..self.items.len().min((tile + 1) * LANES)]
    }
}

/// Users in groups of [`USERS`], factor after factor; the last group is filled up with zeros.
pub(super) fn pack_users(vectors: &[f32], n_factors: usize) -> Vec<[f32; USERS]> {
    let rows = vectors.chunks_exact(n_factors.max(1));
    let mut packed = vec![[0.0; USERS]; rows.len().div_ceil(USERS) * n_factors];
    for (user, row) in rows.enumerate() {
        let group = &mut packed[user / USERS * n_factors..][..n_factors];
        for (target, &value) in group.iter_mut().zip(row) {
            target[user % USERS] = value;
        }
    }
    packed
}

/// Scores a group of users with the items of some tiles, and hands on those tiles in which
/// something reaches a user's threshold. Ends at the first tile from which on nothing can.
///
/// A dot product is summed in the order of the factors, whatever the instruction set: side by side
/// are different users and items, never parts of one sum.
pub(super) struct Search<'a, S> {
    pub(super) packed: &'a Packed,
    pub(super) tiles: Range<usize>,
    /// A group of [`pack_users`].
    pub(super) users: &'a [[f32; USERS]],
    /// The [`reach`] of each user.
    pub(super) reaches: [f32; USERS],
    /// What is added to the dot products of each user, before the bias of the item.
    pub(super) offsets: [f32; USERS],
    /// Scores below this are of no interest; one value per user.
    pub(super) thresholds: [f32; USERS],
    /// Buffer.
    pub(super) dots: &'a mut [[f32; LANES]; USERS],
    /// Takes a user of the group, a tile and its scores; returns the user's new threshold.
    pub(super) take: S,
}

impl<S: FnMut(usize, usize, &[f32; LANES]) -> f32> Kernel for Search<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run<const ROWS: usize>(mut self) {
        let (values, _) = self.packed.values.as_chunks::<LANES>();
        let (biases, _) = self.packed.biases.as_chunks::<LANES>();
        let k = self.users.len();
        for tile in self.tiles {
            let rest = self.packed.rest[tile];
            let mut open = 0;
            for user in 0..USERS {
                let bound = rest.bound(self.reaches[user], self.offsets[user]);
                // A bound that is not a number excludes nothing.
                open |= u32::from(bound >= self.thresholds[user] || bound.is_nan());
            }
            if open == 0 {
                return;
            }
            let items = &values[tile * k..][..k];
            for first in (0..USERS).step_by(ROWS) {
                let mut sums = [[0.0; LANES]; ROWS];
                for (item, user) in items.iter().zip(self.users) {
                    let Some(user) = user[first..].first_chunk::<ROWS>() else {
                        break;
                    };
                    unrolled!(i < ROWS, add_scaled(&mut sums[i], user[i], item));
                }
                unrolled!(i < ROWS, self.dots[first + i] = sums[i]);
            }
            // First which users something reaches, then these: one question for all is answered as
            // guessed more often than one for each.
            let mut users = 0_u32;
            for user in 0..USERS {
                one_at_a_time();
                let scores = finish(&self.dots[user], self.offsets[user], &biases[tile]);
                let mut reached = 0;
                for score in scores {
                    reached |= u32::from(score >= self.thresholds[user]);
                }
                self.dots[user] = scores;
                users |= u32::from(reached != 0) << user;
            }
            while users != 0 {
                let user = users.trailing_zeros() as usize;
                users &= users - 1;
                self.thresholds[user] = (self.take)(user, tile, &self.dots[user]);
            }
        }
    }
}

#[inline(always)]
fn add_scaled(sums: &mut [f32; LANES], factor: f32, values: &[f32; LANES]) {
    for lane in 0..LANES {
        sums[lane] += factor * values[lane];
    }
}

#[inline(always)]
fn finish(dots: &[f32; LANES], offset: f32, biases: &[f32; LANES]) -> [f32; LANES] {
    let mut scores = *dots;
    for lane in 0..LANES {
        scores[lane] = dots[lane] + offset + biases[lane];
    }
    scores
}
