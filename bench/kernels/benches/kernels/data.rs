//! Synthetic customers and shops.

use ndarray::Array2;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

/// Uniform numbers in `[0, 1)`.
pub(crate) fn uniform(seed: u64) -> impl FnMut() -> f64 {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    move || (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Seven overlapping clouds; every second column is exponential rather than normal.
pub(crate) fn customers(rows: usize, columns: usize) -> Array2<f64> {
    let mut unit = uniform(7);
    let centres = Array2::from_shape_fn((7, columns), |_| 3.0 * unit());
    let mut x = Array2::zeros((rows, columns));
    for mut row in x.rows_mut() {
        let cloud = (7.0 * unit().powi(2)) as usize;
        for (column, value) in row.iter_mut().enumerate() {
            let noise = if column % 2 == 0 {
                (0..4).map(|_| unit()).sum::<f64>() - 2.0
            } else {
                -(1.0 - unit()).ln()
            };
            *value = centres[[cloud, column]] + noise;
        }
    }
    x
}

/// Scores of a shop: the number per user is log-normal (median 30), items are drawn by popularity,
/// which falls with their rank.
pub(crate) fn shop(n_users: usize, n_items: usize) -> Vec<(u32, u32, f32)> {
    let mut unit = uniform(7);
    let mut triples = Vec::new();
    for user in 0..n_users as u32 {
        // A sum of twelve uniform numbers is nearly normal.
        let normal = (0..12).map(|_| unit()).sum::<f64>() - 6.0;
        let n = (30.0 * (0.94 * normal).exp())
            .ceil()
            .min(n_items as f64 / 4.0);
        let mut items: Vec<u32> = (0..n as usize)
            .map(|_| (n_items as f64 * unit().powi(3)) as u32)
            .collect();
        items.sort_unstable();
        items.dedup();
        triples.extend(items.into_iter().map(|item| {
            // Popular items lie all over the index.
            let item = (u64::from(item) * 7_919 % n_items as u64) as u32;
            (user, item, (1.0 + 4.0 * unit()).floor() as f32)
        }));
    }
    triples
}

/// Scores of a large shop: most users have few (on average five are drawn, some twice), and items are
/// drawn by popularity.
pub(crate) fn buyers(n_users: usize, n_items: usize) -> Vec<(u32, u32, f32)> {
    let mut unit = uniform(7);
    let mut triples = Vec::new();
    for user in 0..n_users as u32 {
        // Geometric, at least one.
        let n = 1.0 + ((1.0 - unit()).ln() / 0.8_f64.ln()).floor();
        let mut items: Vec<u32> = (0..n as usize)
            .map(|_| (n_items as f64 * unit().powi(3)) as u32)
            .collect();
        items.sort_unstable();
        items.dedup();
        triples.extend(items.into_iter().map(|item| {
            let item = (u64::from(item) * 7_919 % n_items as u64) as u32;
            (user, item, (1.0 + 4.0 * unit()).floor() as f32)
        }));
    }
    triples
}
