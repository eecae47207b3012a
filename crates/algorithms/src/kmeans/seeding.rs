use ndarray::Array2;
use rand_xoshiro::rand_core::RngCore;
use rayon::prelude::*;

use super::offer::{Offer, Role};
use crate::isa;
use crate::points::{MIN_CHUNKS, Points};
use crate::random;
use crate::rows::BLOCK_ROWS;
use crate::tiles::{Column, LANES, smaller};

/// Greedy k-means++ (Arthur and Vassilvitskii 2007, section 6): the first centroid is any row. For
/// each further one a few rows are drawn with probability proportional to `D^2`, their squared
/// distance from the nearest centroid so far, and the one that leaves the smallest sum of `D^2` over
/// all rows is taken; of equals the first. As many are drawn as scikit-learn draws, `2 + floor(ln
/// k)`. `O(n k d log k)`.
///
/// One start for each number of clusters and generator given; all of them take their next centroid
/// after the same pass over the rows, and each takes what it would take alone.
///
/// There must be at least as many distinct rows as clusters. Then all centroids of a start are
/// distinct: a row at distance 0 has no probability.
pub(super) fn plus_plus<R: RngCore>(
    points: &Points,
    starts: impl Iterator<Item = (usize, R)>,
) -> Vec<Array2<f64>> {
    let mut starts: Vec<Start<R>> = starts
        .map(|(n_clusters, rng)| Start::new(points, n_clusters, rng))
        .collect();
    loop {
        let mut active: Vec<&mut Start<R>> = starts
            .iter_mut()
            .filter(|start| !start.nearest.is_empty())
            .collect();
        if active.is_empty() {
            break;
        }
        let sums = offer(points, &mut active);
        for (start, sums) in active.into_iter().zip(sums) {
            start.choose(points, &sums);
        }
    }
    let array = |start: Start<R>| {
        let mut array = Array2::zeros((start.n_clusters, points.n_features()));
        let targets = array.iter_mut().zip(start.centroids);
        targets.for_each(|(to, from)| *to = from);
        array
    };
    starts.into_iter().map(array).collect()
}

struct Start<R> {
    n_clusters: usize,
    rng: R,
    /// Those chosen so far, one after another.
    centroids: Vec<f64>,
    /// The rows of which the next centroid is chosen; none right after the first centroid.
    candidates: Vec<usize>,
    /// Per place in the tiles, the squared distance from the nearest centroid but the last; 0 behind
    /// the last row. Empty when all centroids are chosen.
    nearest: Vec<f64>,
}

impl<R: RngCore> Start<R> {
    fn new(points: &Points, n_clusters: usize, mut rng: R) -> Self {
        let first = random::index(&mut rng, points.n_rows());
        let mut nearest = Vec::new();
        if n_clusters > 1 {
            nearest.resize(points.n_rows(), f64::INFINITY);
            nearest.resize(points.n_rows().next_multiple_of(LANES), 0.0);
        }
        Self {
            centroids: points.row(first).collect(),
            candidates: Vec::new(),
            nearest,
            n_clusters,
            rng,
        }
    }

    /// Takes the best candidate and draws the next ones. `sums` are those of [`offer`].
    fn choose(&mut self, points: &Points, sums: &[Vec<f64>]) {
        let totals = sums.iter().map(|blocks| blocks.iter().sum::<f64>());
        // What the last centroid alone leaves is of no interest once there are candidates.
        let of_candidates = totals.enumerate().skip(1);
        let best = of_candidates.min_by(|(_, a), (_, b)| a.total_cmp(b));
        let left = &sums[best.map_or(0, |(place, _)| place)];
        if let Some((place, _)) = best {
            // The last centroid has been offered to all rows; the new one has not.
            self.centroids
                .extend(points.row(self.candidates[place - 1]));
        }
        if self.centroids.len() == self.n_clusters * points.n_features() {
            self.nearest = Vec::new();
            return;
        }
        self.candidates.clear();
        for _ in 0..n_candidates(self.n_clusters) {
            let unit = random::unit(&mut self.rng);
            let weights = |block| self.weights(points, block);
            self.candidates.extend(draw(left, weights, unit));
        }
        if self.candidates.is_empty() {
            // All squared distances were too small to be told from zero.
            let row = first_new_row(points, &self.centroids);
            self.candidates.push(row);
        }
    }

    /// The squared distances of the rows of a block from the nearest centroid, the last one too.
    fn weights(&self, points: &Points, block: usize) -> Vec<f64> {
        let last = self.centroids.len() - points.n_features();
        let last = &self.centroids[last..];
        let first = block * BLOCK_ROWS;
        let rows = first..first + points.rows_in(block);
        rows.map(|row| smaller(points.squared_distance(row, last), self.nearest[row]))
            .collect()
    }
}

/// Rows of which one is chosen to be a centroid.
fn n_candidates(n_clusters: usize) -> usize {
    2 + (n_clusters as f64).ln() as usize
}

