//! Would the same clusters have been found with other customers? Bootstrap stability.
//!
//! Draw as many rows with replacement as there are, cluster them anew, label the original rows with
//! the new clusters, and compare with the reference labels by the adjusted Rand index; the mean over
//! the samples is the stability (Hennig 2007, *Cluster-wise assessment of cluster stability*). Near
//! 1 the clusters are a property of the population; below about 0.6 they are largely accident.

use ndarray::ArrayView2;
use rayon::prelude::*;
use thiserror::Error;

use crate::agreement::adjusted_rand_index;
use crate::kmeans::{KMeansError, KMeansFit, KMeansValidParams, fit_many};
use crate::points::Points;
use crate::random;

/// How to measure stability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StabilityParams {
    /// Number of bootstrap samples; at least 1. Default 10.
    pub n_samples: usize,
    /// Most rows to work on; of a larger matrix a sample of this many rows, drawn without
    /// replacement, stands for it. At least 1. Default 10,000.
    pub max_rows: usize,
    /// Seed of all draws. Default 42.
    pub seed: u64,
}

impl Default for StabilityParams {
    fn default() -> Self {
        Self {
            n_samples: 10,
            max_rows: 10_000,
            seed: 42,
        }
    }
}

/// Why stability could not be measured.
#[derive(Debug, Error)]
pub enum StabilityError {
    /// `n_samples` was zero.
    #[error("n_samples is 0, but at least one bootstrap sample is needed")]
    NoSamples,
    /// `max_rows` was zero.
    #[error("max_rows is 0, but at least one row is needed")]
    NoRows,
    /// Rows and labels differ in number.
    #[error("there are {rows} rows but {labels} labels")]
    Length {
        /// Rows given.
        rows: usize,
        /// Labels given.
        labels: usize,
    },
    /// The rows cannot be clustered with these parameters.
    #[error("the rows cannot be clustered: {0}")]
    KMeans(#[from] KMeansError),
}

/// The mean adjusted Rand index between `labels` and the clusterings of bootstrap samples of the rows
/// of `x`, at most 1.
///
/// `params` are those of the fit that gave `labels`; each sample starts from a seed of its own. The
/// result depends on the data, the parameters and the seeds, not on the number of threads.
///
/// A sample may hold fewer distinct rows than there are clusters, so that it cannot be clustered. It
/// counts as no agreement (0): clusters that vanish when rows are left out are not stable.
///
/// Cost: `n_samples` fits of at most `max_rows` rows.
///
/// # Errors
/// A parameter of zero, another number of labels than rows, or what the fit refuses: no rows, no
/// columns, NaN or infinity with its position.
pub fn bootstrap_stability(
    x: ArrayView2<f64>,
    labels: &[u32],
    params: &KMeansValidParams,
    stability: &StabilityParams,
) -> Result<f64, StabilityError> {
    stability.check()?;
    check_length(x.nrows(), labels)?;
    let points = Points::new(x).map_err(KMeansError::from)?;
    let all = bootstrap_stabilities(&points, &[(labels, params)], stability)?;
    // One for each clustering, of which there is one.
    Ok(all[0])
}

/// [`bootstrap_stability`] of several clusterings of the same rows: the same numbers, in the order of
/// the clusterings, but each sample is drawn once for all of them and clustered in the same passes
/// ([`fit_many`]).
///
/// # Errors
/// As [`bootstrap_stability`].
pub fn bootstrap_stabilities(
    points: &Points,
    clusterings: &[(&[u32], &KMeansValidParams)],
    stability: &StabilityParams,
) -> Result<Vec<f64>, StabilityError> {
    stability.check()?;
    for (labels, _) in clusterings {
        check_length(points.n_rows(), labels)?;
    }
    let StabilityParams {
        n_samples,
        max_rows,
        seed,
    } = *stability;
    let chosen = subsample(points.n_rows(), max_rows, seed);
    let base = points.select(&chosen);
    let references: Vec<Vec<u32>> = clusterings
        .iter()
        .map(|(labels, _)| chosen.iter().map(|&row| labels[row]).collect())
        .collect();
    let agreements: Vec<Vec<f64>> = (0..n_samples as u64)
        .into_par_iter()
        .map(|sample| {
            let mut rng = random::stream(seed, &[BOOTSTRAP, sample]);
            let drawn: Vec<usize> = (0..base.n_rows())
                .map(|_| random::index(&mut rng, base.n_rows()))
                .collect();
            let params: Vec<KMeansValidParams> = clusterings
                .iter()
                .map(|&(_, params)| KMeansValidParams {
                    seed: random::derive(params.seed, &[BOOTSTRAP, sample]),
                    ..params.clone()
                })
                .collect();
            let fits = fit_many(&params, &base.select(&drawn));
            let agreement = |(fit, reference): (Result<KMeansFit, _>, &Vec<u32>)| match fit {
                Ok(fit) => {
                    let labels = fit.model.predict_points(&base);
                    Ok(adjusted_rand_index(reference, &labels))
                }
                Err(KMeansError::TooFewDistinctRows { .. }) => Ok(0.0),
                Err(error) => Err(error),
            };
            fits.into_iter().zip(&references).map(agreement).collect()
        })
        .collect::<Result<_, KMeansError>>()?;
    let mean = |clustering: usize| {
        let sum: f64 = agreements.iter().map(|sample| sample[clustering]).sum();
        sum / n_samples as f64
    };
    Ok((0..clusterings.len()).map(mean).collect())
}

impl StabilityParams {
    fn check(&self) -> Result<(), StabilityError> {
        if self.n_samples == 0 {
            return Err(StabilityError::NoSamples);
        }
        if self.max_rows == 0 {
            return Err(StabilityError::NoRows);
        }
        Ok(())
    }
}

fn check_length(rows: usize, labels: &[u32]) -> Result<(), StabilityError> {
    if rows == labels.len() {
        Ok(())
    } else {
        Err(StabilityError::Length {
            rows,
            labels: labels.len(),
        })
    }
}

/// Names of the random streams.
const SUBSAMPLE: u64 = 1;
const BOOTSTRAP: u64 = 2;

/// `max_rows` of `n_rows` row numbers in rising order; all of them if they are no more.
fn subsample(n_rows: usize, max_rows: usize, seed: u64) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..n_rows).collect();
    if n_rows > max_rows {
        let mut rng = random::stream(seed, &[SUBSAMPLE]);
        // The first steps of a Fisher-Yates shuffle.
        for taken in 0..max_rows {
            let other = taken + random::index(&mut rng, n_rows - taken);
            rows.swap(taken, other);
        }
        rows.truncate(max_rows);
        rows.sort_unstable();
    }
    rows
}

