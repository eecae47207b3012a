use ndarray::Array2;
use rand_xoshiro::rand_core::RngCore;
use rayon::prelude::*;

use crate::isa::{self, Kernel};
use crate::kernel::BLOCK_ROWS;
use crate::points::{MIN_CHUNKS, Points};
use crate::random;
use crate::tiles::{Column, LANES, each_distance, smaller};

/// k-means++ (Arthur and Vassilvitskii 2007): the first centroid is any row, each further one a row
/// drawn with probability proportional to `D^2`, its squared distance from the nearest centroid so
/// far. `O(n k d)`.
///
/// One start for each number of clusters and generator given; all of them draw their next centroid
/// after the same pass over the rows, and each draws what it would draw alone.
///
/// There must be at least as many distinct rows as clusters. Then all centroids of a start are
/// distinct: a row at distance 0 has no probability.
pub(super) fn plus_plus<R: RngCore>(
    points: &Points,
    starts: impl Iterator<Item = (usize, R)>,
) -> Vec<Array2<f64>> {
    let mut starts: Vec<Start<R>> = starts
        .map(|(n_clusters, mut rng)| {
            let first = random::index(&mut rng, points.n_rows());
            Start {
                centroids: points.row(first).collect(),
                nearest: if n_clusters > 1 {
                    infinite(points)
                } else {
                    Vec::new()
                },
                n_clusters,
                rng,
            }
        })
        .collect();
    for chosen in 1.. {
        let mut active: Vec<&mut Start<R>> = starts
            .iter_mut()
            .filter(|start| start.n_clusters > chosen)
            .collect();
        if active.is_empty() {
            break;
        }
        let sums = shrink(points, &mut active);
        for (start, sums) in active.into_iter().zip(sums) {
            let row = match draw(&sums, &start.nearest, random::unit(&mut start.rng)) {
                Some(row) => row,
                // All squared distances were too small to be told from zero.
                None => first_new_row(points, &start.centroids),
            };
            start.centroids.extend(points.row(row));
            if start.n_clusters == chosen + 1 {
                start.nearest = Vec::new();
            }
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
    /// Those drawn so far, one after another.
    centroids: Vec<f64>,
    /// Per place in the tiles, the squared distance from the nearest centroid but the last; 0 behind
    /// the last row. Empty when all centroids are drawn.
    nearest: Vec<f64>,
}

/// The distances of the rows from no centroid.
fn infinite(points: &Points) -> Vec<f64> {
    let mut distances = vec![f64::INFINITY; points.n_rows()];
    distances.resize(points.n_rows().next_multiple_of(LANES), 0.0);
    distances
}

/// Lowers each row's distance to that of the newest centroid if it is nearer; for each start the sums
/// per block.
fn shrink<R>(points: &Points, starts: &mut [&mut Start<R>]) -> Vec<Vec<f64>> {
    let n_features = points.n_features();
    let mut newest = Vec::with_capacity(starts.len() * n_features);
    let mut chunks: Vec<Vec<&mut [f64]>> = Vec::new();
    chunks.resize_with(points.n_chunks(), || Vec::with_capacity(starts.len()));
    for start in starts.iter_mut() {
        let known = start.centroids.len();
        newest.extend_from_slice(&start.centroids[known - n_features..]);
        let parts = start.nearest.chunks_mut(BLOCK_ROWS);
        for (chunk, part) in chunks.iter_mut().zip(parts) {
            chunk.push(part);
        }
    }
    let sums: Vec<Vec<Column>> = points
        .chunks()
        .zip(chunks)
        .with_min_len(MIN_CHUNKS)
        .map(|(tiles, nearest)| {
            isa::run(Shrink {
                tiles,
                n_features,
                newest: &newest,
                nearest,
            })
        })
        .collect();
    (0..starts.len())
        .map(|start| sums.iter().map(|chunk| chunk[start].sum()).collect())
        .collect()
}

/// A chunk of rows and the newest centroids of all starts.
struct Shrink<'a> {
    tiles: &'a [Column],
    n_features: usize,
    newest: &'a [f64],
    /// For each start, the distances of the chunk.
    nearest: Vec<&'a mut [f64]>,
}

impl Kernel for Shrink<'_> {
    /// The sum of the distances for each start, by lanes.
    type Output = Vec<Column>;

    #[inline(always)]
    fn run<const ROWS: usize>(self) -> Vec<Column> {
        let mut shrunk = Shrunk {
            sums: vec![Column::ZERO; self.nearest.len()],
            nearest: self.nearest,
            first: 0,
        };
        for tile in self.tiles.chunks_exact(self.n_features) {
            each_distance::<ROWS, _>(tile, self.newest, &mut shrunk, Shrunk::offer);
            shrunk.first += LANES;
        }
        shrunk.sums
    }
}

/// What [`Shrink`] has made of some of the tiles.
struct Shrunk<'a> {
    sums: Vec<Column>,
    nearest: Vec<&'a mut [f64]>,
    /// The first row of the next tile.
    first: usize,
}

impl Shrunk<'_> {
    #[inline(always)]
    fn offer(&mut self, start: usize, distances: &Column) {
        let nearest = &mut self.nearest[start][self.first..];
        let sums = &mut self.sums[start].0;
        if let Some(nearest) = nearest.first_chunk_mut::<LANES>() {
            for lane in 0..LANES {
                nearest[lane] = smaller(distances.0[lane], nearest[lane]);
                sums[lane] += nearest[lane];
            }
        }
    }
}

/// The row at which the running total of the weights passes `unit` times their sum. Rows of weight
/// 0 are never drawn; `None` if there are no others.
fn draw(block_sums: &[f64], weights: &[f64], unit: f64) -> Option<usize> {
    let total: f64 = block_sums.iter().sum();
    let mut left = unit * total;
    let mut last_positive = None;
    for (block, (&sum, weights)) in block_sums
        .iter()
        .zip(weights.chunks(BLOCK_ROWS))
        .enumerate()
    {
        if left >= sum {
            // Rounding may carry the target past the end: then the last row with weight is drawn.
            if let Some(offset) = weights.iter().rposition(|&weight| weight > 0.0) {
                last_positive = Some(block * BLOCK_ROWS + offset);
            }
            left -= sum;
            continue;
        }
        for (offset, &weight) in weights.iter().enumerate() {
            if weight > 0.0 {
                last_positive = Some(block * BLOCK_ROWS + offset);
                if left < weight {
                    return last_positive;
                }
            }
            left -= weight;
        }
        return last_positive;
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
    use ndarray::{Array2, array};

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
        let mut rng = random::stream(3, &[]);
        let mut upper_third = 0;
        for _ in 0..4000 {
            let row = draw(&sums, &weights, random::unit(&mut rng)).unwrap();
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
        assert_eq!(draw(&sums, &weights, 0.0), Some(1));
        assert_eq!(draw(&sums, &weights, 1.0 - f64::EPSILON / 2.0), Some(3));
        assert_eq!(draw(&sums, &weights, 1.0), Some(3));
        assert_eq!(draw(&[0.0], &[0.0, 0.0], 0.5), None);
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
