use std::ops::Range;

use crate::als::Factors;
use crate::isa::{Kernel, unrolled};

/// Items side by side in a tile.
pub(super) const LANES: usize = 16;

/// Users scored together, and stored side by side.
pub(super) const USERS: usize = 8;

/// Size of a panel of tiles, in values: 128 KiB, half a small second-level cache.
const PANEL_VALUES: usize = 32_768;

/// Items in tiles: for each tile, factor after factor, the values of [`LANES`] items.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    values: Vec<f32>,
    /// Index of each packed item, in rising order.
    items: Vec<u32>,
    /// Bias of each packed item; zeros in models without. Filled up with NaN, which no score
    /// survives, to whole tiles.
    biases: Vec<f32>,
    n_factors: usize,
}

impl Packed {
    pub(super) fn new(factors: &Factors, allowed: Option<&[bool]>) -> Self {
        let is_allowed = |&item: &u32| allowed.is_none_or(|allowed| allowed[item as usize]);
        let items: Vec<u32> = (0_u32..)
            .zip(0..factors.len())
            .map(|(item, _)| item)
            .filter(is_allowed)
            .collect();
        let n_factors = factors.vectors.ncols();
        let places = items.len().next_multiple_of(LANES);
        let mut values = vec![0.0; places * n_factors];
        for (place, &item) in items.iter().enumerate() {
            let tile = &mut values[place / LANES * LANES * n_factors..];
            let row = factors.vectors.row(item as usize);
            for (column, &value) in tile.chunks_exact_mut(LANES).zip(row) {
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
/// something exceeds a user's threshold.
///
/// A dot product is summed in the order of the factors, whatever the instruction set: side by side
/// are different users and items, never parts of one sum.
pub(super) struct Search<'a, S> {
    pub(super) packed: &'a Packed,
    pub(super) tiles: Range<usize>,
    /// A group of [`pack_users`].
    pub(super) users: &'a [[f32; USERS]],
    /// What is added to the dot products of each user, before the bias of the item.
    pub(super) offsets: [f32; USERS],
    /// Scores must exceed this to be of interest; one value per user.
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
            for user in 0..USERS {
                let scores = finish(&self.dots[user], self.offsets[user], &biases[tile]);
                let mut exceeds = 0;
                for score in scores {
                    exceeds |= u32::from(score > self.thresholds[user]);
                }
                if exceeds != 0 {
                    self.thresholds[user] = (self.take)(user, tile, &scores);
                }
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