#[cfg(test)]
mod tests {
    use linfa::ParamGuard;
    use ndarray::{Array2, array};

    use super::*;
    use crate::kmeans::KMeans;

    /// Three round clouds, far apart.
    fn clouds(n: usize) -> Array2<f64> {
        let mut rng = random::stream(5, &[]);
        Array2::from_shape_fn((n, 2), |(i, _)| {
            (i % 3) as f64 * 20.0 + random::unit(&mut rng)
        })
    }

    fn params(n_clusters: usize) -> KMeansValidParams {
        KMeans::params(n_clusters).check().unwrap()
    }

    fn stability_of(x: &Array2<f64>, n_clusters: usize, s: &StabilityParams) -> f64 {
        let params = params(n_clusters);
        let labels = params.fit_rows(x.view()).unwrap().labels;
        bootstrap_stability(x.view(), &labels, &params, s).unwrap()
    }

    #[test]
    fn separate_clouds_are_perfectly_stable() {
        assert_eq!(
            stability_of(&clouds(300), 3, &StabilityParams::default()),
            1.0
        );
    }

    #[test]
    fn too_many_clusters_are_less_stable() {
        let s = StabilityParams::default();
        let found = stability_of(&clouds(300), 7, &s);
        assert!(found < 0.95, "{found}");
    }

