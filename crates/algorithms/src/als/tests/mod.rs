mod fit;
mod fold_in;
mod params;
mod plain;
mod rows;

use linfa::ParamGuard;
use ndarray::Array2;

use super::*;
use crate::random;

/// Scores drawn with a popularity that falls from item to item, no pair twice. Of `n_users`, the
/// last has none.
fn shop(seed: u64, n_users: usize, n_items: usize) -> Vec<(u32, u32, f32)> {
    let mut rng = random::stream(seed, &[]);
    let mut triples = Vec::new();
    for user in 0..n_users.saturating_sub(1) {
        let taste = random::index(&mut rng, 3);
        let activity = 0.1 + random::unit(&mut rng);
        for item in 0..n_items {
            let fits = if item % 3 == taste { 1.0 } else { 0.3 };
            let popularity = 2.0 / (1.0 + item as f64).sqrt();
            if random::unit(&mut rng) < activity * fits * popularity {
                let score = 1 + random::index(&mut rng, 5);
                triples.push((user as u32, item as u32, score as f32));
            }
        }
    }
    triples
}

fn interactions(n_users: usize, n_items: usize, triples: &[(u32, u32, f32)]) -> Interactions {
    Interactions::from_triples(n_users, n_items, triples).unwrap()
}

/// Factors with entries between -1 and 1, and biases if wanted.
fn factors(seed: u64, n: usize, k: usize, biases: bool) -> Factors {
    let mut rng = random::stream(seed, &[n as u64]);
    let mut draw = || (2.0 * random::unit(&mut rng) - 1.0) as f32;
    Factors {
        vectors: Array2::from_shape_fn((n, k), |_| draw()),
        biases: biases.then(|| (0..n).map(|_| draw()).collect()),
    }
}

fn checked(params: AlsParams) -> AlsValidParams {
    params.check().unwrap()
}

/// One of every kind of objective.
fn objectives(k: usize) -> Vec<AlsParams> {
    vec![
        Als::explicit(k).biases(false),
        Als::explicit(k).bias_regularization(0.3),
        Als::explicit(k).regularization_exponent(0.5),
        Als::implicit(k).alpha(8.0),
        Als::implicit(k).alpha(2.0).regularization_exponent(0.0),
        Als::implicit(k).unobserved_weight(0.1).regularization(0.01),
    ]
}
