//! What k-means++ asks of all rows: how far they would be from their nearest centroid.

use crate::isa::Kernel;
use crate::tiles::{Column, LANES, each_distance, smaller};

/// What is offered to the rows as a centroid.
#[derive(Clone, Copy)]
pub(super) enum Role {
    /// The last centroid of the start with this index.
    Centroid(usize),
    /// A candidate of the start whose centroid came last.
    Candidate,
}

/// A chunk of rows, and what is offered to them.
pub(super) struct Offer<'a> {
    pub(super) tiles: &'a [Column],
    pub(super) n_features: usize,
    /// For each start its last centroid, then its candidates.
    pub(super) offered: &'a [f64],
    pub(super) roles: &'a [Role],
    /// For each start, the distances of the chunk.
    pub(super) nearest: Vec<&'a mut [f64]>,
}

impl Kernel for Offer<'_> {
    /// The sum of the distances for each point offered, by lanes.
    type Output = Vec<Column>;

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> Vec<Column> {
        let mut offers = Offers {
            sums: vec![Column::ZERO; self.roles.len()],
            roles: self.roles,
            nearest: self.nearest,
            first: 0,
            lowered: Column::ZERO,
        };
        for tile in self.tiles.chunks_exact(self.n_features) {
            each_distance::<ROWS, _>(tile, self.offered, &mut offers, Offers::take);
            offers.first += LANES;
        }
        offers.sums
    }
}

/// What [`Offer`] has made of some of the tiles.
struct Offers<'a> {
    sums: Vec<Column>,
    roles: &'a [Role],
    nearest: Vec<&'a mut [f64]>,
    /// The first row of the next tile.
    first: usize,
    /// The distances of the tile from the centroids of the present start.
    lowered: Column,
}

impl Offers<'_> {
    #[inline(always)]
    fn take(&mut self, place: usize, distances: &Column) {
        let mut lowered = self.lowered;
        if let Role::Centroid(start) = self.roles[place]
            && let Some(nearest) = self.nearest[start][self.first..].first_chunk_mut::<LANES>()
        {
            for (nearest, &distance) in nearest.iter_mut().zip(&distances.0) {
                *nearest = smaller(distance, *nearest);
            }
            lowered = Column(*nearest);
            self.lowered = lowered;
        }
        let sums = &mut self.sums[place].0;
        for (sum, (&distance, &lowered)) in sums.iter_mut().zip(distances.0.iter().zip(&lowered.0))
        {
            *sum += smaller(distance, lowered);
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use proptest::prelude::*;

    use super::*;
    use crate::isa::{Isa, run_on};
    use crate::points::Points;
    use crate::rows::squared_distance;

    proptest! {
        #[test]
        fn offers_lower_and_sum_what_a_plain_loop_does(
            values in prop::collection::vec(-9.0..9.0, 6..400),
            n_features in 1..6_usize,
            n_candidates in prop::collection::vec(0..5_usize, 1..4),
        ) {
            let n_rows = values.len() / n_features;
            let x = Array2::from_shape_fn((n_rows, n_features), |(row, column)| {
                values[row * n_features + column]
            });
            let points = Points::new(x.view()).unwrap();
            let distance = |row: usize, other: usize| {
                squared_distance(&x.row(row).to_vec(), &x.row(other).to_vec())
            };
            let known = |start: usize, row: usize| ((start * 7 + row * 3) % 11) as f64 * 9.0;
            let (mut roles, mut offered) = (Vec::new(), Vec::new());
            for (start, &n) in n_candidates.iter().enumerate() {
                roles.push(Role::Centroid(start));
                roles.extend(std::iter::repeat_n(Role::Candidate, n));
                offered.extend((0..=n).map(|place| (start * 5 + place * 2) % n_rows));
            }
            let coordinates: Vec<f64> = offered.iter().flat_map(|&row| points.row(row)).collect();
            for &isa in Isa::ALL {
                let mut nearest: Vec<Vec<f64>> = (0..n_candidates.len())
                    .map(|start| {
                        let mut nearest: Vec<f64> =
                            (0..n_rows).map(|row| known(start, row)).collect();
                        nearest.resize(n_rows.next_multiple_of(LANES), 0.0);
                        nearest
                    })
                    .collect();
                let sums = run_on(isa, Offer {
                    tiles: points.tiles(),
                    n_features,
                    offered: &coordinates,
                    roles: &roles,
                    nearest: nearest.iter_mut().map(Vec::as_mut_slice).collect(),
                });
                let mut lowered: Vec<f64> = Vec::new();
                let mut start = 0;
                for ((role, &other), sum) in roles.iter().zip(&offered).zip(sums) {
                    if let Role::Centroid(index) = *role {
                        start = index;
                        lowered = (0..n_rows)
                            .map(|row| known(start, row).min(distance(row, other)))
                            .collect();
                    }
                    let mut lanes = Column::ZERO;
                    for (row, &lowered) in lowered.iter().enumerate() {
                        lanes.0[row % LANES] += lowered.min(distance(row, other));
                    }
                    prop_assert_eq!(sum, lanes, "{:?}", isa);
                    prop_assert_eq!(&nearest[start][..n_rows], &lowered[..], "{:?}", isa);
                }
            }
        }
    }
}