    #[test]
    fn a_large_matrix_is_represented_by_a_sample() {
        let s = StabilityParams {
            max_rows: 100,
            ..StabilityParams::default()
        };
        assert_eq!(stability_of(&clouds(3_000), 3, &s), 1.0);
        let rows = subsample(3_000, 100, 42);
        assert_eq!(rows.len(), 100);
        assert!(rows.is_sorted_by(|a, b| a < b));
        assert!(rows.iter().any(|&row| row > 2_000) && rows.iter().any(|&row| row < 1_000));
        assert_ne!(rows, subsample(3_000, 100, 43));
    }

    #[test]
    fn a_sample_with_too_few_distinct_rows_counts_as_no_agreement() {
        // Four rows, four clusters: a resample holds all four with probability 4!/4^4 = 9 %.
        let x = array![[0.0], [1.0], [2.0], [3.0]];
        let s = StabilityParams {
            n_samples: 200,
            ..StabilityParams::default()
        };
        let found = bootstrap_stability(x.view(), &[0, 1, 2, 3], &params(4), &s).unwrap();
        assert!(found > 0.02 && found < 0.2, "{found}");
    }

    #[test]
    fn the_seed_decides_and_the_threads_do_not() {
        let x = clouds(200);
        let with = |threads: usize, seed: u64| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let s = StabilityParams {
                seed,
                ..StabilityParams::default()
            };
            pool.install(|| stability_of(&x, 6, &s)).to_bits()
        };
        assert_eq!(with(1, 1), with(2, 1));
        assert_eq!(with(1, 1), with(7, 1));
        assert_ne!(with(1, 1), with(1, 2));
    }

    #[test]
    fn clusterings_measured_together_are_those_measured_alone() {
        let x = clouds(250);
        let s = StabilityParams {
            max_rows: 200,
            ..StabilityParams::default()
        };
        let all: Vec<_> = [2, 3, 5, 7].map(params).into();
        let fits = all.iter().map(|params| params.fit_rows(x.view()).unwrap());
        let labels: Vec<Vec<u32>> = fits.map(|fit| fit.labels).collect();
        let clusterings: Vec<_> = labels.iter().map(Vec::as_slice).zip(&all).collect();
        let points = Points::new(x.view()).unwrap();
        let together = bootstrap_stabilities(&points, &clusterings, &s).unwrap();
        for (found, (labels, params)) in together.into_iter().zip(clusterings) {
            let alone = bootstrap_stability(x.view(), labels, params, &s).unwrap();
            assert_eq!(found.to_bits(), alone.to_bits());
        }
    }

    #[test]
    fn bad_arguments_are_named() {
        let x = array![[0.0], [1.0]];
        let measure = |labels: &[u32], s: StabilityParams| {
            bootstrap_stability(x.view(), labels, &params(2), &s).unwrap_err()
        };
        let ok = StabilityParams::default();
        assert!(matches!(
            measure(
                &[0, 1],
                StabilityParams {
                    n_samples: 0,
                    ..ok.clone()
                }
            ),
            StabilityError::NoSamples
        ));
        assert!(matches!(
            measure(
                &[0, 1],
                StabilityParams {
                    max_rows: 0,
                    ..ok.clone()
                }
            ),
            StabilityError::NoRows
        ));
        assert!(matches!(
            measure(&[0], ok),
            StabilityError::Length { rows: 2, labels: 1 }
        ));
    }

    #[test]
    fn what_the_fit_refuses_is_passed_on() {
        let x = array![[0.0], [f64::NAN]];
        let error = bootstrap_stability(x.view(), &[0, 1], &params(1), &StabilityParams::default());
        assert!(matches!(
            error,
            Err(StabilityError::KMeans(KMeansError::NonFinite {
                column: 0,
                ..
            }))
        ));
    }
}
