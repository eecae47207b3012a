use ndarray::Array2;
use rand_xoshiro::rand_core::RngCore;
use rayon::prelude::*;

use crate::kernel::{BLOCK_ROWS, LANES, Rows, Tile};
use crate::random;

/// k-means++ (Arthur and Vassilvitskii 2007): the first centroid is any row, each further one a row
/// drawn with probability proportional to `D^2`, its squared distance from the nearest centroid so
/// far. `O(n k d)`.
///
/// There must be at least `n_clusters` distinct rows. Then all centroids are distinct: a row at
/// distance 0 has no probability.
pub(super) fn plus_plus(rows: &Rows<'_>, n_clusters: usize, rng: &mut impl RngCore) -> Array2<f64> {
    let mut centroids = Vec::with_capacity(n_clusters * rows.n_features());
    centroids.extend_from_slice(rows.row(random::index(rng, rows.len())));
    let mut nearest = vec![f64::INFINITY; rows.len()];
    for chosen in 1..n_clusters {
        let newest = &centroids[(chosen - 1) * rows.n_features()..];
        let block_sums = shrink(rows, newest, &mut nearest);
        let row = match draw(&block_sums, &nearest, random::unit(rng)) {
            Some(row) => row,
            // All squared distances were too small to be told from zero.
            None => first_new_row(rows, &centroids),
        };
        centroids.extend_from_slice(rows.row(row));
    }
    let mut array = Array2::zeros((n_clusters, rows.n_features()));
    array
        .iter_mut()
        .zip(centroids)
        .for_each(|(to, from)| *to = from);
    array
}

/// Lowers each row's distance to that of the newest centroid if it is nearer; sums per block.
fn shrink(rows: &Rows<'_>, newest: &[f64], nearest: &mut [f64]) -> Vec<f64> {
    let n_features = rows.n_features();
    rows.blocks()
        .zip(nearest.par_chunks_mut(BLOCK_ROWS))
        .map(|(block, nearest)| {
            let mut tile = Tile::new(n_features);
            let tiles = block
                .chunks(Tile::chunk(n_features))
                .zip(nearest.chunks_mut(LANES));
            let mut sum = 0.0;
            for (rows, nearest) in tiles {
                tile.load(rows);
                for (best, distance) in nearest.iter_mut().zip(tile.squared_distances(newest)) {
                    *best = best.min(distance);
                    sum += *best;
                }
            }
            sum
        })
        .collect()
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
fn first_new_row(rows: &Rows<'_>, centroids: &[f64]) -> usize {
    let chosen = |row: &[f64]| centroids.chunks_exact(rows.n_features()).any(|c| c == row);
    rows.iter().position(|row| !chosen(row)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn centroids_are_distinct_rows() {
        let x = array![[0.0], [0.0], [0.0], [0.0], [1.0], [1.0], [2.0]];
        for seed in 0..50 {
            let centroids = plus_plus(&Rows::new(x.view()), 3, &mut random::stream(seed, &[]));
            let mut values: Vec<f64> = centroids.iter().copied().collect();
            values.sort_by(f64::total_cmp);
            assert_eq!(values, [0.0, 1.0, 2.0]);
        }
    }

    #[test]
    fn distances_that_underflow_still_give_distinct_rows() {
        let x = array![[0.0], [1e-200], [2e-200], [0.0]];
        let centroids = plus_plus(&Rows::new(x.view()), 3, &mut random::stream(1, &[]));
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
            .filter(|&seed| {
                plus_plus(&Rows::new(x.view()), 2, &mut random::stream(seed, &[]))
                    .iter()
                    .any(|&value| value == 1e3)
            })
            .count();
        assert!(chosen >= 98, "{chosen}");
    }
}
