use linfa::ParamGuard;
use ndarray::Array2;

use super::error::KMeansParamsError;
use super::model::KMeans;

/// Where the iterations start.
#[derive(Clone, Debug, PartialEq)]
pub enum KMeansInit {
    /// Greedy k-means++: each further centroid is the best of a few rows drawn with probability
    /// proportional to their squared distance from the nearest centroid so far.
    PlusPlus,
    /// These centroids, one per row: shape `(n_clusters, n_features)`. There is one start whatever
    /// `n_init` says, and the clusters keep this order.
    Precomputed(Array2<f64>),
}

/// K-Means parameters that passed the checks; made by [`ParamGuard::check`] on [`KMeansParams`].
#[derive(Clone, Debug, PartialEq)]
pub struct KMeansValidParams {
    pub(crate) n_clusters: usize,
    pub(crate) n_init: usize,
    pub(crate) max_iter: u64,
    pub(crate) tol: f64,
    pub(crate) seed: u64,
    pub(crate) init: KMeansInit,
}

impl KMeansValidParams {
    /// Number of clusters.
    #[must_use]
    pub fn n_clusters(&self) -> usize {
        self.n_clusters
    }

    /// Number of starts.
    #[must_use]
    pub fn n_init(&self) -> usize {
        self.n_init
    }

    /// Most updates of the centroids per start.
    #[must_use]
    pub fn max_iter(&self) -> u64 {
        self.max_iter
    }

    /// Movement of a centroid that counts as none.
    #[must_use]
    pub fn tol(&self) -> f64 {
        self.tol
    }

    /// Seed of the starts.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Where the iterations start.
    #[must_use]
    pub fn init(&self) -> &KMeansInit {
        &self.init
    }
}

/// K-Means parameters as given. [`ParamGuard::check`] turns them into [`KMeansValidParams`].
///
/// ```
/// use algorithms::kmeans::KMeans;
/// use linfa::ParamGuard;
/// use ndarray::array;
///
/// let x = array![[0.0, 0.1], [0.1, 0.0], [0.0, 0.0], [9.0, 9.1], [9.1, 9.0]];
/// let fit = KMeans::params(2).seed(7).check()?.fit_rows(x.view())?;
/// assert_eq!(fit.labels, [0, 0, 0, 1, 1]);
/// assert_eq!(fit.cluster_sizes, [3, 2]);
/// # Ok::<(), algorithms::kmeans::KMeansError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct KMeansParams(KMeansValidParams);

impl KMeans {
    /// Parameters for `n_clusters` clusters, with `n_init` 4, `max_iter` 300, `tol` 1e-4, `seed` 42
    /// and k-means++ starts.
    #[must_use]
    pub fn params(n_clusters: usize) -> KMeansParams {
        KMeansParams(KMeansValidParams {
            n_clusters,
            n_init: 4,
            max_iter: 300,
            tol: 1e-4,
            seed: 42,
            init: KMeansInit::PlusPlus,
        })
    }
}

impl KMeansParams {
    /// Number of k-means++ starts, of which the best is kept. At least 1.
    #[must_use]
    pub fn n_init(mut self, n_init: usize) -> Self {
        self.0.n_init = n_init;
        self
    }

    /// Most updates of the centroids per start. At least 1.
    #[must_use]
    pub fn max_iter(mut self, max_iter: u64) -> Self {
        self.0.max_iter = max_iter;
        self
    }

    /// A start is done when every centroid moved by at most this distance. In the unit of the
    /// columns; 0 runs until no label changes.
    #[must_use]
    pub fn tol(mut self, tol: f64) -> Self {
        self.0.tol = tol;
        self
    }

    /// Seed of the starts. Start `i` for `k` clusters draws from a stream of its own, named by
    /// `(seed, k, i)`.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// Where the iterations start.
    #[must_use]
    pub fn init(mut self, init: KMeansInit) -> Self {
        self.0.init = init;
        self
    }
}