/// Lowers each row's distance to that of the last centroid if it is nearer. For each start and block
/// the sums of the distances: as they are, and as they would be with each candidate besides.
fn offer<R>(points: &Points, starts: &mut [&mut Start<R>]) -> Vec<Vec<Vec<f64>>> {
    let mut offered = Vec::new();
    let mut roles = Vec::new();
    let mut chunks: Vec<Vec<&mut [f64]>> = Vec::new();
    chunks.resize_with(points.n_chunks(), || Vec::with_capacity(starts.len()));
    for (index, start) in starts.iter_mut().enumerate() {
        let last = start.centroids.len() - points.n_features();
        offered.extend_from_slice(&start.centroids[last..]);
        roles.push(Role::Centroid(index));
        for &row in &start.candidates {
            offered.extend(points.row(row));
            roles.push(Role::Candidate);
        }
        let parts = start.nearest.chunks_mut(BLOCK_ROWS);
        for (chunk, part) in chunks.iter_mut().zip(parts) {
            chunk.push(part);
        }
    }
    let chunk_sums: Vec<Vec<Column>> = points
        .chunks()
        .zip(chunks)
        .with_min_len(MIN_CHUNKS)
        .map(|(tiles, nearest)| {
            isa::run(Offer {
                tiles,
                n_features: points.n_features(),
                offered: &offered,
                roles: &roles,
                nearest,
            })
        })
        .collect();
    let sums_of = |place: usize| chunk_sums.iter().map(move |chunk| chunk[place].sum());
    let mut places = 0..roles.len();
    let of_start = |start: &&mut Start<R>| {
        let places = places.by_ref().take(1 + start.candidates.len());
        places.map(|place| sums_of(place).collect()).collect()
    };
    starts.iter().map(of_start).collect()
}

/// The row at which the running total of the weights passes `unit` times their sum, which is that of
/// the sums of the blocks. Rows of weight 0 are never drawn; `None` if there are no others. Only the
/// weights of the block that is drawn from are asked for.
fn draw(block_sums: &[f64], weights: impl Fn(usize) -> Vec<f64>, unit: f64) -> Option<usize> {
    let total: f64 = block_sums.iter().sum();
    let mut left = unit * total;
    let mut drawn = None;
    for (block, &sum) in block_sums.iter().enumerate() {
        if left < sum {
            drawn = Some((block, left));
            break;
        }
        left -= sum;
        if sum > 0.0 {
            // Rounding may carry the target past the end: then the last row with weight is drawn.
            drawn = Some((block, f64::INFINITY));
        }
    }
    let (block, mut left) = drawn?;
    let mut last_positive = None;
    for (offset, &weight) in weights(block).iter().enumerate() {
        if weight > 0.0 {
            last_positive = Some(block * BLOCK_ROWS + offset);
            if left < weight {
                break;
            }
        }
        left -= weight;
    }
    last_positive
}

