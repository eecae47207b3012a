//! The definitions, written down as plainly as possible: dense, in `f64`, over all pairs.

use super::*;

/// The equations of one user in `f64`: matrix (row-major) and right side.
pub(super) fn equations(
    params: &AlsValidParams,
    scores: &[(u32, f32)],
    items: &Factors,
    mean: f64,
) -> (Vec<f64>, Vec<f64>) {
    let biases = matches!(params.feedback, Feedback::Explicit { biases: true });
    let width = params.factors + usize::from(biases);
    let (mut a, mut b) = (vec![0.0; width * width], vec![0.0; width]);
    for item in 0..items.len() {
        let score = scores.iter().find(|&&(i, _)| i as usize == item);
        let score = score.map(|&(_, score)| f64::from(score));
        // Weight and target of this pair.
        let (weight, target) = match (params.feedback, score) {
            (Feedback::Explicit { .. }, None) => continue,
            (Feedback::Explicit { biases: false }, Some(r)) => (1.0, r),
            (Feedback::Explicit { biases: true }, Some(r)) => {
                (1.0, r - mean - f64::from(items.bias(item)))
            }
            (
                Feedback::Implicit {
                    unobserved_weight, ..
                },
                None,
            ) => (unobserved_weight.unwrap_or(1.0), 0.0),
            (
                Feedback::Implicit {
                    alpha,
                    unobserved_weight,
                },
                Some(r),
            ) => {
                let liked = f64::from(u8::from(r > 0.0));
                match unobserved_weight {
                    None => (1.0 + alpha * r.abs(), liked),
                    // Two terms on one pair: weight w for 0 and alpha |r| for the preference.
                    Some(w) => {
                        let both = w + alpha * r.abs();
                        (both, alpha * r.abs() * liked / both)
                    }
                }
            }
        };
        let mut z: Vec<f64> = if biases { vec![1.0] } else { vec![] };
        z.extend(items.vectors.row(item).iter().map(|&v| f64::from(v)));
        for i in 0..width {
            b[i] += weight * target * z[i];
            for j in 0..width {
                a[i * width + j] += weight * z[i] * z[j];
            }
        }
    }
    let n = match params.feedback {
        Feedback::Explicit { .. } => scores.len() as f64,
        Feedback::Implicit {
            unobserved_weight, ..
        } => {
            let positive = scores.iter().filter(|&&(_, score)| score > 0.0).count() as f64;
            positive + unobserved_weight.unwrap_or(0.0) * items.len() as f64
        }
    };
    let scale = n.powf(params.regularization_exponent);
    for i in 0..width {
        let bias = biases && i == 0;
        let lambda = match params.bias_regularization {
            Some(lambda) if bias => lambda,
            _ => params.regularization,
        };
        a[i * width + i] += lambda * scale;
    }
    (a, b)
}

/// The solution by elimination with pivoting.
pub(super) fn solve(mut a: Vec<f64>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for column in 0..n {
        let size = |row: &usize| a[row * n + column].abs();
        let pivot = (column..n)
            .max_by(|p, q| size(p).total_cmp(&size(q)))
            .unwrap();
        for j in 0..n {
            a.swap(column * n + j, pivot * n + j);
        }
        b.swap(column, pivot);
        for row in column + 1..n {
            let factor = a[row * n + column] / a[column * n + column];
            for j in column..n {
                a[row * n + j] -= factor * a[column * n + j];
            }
            b[row] -= factor * b[column];
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|j| a[row * n + j] * b[j]).sum();
        b[row] = (b[row] - known) / a[row * n + row];
    }
    b
}

/// The loss, summed over all pairs.
pub(super) fn loss(params: &AlsValidParams, interactions: &Interactions, model: &Als) -> f64 {
    let mut sum = 0.0;
    for user in 0..interactions.n_users() {
        for item in 0..interactions.n_items() {
            let score = interactions
                .user(user)
                .iter()
                .find(|&(i, _)| i as usize == item);
            let x = model.users.vectors.row(user);
            let y = model.items.vectors.row(item);
            let s: f64 = x
                .iter()
                .zip(y)
                .map(|(&x, &y)| f64::from(x) * f64::from(y))
                .sum();
            sum += match (params.feedback, score) {
                (Feedback::Explicit { .. }, None) => 0.0,
                (Feedback::Explicit { .. }, Some((_, r))) => {
                    let biases = [
                        model.global_mean,
                        model.users.bias(user),
                        model.items.bias(item),
                    ];
                    let offset: f64 = biases.iter().map(|&v| f64::from(v)).sum();
                    (f64::from(r) - offset - s).powi(2)
                }
                (
                    Feedback::Implicit {
                        alpha,
                        unobserved_weight,
                    },
                    score,
                ) => {
                    let r = score.map_or(0.0, |(_, r)| f64::from(r));
                    let (c, p) = (alpha * r.abs(), f64::from(u8::from(r > 0.0)));
                    match unobserved_weight {
                        None => (1.0 + c) * (p - s).powi(2),
                        Some(w) => w * s * s + c * (p - s).powi(2),
                    }
                }
            };
        }
    }
    let mut penalise = |factors: &Factors, n_other: usize, row: &dyn Fn(usize) -> Vec<f32>| {
        for index in 0..factors.len() {
            let scores = row(index);
            let n = match params.feedback {
                Feedback::Explicit { .. } => scores.len() as f64,
                Feedback::Implicit {
                    unobserved_weight, ..
                } => {
                    scores.iter().filter(|&&r| r > 0.0).count() as f64
                        + unobserved_weight.unwrap_or(0.0) * n_other as f64
                }
            };
            let scale = n.powf(params.regularization_exponent);
            let square: f64 = factors
                .vectors
                .row(index)
                .iter()
                .map(|&v| f64::from(v).powi(2))
                .sum();
            let bias = f64::from(factors.bias(index)).powi(2);
            let of_bias = params.bias_regularization.unwrap_or(params.regularization);
            sum += scale * (params.regularization * square + of_bias * bias);
        }
    };
    let (n_users, n_items) = (interactions.n_users(), interactions.n_items());
    penalise(&model.users, n_items, &|row| {
        interactions.user(row).scores.to_vec()
    });
    penalise(&model.items, n_users, &|row| {
        interactions.item(row).scores.to_vec()
    });
    sum
}
