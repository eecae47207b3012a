use std::ops::Range;

use crate::als::Factors;

/// Items side by side in a tile.
pub(super) const LANES: usize = 8;

/// Users scored together.
pub(super) const USERS: usize = 4;

/// Size of a panel of tiles, in values: 128 KiB, half a small second-level cache.
const PANEL_VALUES: usize = 32_768;

/// Items in tiles: for each tile, factor after factor, the values of [`LANES`] items.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    values: Vec<f32>,
    /// Index of each packed item, in rising order.
    items: Vec<u32>,
    /// Bias of each packed item; zeros in models without.
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
        let mut values = vec![0.0; items.len().div_ceil(LANES) * LANES * n_factors];
        for (place, &item) in items.iter().enumerate() {
            let tile = &mut values[place / LANES * LANES * n_factors..];
            let row = factors.vectors.row(item as usize);
            for (column, &value) in tile.chunks_exact_mut(LANES).zip(row) {
                column[place % LANES] = value;
            }
        }
        let biases = items
            .iter()
            .map(|&item| factors.bias(item as usize))
            .collect();
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

    /// Items and biases of a tile; fewer than [`LANES`] in the last.
    pub(super) fn tile(&self, tile: usize) -> (&[u32], &[f32]) {
        let range = tile * LANES..self.items.len().min((tile + 1) * LANES);
        (&self.items[range.clone()], &self.biases[range])
    }

    /// Dot products of a tile's items with [`USERS`] users, each summed in the order of the factors.
    #[inline]
    pub(super) fn dots(&self, tile: usize, users: &[f32]) -> [[f32; LANES]; USERS] {
        let k = self.n_factors;
        let values = &self.values[tile * LANES * k..(tile + 1) * LANES * k];
        let mut sums = [[0.0; LANES]; USERS];
        let (a, rest) = users.split_at(k);
        let (b, rest) = rest.split_at(k);
        let (c, d) = rest.split_at(k);
        let users = a.iter().zip(b).zip(c.iter().zip(d));
        for (column, ((&a, &b), (&c, &d))) in values.as_chunks::<LANES>().0.iter().zip(users) {
            let user = [a, b, c, d];
            for i in 0..USERS {
                for lane in 0..LANES {
                    sums[i][lane] += user[i] * column[lane];
                }
            }
        }
        sums
    }
}