impl ParamGuard for KMeansParams {
    type Checked = KMeansValidParams;
    type Error = KMeansParamsError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let params = &self.0;
        if params.n_clusters == 0 || u32::try_from(params.n_clusters).is_err() {
            return Err(KMeansParamsError::NClusters(params.n_clusters));
        }
        if params.n_init == 0 {
            return Err(KMeansParamsError::NInit);
        }
        if params.max_iter == 0 {
            return Err(KMeansParamsError::MaxIter);
        }
        if !params.tol.is_finite() || params.tol < 0.0 {
            return Err(KMeansParamsError::Tol(params.tol));
        }
        if let KMeansInit::Precomputed(centroids) = &params.init {
            if centroids.nrows() != params.n_clusters {
                return Err(KMeansParamsError::InitRows {
                    n_clusters: params.n_clusters,
                    found: centroids.nrows(),
                });
            }
            if let Some((cluster, column)) = crate::rows::first_non_finite(centroids.view()) {
                return Err(KMeansParamsError::InitNonFinite { cluster, column });
            }
        }
        Ok(params)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn refusal(params: KMeansParams) -> KMeansParamsError {
        let by_reference = params.check_ref().unwrap_err();
        let by_value = params.check().unwrap_err();
        assert_eq!(by_reference.to_string(), by_value.to_string());
        by_value
    }

    #[test]
    fn the_defaults_are_as_documented_and_valid() {
        let params = KMeans::params(3).check().unwrap();
        assert_eq!(params.n_clusters(), 3);
        assert_eq!(params.n_init(), 4);
        assert_eq!(params.max_iter(), 300);
        assert_eq!(params.tol(), 1e-4);
        assert_eq!(params.seed(), 42);
        assert_eq!(params.init(), &KMeansInit::PlusPlus);
    }

    #[test]
    fn n_clusters_is_at_least_one() {
        assert_eq!(refusal(KMeans::params(0)), KMeansParamsError::NClusters(0));
    }

    #[test]
    fn n_clusters_fits_the_label_type() {
        assert_eq!(
            refusal(KMeans::params(1 << 40)),
            KMeansParamsError::NClusters(1 << 40)
        );
    }

    #[test]
    fn n_init_is_at_least_one() {
        assert_eq!(
            refusal(KMeans::params(2).n_init(0)),
            KMeansParamsError::NInit
        );
    }

    #[test]
    fn max_iter_is_at_least_one() {
        assert_eq!(
            refusal(KMeans::params(2).max_iter(0)),
            KMeansParamsError::MaxIter
        );
    }

    #[test]
    fn tol_is_not_negative() {
        assert_eq!(
            refusal(KMeans::params(2).tol(-1e-9)),
            KMeansParamsError::Tol(-1e-9)
        );
    }

    #[test]
    fn tol_is_a_number() {
        assert!(matches!(
            refusal(KMeans::params(2).tol(f64::NAN)),
            KMeansParamsError::Tol(_)
        ));
        assert!(matches!(
            refusal(KMeans::params(2).tol(f64::INFINITY)),
            KMeansParamsError::Tol(_)
        ));
    }

    #[test]
    fn tol_zero_is_allowed() {
        assert!(KMeans::params(2).tol(0.0).check().is_ok());
    }

    #[test]
    fn precomputed_centroids_are_one_per_cluster() {
        let params = KMeans::params(3).init(KMeansInit::Precomputed(array![[1.0], [2.0]]));
        assert_eq!(
            refusal(params),
            KMeansParamsError::InitRows {
                n_clusters: 3,
                found: 2
            }
        );
    }

    #[test]
    fn precomputed_centroids_are_finite() {
        let centroids = array![[1.0, 2.0], [3.0, f64::NAN]];
        let params = KMeans::params(2).init(KMeansInit::Precomputed(centroids));
        assert_eq!(
            refusal(params),
            KMeansParamsError::InitNonFinite {
                cluster: 1,
                column: 1
            }
        );
    }
}
