//! Gaussian mixture: clusters of any ellipsoidal shape, through `linfa-clustering`.
//!
//! **What.** Models the rows as drawn from `k` normal distributions, each with its own weight, mean
//! and full covariance, fitted by expectation-maximisation (Dempster, Laird and Rubin 1977) from a
//! K-Means start; a row is labelled with the component most likely to have produced it.
//!
//! **When.** Clusters that are elongated, or of very different spread. Columns should be
//! standardised: the covariances are regularised by an absolute amount.
//!
//! **Regularisation.** A component that collapses onto few points, and a row so far out that its
//! density underflows, both end a fit. Each is helped by a larger variance, so the fit is tried with
//! 1e-6 (scikit-learn's default), then 1e-4, 1e-2 and 0.1 added to the diagonal of each covariance;
//! the amount used is part of the result.
//!
//! **Cost.** `O(n k d²)` per iteration. One thread for the algebra; nothing depends on the number of
//! threads. The matrix products pick instructions by processor, so the last digits of the means may
//! differ between kinds of machine.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::{GaussianMixtureModel, GmmError};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::canonical::{self, count_labels};
use crate::random;
use crate::rows::{Rows, distinct_rows, first_non_finite, first_too_large};

/// What is added to the diagonal of the covariances, from the first attempt to the last.
const REGULARIZATION: [f64; 4] = [1e-6, 1e-4, 1e-2, 0.1];

/// Most iterations of one attempt.
const MAX_ITER: u64 = 500;

/// A gain of the mean log-likelihood per row that ends the iterations.
const TOLERANCE: f64 = 1e-4;

/// A fitted mixture, components numbered by falling number of rows, then by mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MixtureFit {
    /// The most likely component of each row, in `0..n_clusters`; ties to the lowest.
    pub labels: Vec<u32>,
    /// Mean of each component, shape `(n_clusters, n_features)`.
    #[serde(with = "crate::serde_rows::matrix")]
    pub means: Array2<f64>,
    /// Weight of each component; they sum to 1.
    #[serde(with = "crate::serde_rows::vector")]
    pub weights: Array1<f64>,
    /// Rows per component. A component that is nowhere the most likely has 0.
    pub cluster_sizes: Vec<usize>,
    /// What was added to the diagonal of the covariances.
    pub reg_covariance: f64,
}

/// Why no mixture could be fitted.
#[derive(Debug, Error)]
pub enum MixtureError {
    /// `n_clusters` was zero or more than `u32` can number.
    #[error("n_clusters is {0}, but must be between 1 and {max}", max = u32::MAX)]
    NClusters(usize),
    /// There is no row or no column.
    #[error("a mixture needs rows and columns, but there are {rows} rows and {columns} columns")]
    Empty {
        /// Rows given.
        rows: usize,
        /// Columns given.
        columns: usize,
    },
    /// A value is NaN or infinite.
    #[error("row {row}, column {column} is not a finite number; fill or drop it before clustering")]
    NonFinite {
        /// Index of the first such row.
        row: usize,
        /// Index of its first such column.
        column: usize,
    },
    /// A value is so large that its square is not a finite number.
    #[error("row {row}, column {column} is too large to be squared; scale the column")]
    TooLarge {
        /// Index of the first such row.
        row: usize,
        /// Index of its first such column.
        column: usize,
    },
    /// More clusters than different rows.
    #[error(
        "{n_clusters} clusters were asked for, but there are only {distinct_rows} distinct rows; \
         ask for at most {distinct_rows} clusters"
    )]
    TooFewDistinctRows {
        /// The clusters asked for.
        n_clusters: usize,
        /// The distinct rows there are.
        distinct_rows: usize,
    },
    /// The densities of a row underflowed under every attempt.
    #[error(
        "row {row} is too far from every component for its density to be told from zero; \
         standardise the columns, or use K-Means"
    )]
    Underflow {
        /// Index of the first such row.
        row: usize,
    },
    /// Expectation-maximisation failed under every attempt; the last error is kept.
    #[error(
        "the mixture of {n_clusters} components could not be fitted; ask for fewer clusters, \
         standardise the columns, or use K-Means: {source}"
    )]
    Fit {
        /// The clusters asked for.
        n_clusters: usize,
        /// What went wrong in the last attempt.
        source: GmmError,
    },
}

