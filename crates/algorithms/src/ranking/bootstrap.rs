use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::error::RankingError;
use crate::random;

/// How to draw a confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BootstrapParams {
    /// Number of samples; at least 1. Default 1000.
    pub n_samples: usize,
    /// Probability that the interval is to cover; above 0, below 1. Default 0.95.
    pub confidence: f64,
    /// Seed of the samples. Default 42.
    pub seed: u64,
}

impl Default for BootstrapParams {
    fn default() -> Self {
        Self {
            n_samples: 1000,
            confidence: 0.95,
            seed: 42,
        }
    }
}

/// A mean and an interval around it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeanInterval {
    /// Mean over the users.
    pub mean: f64,
    /// Lower end of the confidence interval.
    pub low: f64,
    /// Upper end of the confidence interval.
    pub high: f64,
    /// Number of users.
    pub n_users: usize,
}

/// Name of the random stream of a sample.
const SAMPLE: u64 = 1;

/// The mean of one value per user, with the interval in which it would lie for other users of the
/// same kind: users are drawn with replacement, and the interval runs between the percentiles of
/// the means of these samples (Efron and Tibshirani 1993, *An introduction to the bootstrap*,
/// chapter 13).
///
/// Each sample draws from a stream of its own, so the result depends on values and seed alone.
/// `O(n_samples n)`.
///
/// # Errors
/// No values, a value that is not finite (its index), a parameter out of range.
pub fn bootstrap_mean(
    values: &[f64],
    params: &BootstrapParams,
) -> Result<MeanInterval, RankingError> {
    let BootstrapParams {
        n_samples,
        confidence,
        seed,
    } = *params;
    if n_samples == 0 {
        return Err(RankingError::Params {
            name: "n_samples",
            value: 0.0,
            range: "at least 1",
        });
    }
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(RankingError::Params {
            name: "confidence",
            value: confidence,
            range: "above 0 and below 1",
        });
    }
    if values.is_empty() {
        return Err(RankingError::Nothing);
    }
    if let Some(index) = values.iter().position(|value| !value.is_finite()) {
        return Err(RankingError::NonFinite { index });
    }
    let n = values.len();
    let mut means: Vec<f64> = (0..n_samples as u64)
        .into_par_iter()
        .map(|sample| {
            let mut rng = random::stream(seed, &[SAMPLE, sample]);
            let drawn = (0..n).map(|_| values[random::index(&mut rng, n)]);
            drawn.sum::<f64>() / n as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let percentile = |p: f64| {
        let place = (p * n_samples as f64).ceil() as usize;
        means[place.clamp(1, n_samples) - 1]
    };
    let tail = (1.0 - confidence) / 2.0;
    Ok(MeanInterval {
        mean: values.iter().sum::<f64>() / n as f64,
        low: percentile(tail),
        high: percentile(1.0 - tail),
        n_users: n,
    })
}
