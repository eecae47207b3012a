//! One clustering for each number of clusters, and how good it is.

use algorithms::choose_k::KCandidate;
use algorithms::kmeans::{KMeans, KMeansFit, KMeansValidParams, fit_many};
use algorithms::mixture::fit_gaussian_mixture;
use algorithms::points::Points;
use algorithms::profile::profiles;
use algorithms::silhouette::{silhouette_of_points, silhouette_score};
use algorithms::stability::{StabilityParams, bootstrap_stabilities};
use linfa::ParamGuard;
use ndarray::{Array2, ArrayView2};

use crate::error::SegmentationError;
use crate::settings::{Algorithm, SegmentationSettings};

/// How good a number of clusters is.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The number of clusters.
    pub n_clusters: usize,
    /// The mean silhouette under squared Euclidean distance, from -1 to 1.
    pub silhouette: f64,
    /// The sum of squared distances to the centre of the own cluster.
    pub inertia: f64,
    /// The share of customers in the smallest cluster; 0 when a mixture has a component that is
    /// nobody's most probable one.
    pub min_share: f64,
    /// The mean adjusted Rand index between this clustering and those of bootstrap samples, at
    /// most 1; none when it was not computed (switched off, or a Gaussian mixture).
    pub stability: Option<f64>,
    /// Iterations of the best start; none for a Gaussian mixture, which does not tell.
    pub n_iter: Option<u64>,
}

/// One clustering.
#[derive(Debug, Clone)]
pub(crate) struct Clustering {
    pub(crate) candidate: Candidate,
    /// Per row, the cluster; 0 is the largest, and there are no gaps.
    pub(crate) labels: Vec<u32>,
    /// Clusters with rows × columns.
    pub(crate) centroids: Array2<f64>,
}

impl Candidate {
    pub(crate) fn as_k_candidate(&self) -> KCandidate {
        KCandidate {
            n_clusters: self.n_clusters,
            silhouette: self.silhouette,
            inertia: self.inertia,
            min_share: self.min_share,
            stability: self.stability,
            n_iter: self.n_iter.unwrap_or(0),
        }
    }
}

/// Clusters `x` into every number that the settings ask for, smallest first. Every number starts
/// from a random stream of its own, so a narrower range gives the same clusterings.
pub(crate) fn scan(
    x: ArrayView2<'_, f64>,
    settings: &SegmentationSettings,
    seed: u64,
) -> Result<Vec<Clustering>, SegmentationError> {
    let clusterings = match settings.algorithm {
        Algorithm::Kmeans => kmeans(x, settings, seed)?,
        Algorithm::Gmm => settings
            .k
            .numbers()
            .map(|k| mixture(x, k, seed).map_err(|reason| failure(k, reason)))
            .collect::<Result<_, _>>()?,
    };
    for clustering in &clusterings {
        let Candidate {
            n_clusters: k,
            silhouette,
            min_share,
            stability,
            ..
        } = &clustering.candidate;
        tracing::info!(k, silhouette, min_share, stability, "clustered");
    }
    Ok(clusterings)
}

fn failure(k: usize, reason: impl ToString) -> SegmentationError {
    let reason = reason.to_string();
    SegmentationError::Clustering { k, reason }
}

/// All numbers of clusters in the same passes over the rows.
fn kmeans(
    x: ArrayView2<'_, f64>,
    settings: &SegmentationSettings,
    seed: u64,
) -> Result<Vec<Clustering>, SegmentationError> {
    let parameters = |k: usize| {
        KMeans::params(k)
            .n_init(settings.n_init)
            .max_iter(settings.max_iter as u64)
            .tol(settings.tol)
            .seed(seed)
            .check()
            .map_err(|error| failure(k, error))
    };
    let params: Vec<KMeansValidParams> = settings
        .k
        .numbers()
        .map(parameters)
        .collect::<Result<_, _>>()?;
    let points = Points::new(x).map_err(|error| failure(settings.k.max(), error))?;
    let fits: Vec<KMeansFit> = fit_many(&params, &points)
        .into_iter()
        .zip(settings.k.numbers())
        .map(|(fit, k)| fit.map_err(|error| failure(k, error)))
        .collect::<Result<_, _>>()?;
    let stabilities = stabilities(&points, &fits, &params, settings, seed)?;
    fits.into_iter()
        .zip(stabilities)
        .map(|(fit, stability)| {
            let k = fit.model.n_clusters();
            let silhouette = silhouette_of_points(&points, &fit.labels);
            let smallest = fit.cluster_sizes.iter().copied().min().unwrap_or(0);
            let candidate = Candidate {
                n_clusters: k,
                silhouette: silhouette.map_err(|error| failure(k, error))?,
                inertia: fit.model.inertia,
                min_share: smallest as f64 / x.nrows() as f64,
                stability,
                n_iter: Some(fit.model.n_iter),
            };
            Ok(Clustering {
                candidate,
                labels: fit.labels,
                centroids: fit.model.centroids,
            })
        })
        .collect()
}

/// The stability of each clustering, or none of any if the settings switch it off.
fn stabilities(
    points: &Points,
    fits: &[KMeansFit],
    params: &[KMeansValidParams],
    settings: &SegmentationSettings,
    seed: u64,
) -> Result<Vec<Option<f64>>, SegmentationError> {
    if settings.stability_samples == 0 {
        return Ok(vec![None; fits.len()]);
    }
    let resampling = StabilityParams {
        n_samples: settings.stability_samples,
        max_rows: settings.stability_rows,
        seed,
    };
    let labels = fits.iter().map(|fit| fit.labels.as_slice());
    let clusterings: Vec<_> = labels.zip(params).collect();
    let found = bootstrap_stabilities(points, &clusterings, &resampling);
    let found = found.map_err(|error| failure(settings.k.max(), error))?;
    Ok(found.into_iter().map(Some).collect())
}

fn mixture(x: ArrayView2<'_, f64>, k: usize, seed: u64) -> Result<Clustering, String> {
    let fit = fit_gaussian_mixture(x, k, seed).map_err(|error| error.to_string())?;
    // Components are numbered by falling size, so those without rows come last.
    let members = profiles(x, &fit.labels, k);
    let centroids =
        Array2::from_shape_fn((members.len(), x.ncols()), |(c, j)| members[c].z_scores[j]);
    let inertia = x.rows().into_iter().zip(&fit.labels).map(|(row, label)| {
        let centre = centroids.row(*label as usize);
        row.iter()
            .zip(centre)
            .map(|(x, c)| (x - c) * (x - c))
            .sum::<f64>()
    });
    let smallest = fit.cluster_sizes.iter().copied().min().unwrap_or(0);
    let candidate = Candidate {
        n_clusters: k,
        silhouette: silhouette_score(x, &fit.labels).map_err(|error| error.to_string())?,
        inertia: inertia.sum(),
        min_share: smallest as f64 / x.nrows() as f64,
        stability: None,
        n_iter: None,
    };
    Ok(Clustering {
        candidate,
        labels: fit.labels,
        centroids,
    })
}