/// Fits a mixture of `n_clusters` components to the rows of `x`, shape `(n_rows, n_features)`.
///
/// The same rows, number and seed give the same result.
///
/// # Errors
/// See [`MixtureError`].
pub fn fit_gaussian_mixture(
    x: ArrayView2<f64>,
    n_clusters: usize,
    seed: u64,
) -> Result<MixtureFit, MixtureError> {
    check(x, n_clusters)?;
    let dataset = DatasetBase::from(x);
    let mut last = None;
    for reg_covariance in REGULARIZATION {
        let rng = random::stream(seed, &[n_clusters as u64]);
        match attempt(&dataset, n_clusters, rng, reg_covariance) {
            Ok(fit) => return Ok(fit),
            Err(error) => last = Some(error),
        }
    }
    // There is at least one attempt, and each failed one left its error.
    Err(last.unwrap_or(MixtureError::NClusters(n_clusters)))
}

fn check(x: ArrayView2<f64>, n_clusters: usize) -> Result<(), MixtureError> {
    if n_clusters == 0 || u32::try_from(n_clusters).is_err() {
        return Err(MixtureError::NClusters(n_clusters));
    }
    let (rows, columns) = x.dim();
    if rows == 0 || columns == 0 {
        return Err(MixtureError::Empty { rows, columns });
    }
    if let Some((row, column)) = first_non_finite(x) {
        return Err(MixtureError::NonFinite { row, column });
    }
    if let Some((row, column)) = first_too_large(x) {
        return Err(MixtureError::TooLarge { row, column });
    }
    let distinct = distinct_rows(&Rows::new(x), n_clusters);
    if distinct < n_clusters {
        return Err(MixtureError::TooFewDistinctRows {
            n_clusters,
            distinct_rows: distinct,
        });
    }
    Ok(())
}

fn attempt(
    dataset: &DatasetBase<ArrayView2<f64>, Array1<()>>,
    n_clusters: usize,
    rng: Xoshiro256PlusPlus,
    reg_covariance: f64,
) -> Result<MixtureFit, MixtureError> {
    // linfa repeats the same start for further runs, so one run is all there is.
    let model = GaussianMixtureModel::params_with_rng(n_clusters, rng)
        .n_runs(1)
        .max_n_iterations(MAX_ITER)
        .tolerance(TOLERANCE)
        .reg_covariance(reg_covariance)
        .fit(dataset)
        .map_err(|source| MixtureError::Fit { n_clusters, source })?;
    let probabilities = model.predict_proba(dataset.records());
    let mut labels = Vec::with_capacity(probabilities.nrows());
    for (row, probabilities) in probabilities.rows().into_iter().enumerate() {
        if probabilities.iter().any(|p| !p.is_finite()) {
            return Err(MixtureError::Underflow { row });
        }
        let mut best = 0;
        for (component, &probability) in probabilities.iter().enumerate() {
            if probability > probabilities[best] {
                best = component;
            }
        }
        labels.push(best as u32);
    }

    let sizes = count_labels(&labels, n_clusters);
    let order = canonical::order(&sizes, model.means().view());
    let mut new_number = vec![0_u32; n_clusters];
    for (number, &component) in (0_u32..).zip(&order) {
        new_number[component] = number;
    }
    Ok(MixtureFit {
        labels: labels
            .iter()
            .map(|&label| new_number[label as usize])
            .collect(),
        means: model.means().select(Axis(0), &order),
        weights: model.weights().select(Axis(0), &order),
        cluster_sizes: order.iter().map(|&component| sizes[component]).collect(),
        reg_covariance,
    })
}

#[cfg(test)]
mod tests;