/// The first row that is none of the `centroids`; row 0 if there is none.
fn first_new_row(points: &Points, centroids: &[f64]) -> usize {
    let chosen = |row: usize| {
        let mut known = centroids.chunks_exact(points.n_features());
        known.any(|centroid| points.row(row).eq(centroid.iter().copied()))
    };
    (0..points.n_rows()).find(|&row| !chosen(row)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis, array};
    use proptest::prelude::*;

    use super::*;

    fn drawn(x: &Array2<f64>, n_clusters: usize, seed: u64) -> Array2<f64> {
        let points = Points::new(x.view()).unwrap();
        let start = (n_clusters, random::stream(seed, &[]));
        plus_plus(&points, std::iter::once(start)).remove(0)
    }

    #[test]
    fn starts_drawn_together_are_those_drawn_alone() {
        let x = Array2::from_shape_fn((5_000, 3), |(i, j)| ((i * 7919 + j) % 1009) as f64);
        let points = Points::new(x.view()).unwrap();
        let starts = || (1..8).map(|k| (k, random::stream(k as u64 % 3, &[])));
        let together = plus_plus(&points, starts());
        for (found, (k, _)) in together.into_iter().zip(starts()) {
            assert_eq!(found, drawn(&x, k, k as u64 % 3));
        }
    }

    #[test]
    fn centroids_are_distinct_rows() {
        let x = array![[0.0], [0.0], [0.0], [0.0], [1.0], [1.0], [2.0]];
        for seed in 0..50 {
            let centroids = drawn(&x, 3, seed);
            let mut values: Vec<f64> = centroids.iter().copied().collect();
            values.sort_by(f64::total_cmp);
            assert_eq!(values, [0.0, 1.0, 2.0]);
        }
    }

    /// Greedy k-means++ as its definition reads: every distance anew for every candidate.
    fn plainly(x: &Array2<f64>, n_clusters: usize, seed: u64) -> Vec<usize> {
        let mut rng = random::stream(seed, &[]);
        let squared = |row: usize, other: usize| -> f64 {
            let pairs = x.row(row).to_owned() - x.row(other);
            pairs.iter().map(|difference| difference * difference).sum()
        };
        let weights = |chosen: &[usize]| -> Vec<f64> {
            let nearest = |row| {
                let distances = chosen.iter().map(|&other| squared(row, other));
                distances.fold(f64::INFINITY, f64::min)
            };
            (0..x.nrows()).map(nearest).collect()
        };
        let mut chosen = vec![random::index(&mut rng, x.nrows())];
        while chosen.len() < n_clusters {
            let now = weights(&chosen);
            let total: f64 = now.iter().sum();
            let mut draw = || {
                let mut left = random::unit(&mut rng) * total;
                let passed = |&(_, &weight): &(usize, &f64)| {
                    left -= weight;
                    left < 0.0
                };
                now.iter().enumerate().find(passed).unwrap().0
            };
            let n_candidates = if n_clusters < 3 { 2 } else { 3 };
            let candidates: Vec<usize> = (0..n_candidates).map(|_| draw()).collect();
            let left = |&candidate: &usize| -> f64 {
                let with: Vec<usize> = chosen.iter().copied().chain([candidate]).collect();
                weights(&with).iter().sum()
            };
            let best = candidates
                .into_iter()
                .min_by(|a, b| left(a).total_cmp(&left(b)));
            chosen.push(best.unwrap());
        }
        chosen
    }

    proptest! {
        #[test]
        fn starts_are_those_of_the_definition(
            // Whole numbers, few enough that all sums are exact.
            values in prop::collection::vec(-9_i32..10, 24..120),
            n_clusters in 1..7_usize,
            n_features in 1..4_usize,
            seed in any::<u64>(),
        ) {
            let n_rows = values.len() / n_features;
            let x = Array2::from_shape_fn((n_rows, n_features), |(row, column)| {
                f64::from(values[row * n_features + column])
            });
            let points = Points::new(x.view()).unwrap();
            prop_assume!(points.distinct_rows(n_clusters) == n_clusters);
            let expected = x.select(Axis(0), &plainly(&x, n_clusters, seed));
            prop_assert_eq!(drawn(&x, n_clusters, seed), expected);
        }
    }

    #[test]
    fn distances_that_underflow_still_give_distinct_rows() {
        let x = array![[0.0], [1e-200], [2e-200], [0.0]];
        let centroids = drawn(&x, 3, 1);
        let mut values: Vec<f64> = centroids.iter().copied().collect();
        values.sort_by(f64::total_cmp);
        assert_eq!(values, [0.0, 1e-200, 2e-200]);
    }

    #[test]
    fn rows_are_drawn_in_proportion_to_their_weight() {
        let n = 3 * BLOCK_ROWS;
        let weights: Vec<f64> = (0..n)
            .map(|i| if i % 2 == 0 { 0.0 } else { i as f64 })
            .collect();
        let sums: Vec<f64> = weights
            .chunks(BLOCK_ROWS)
            .map(|block| block.iter().sum())
            .collect();
        let of_block = |block: usize| weights[block * BLOCK_ROWS..][..BLOCK_ROWS].to_vec();
        let mut rng = random::stream(3, &[]);
        let mut upper_third = 0;
        for _ in 0..4000 {
            let row = draw(&sums, of_block, random::unit(&mut rng)).unwrap();
            assert_eq!(row % 2, 1);
            upper_third += usize::from(row >= 2 * BLOCK_ROWS);
        }
        // The upper third of the rows carries 1 - (2/3)^2 = 5/9 of the weight: 2222 of 4000.
        assert!(upper_third.abs_diff(2222) < 130, "{upper_third}");
    }

    #[test]
    fn the_ends_of_the_unit_interval_draw_the_first_and_the_last_weighted_row() {
        let weights = [0.0, 0.1, 0.2, 0.7, 0.0];
        let sums = [weights.iter().sum()];
        let of_block = |_| weights.to_vec();
        assert_eq!(draw(&sums, of_block, 0.0), Some(1));
        assert_eq!(draw(&sums, of_block, 1.0 - f64::EPSILON / 2.0), Some(3));
        assert_eq!(draw(&sums, of_block, 1.0), Some(3));
        assert_eq!(draw(&[0.0], |_| vec![0.0, 0.0], 0.5), None);
        // The last block has no weight.
        assert_eq!(draw(&[sums[0], 0.0], of_block, 1.0), Some(3));
    }

    #[test]
    fn a_far_point_is_almost_always_chosen() {
        let x = Array2::from_shape_fn(
            (100, 1),
            |(i, _)| if i == 57 { 1e3 } else { i as f64 / 1e3 },
        );
        let chosen = (0..100)
            .filter(|&seed| drawn(&x, 2, seed).iter().any(|&value| value == 1e3))
            .count();
        assert!(chosen >= 98, "{chosen}");
    }
}
