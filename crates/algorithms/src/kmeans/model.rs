use linfa::DatasetBase;
use linfa::traits::{Fit, PredictInplace};
use ndarray::{Array1, Array2, ArrayBase, ArrayView2, Data, Ix2};
use serde::{Deserialize, Serialize};

use super::error::KMeansError;
use super::params::KMeansValidParams;
use super::partial::{label_points, label_rows};
use crate::points::Points;
use crate::rows::Rows;

/// A fitted K-Means model: all that is needed to label further rows.
///
/// Written as `{"centroids": [[…], …], "inertia": …, "n_iter": …}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KMeans {
    /// Cluster means, shape `(n_clusters, n_features)`.
    #[serde(with = "crate::serde_rows::matrix")]
    pub centroids: Array2<f64>,
    /// Sum over the training rows of the squared distance to the nearest centroid. A sum, not a
    /// mean.
    pub inertia: f64,
    /// Passes until the end, counted as in scikit-learn: updates of the centroids, and the pass
    /// that found no label changed. At most `max_iter`.
    pub n_iter: u64,
}

impl KMeans {
    /// Number of clusters.
    #[must_use]
    pub fn n_clusters(&self) -> usize {
        self.centroids.nrows()
    }

    /// Number of columns of the rows it was fitted on.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.centroids.ncols()
    }

    /// The nearest centroid of each row of `x`, ties to the lowest index. `O(n k d)`.
    ///
    /// A row that holds NaN has no nearest centroid and gets label 0: check rows beforehand.
    ///
    /// # Panics
    /// If `x` has another number of columns than the model, or the model has none.
    #[must_use]
    pub fn predict_rows(&self, x: ArrayView2<f64>) -> Vec<u32> {
        assert_eq!(
            x.ncols(),
            self.n_features(),
            "rows and centroids differ in columns"
        );
        assert!(x.ncols() > 0, "rows have no columns");
        label_rows(&Rows::new(x), self.centroids.view())
    }

    /// As [`KMeans::predict_rows`], of rows that have been checked and laid out before.
    ///
    /// # Panics
    /// If `points` have another number of columns than the model.
    #[must_use]
    pub fn predict_points(&self, points: &Points) -> Vec<u32> {
        assert_eq!(
            points.n_features(),
            self.n_features(),
            "rows and centroids differ in columns"
        );
        label_points(points, self.centroids.view())
    }
}

impl<D: Data<Elem = f64>, T> Fit<ArrayBase<D, Ix2>, T, KMeansError> for KMeansValidParams {
    type Object = KMeans;

    /// As [`KMeansValidParams::fit_rows`], without the labels.
    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<KMeans, KMeansError> {
        self.fit_rows(dataset.records().view()).map(|fit| fit.model)
    }
}

impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<usize>> for KMeans {
    /// As [`KMeans::predict_rows`].
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<D, Ix2>, y: &mut Array1<usize>) {
        assert_eq!(x.nrows(), y.len(), "rows and targets differ in number");
        for (target, label) in y.iter_mut().zip(self.predict_rows(x.view())) {
            *target = label as usize;
        }
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<usize> {
        Array1::zeros(x.nrows())
    }
}
