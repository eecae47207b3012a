use ndarray::{Array2, ArrayView2, Axis};

use super::error::KMeansError;
use super::model::KMeans;
use super::params::{KMeansInit, KMeansValidParams};
use super::partial::{assign, label_rows};
use super::{reseed, seeding};
use crate::canonical::{self, count_labels};
use crate::kernel::{Rows, distinct_rows, first_non_finite, first_too_large, squared_distance};
use crate::random;

/// A model together with what it says about the rows it was fitted on.
#[derive(Clone, Debug, PartialEq)]
pub struct KMeansFit {
    /// The fitted model.
    pub model: KMeans,
    /// Cluster of each row, in `0..n_clusters`; equal to `model.predict_rows` on the same rows.
    pub labels: Vec<u32>,
    /// Rows per cluster. All positive, unless `max_iter` ended the fit too early.
    pub cluster_sizes: Vec<usize>,
}

impl KMeansValidParams {
    /// Fits the model to the rows of `x`, shape `(n_rows, n_features)`, in any memory layout (the
    /// standard one saves a copy).
    ///
    /// # Errors
    /// No rows, no columns, NaN or infinity (with its position), a value above `1e150` in size, more
    /// clusters than distinct rows, initial centroids with another number of columns.
    pub fn fit_rows(&self, x: ArrayView2<f64>) -> Result<KMeansFit, KMeansError> {
        self.check_rows(x)?;
        let rows = Rows::new(x);
        let distinct = distinct_rows(&rows, self.n_clusters);
        if distinct < self.n_clusters {
            return Err(KMeansError::TooFewDistinctRows {
                n_clusters: self.n_clusters,
                distinct_rows: distinct,
            });
        }
        Ok(match &self.init {
            KMeansInit::Precomputed(centroids) => {
                self.lloyd(&rows, centroids.clone(), 0).into_fit()
            }
            KMeansInit::PlusPlus => {
                let mut best = self.start(&rows, 0);
                for restart in 1..self.n_init {
                    let run = self.start(&rows, restart);
                    if run.inertia < best.inertia {
                        best = run;
                    }
                }
                self.canonical(&rows, best).into_fit()
            }
        })
    }

    /// Refuses rows that cannot be clustered with these parameters, whatever their number.
    pub(crate) fn check_rows(&self, x: ArrayView2<f64>) -> Result<(), KMeansError> {
        if x.nrows() == 0 {
            return Err(KMeansError::NoRows);
        }
        if x.ncols() == 0 {
            return Err(KMeansError::NoColumns);
        }
        if let Some((row, column)) = first_non_finite(x) {
            return Err(KMeansError::NonFinite { row, column });
        }
        if let Some((row, column)) = first_too_large(x) {
            return Err(KMeansError::TooLarge {
                row,
                column,
                value: x[[row, column]],
            });
        }
        match &self.init {
            KMeansInit::Precomputed(centroids) if centroids.ncols() != x.ncols() => {
                Err(KMeansError::InitColumns {
                    expected: x.ncols(),
                    found: centroids.ncols(),
                })
            }
            _ => Ok(()),
        }
    }

    /// One k-means++ start, run to its end.
    fn start(&self, rows: &Rows<'_>, restart: usize) -> Run {
        let mut rng = random::stream(self.seed, &[self.n_clusters as u64, restart as u64]);
        let centroids = seeding::plus_plus(rows, self.n_clusters, &mut rng);
        self.lloyd(rows, centroids, 0)
    }

    /// Brings the clusters into canonical order.
    ///
    /// Rows at the same distance from two centroids change sides when these change places. A cluster
    /// that had only such rows is then empty: the iteration goes on from there, which lowers the
    /// inertia, and the order is taken anew.
    fn canonical(&self, rows: &Rows<'_>, run: Run) -> Run {
        let mut run = run.renumbered(rows);
        while run.has_empty() && run.n_iter < self.max_iter {
            run = self.lloyd(rows, run.centroids, run.n_iter).renumbered(rows);
        }
        run
    }

    /// Lloyd's iteration. Each turn of the loop is one pass over the rows; the loop is left only
    /// right after a pass, so labels and inertia always belong to the centroids returned. `n_iter`
    /// is the number of iterations already spent.
    fn lloyd(&self, rows: &Rows<'_>, mut centroids: Array2<f64>, mut n_iter: u64) -> Run {
        let mut labels = vec![u32::MAX; rows.len()];
        let mut settled = false;
        loop {
            let (mut partial, changed) = assign(rows, centroids.view(), &mut labels);
            let unchanged = changed == 0;
            let finished = (settled || unchanged) && !partial.has_empty();
            if finished || n_iter == self.max_iter {
                // The pass that finds no label changed is an iteration too, as scikit-learn counts.
                let confirming = u64::from(finished && !settled && n_iter < self.max_iter);
                return Run {
                    centroids,
                    labels,
                    inertia: partial.inertia,
                    n_iter: n_iter + confirming,
                };
            }
            let reseeded = reseed::fill_empty(rows, &labels, centroids.view(), &mut partial);
            let means = partial.means(centroids.view());
            let stuck = unchanged && !reseeded && means == centroids;
            settled = !reseeded && largest_shift(&centroids, &means) <= self.tol;
            centroids = means;
            n_iter += 1;
            if stuck {
                // An empty cluster that no row can fill: further passes would repeat this one.
                return Run {
                    centroids,
                    labels,
                    inertia: partial.inertia,
                    n_iter,
                };
            }
        }
    }
}

/// The longest way any centroid went.
fn largest_shift(before: &Array2<f64>, after: &Array2<f64>) -> f64 {
    let pairs = before.axis_iter(Axis(0)).zip(after.axis_iter(Axis(0)));
    pairs
        .map(|(a, b)| squared_distance(&a.to_vec(), &b.to_vec()))
        .fold(0.0_f64, f64::max)
        .sqrt()
}

/// The end of one start.
struct Run {
    centroids: Array2<f64>,
    labels: Vec<u32>,
    inertia: f64,
    n_iter: u64,
}

impl Run {
    /// Brings the clusters into canonical order.
    ///
    /// The sizes are those that `predict` finds, and under exact ties these depend on the order in
    /// turn. So the search starts from the order of the centroids alone and is repeated until the
    /// order agrees with the sizes, a bounded number of times: the outcome is a function of the set
    /// of centroids, and the labels are always those of `predict`.
    fn renumbered(mut self, rows: &Rows<'_>) -> Self {
        let n_clusters = self.centroids.nrows();
        let by_centroid = canonical::order(&vec![0; n_clusters], self.centroids.view());
        self.centroids = self.centroids.select(Axis(0), &by_centroid);
        self.labels = label_rows(rows, self.centroids.view());
        for _ in 0..n_clusters {
            let sizes = count_labels(&self.labels, n_clusters);
            let order = canonical::order(&sizes, self.centroids.view());
            if order.iter().copied().eq(0..n_clusters) {
                break;
            }
            self.centroids = self.centroids.select(Axis(0), &order);
            self.labels = label_rows(rows, self.centroids.view());
        }
        self
    }

    fn has_empty(&self) -> bool {
        count_labels(&self.labels, self.centroids.nrows()).contains(&0)
    }

    fn into_fit(self) -> KMeansFit {
        let cluster_sizes = count_labels(&self.labels, self.centroids.nrows());
        KMeansFit {
            model: KMeans {
                centroids: self.centroids,
                inertia: self.inertia,
                n_iter: self.n_iter,
            },
            labels: self.labels,
            cluster_sizes,
        }
    }
}

#[cfg(test)]
mod tests {
    use linfa::ParamGuard;
    use ndarray::array;

    use super::*;

    #[test]
    fn a_cluster_of_nothing_but_ties_survives_renumbering() {
        // The cluster at 0 holds -1 and 1, each as near to a larger cluster, which comes first.
        let x = array![[-2.0], [-2.0], [-2.0], [-1.0], [1.0], [2.0], [2.0], [2.0]];
        let run = || Run {
            centroids: array![[0.0], [-2.0], [2.0]],
            labels: vec![1, 1, 1, 0, 0, 2, 2, 2],
            inertia: 2.0,
            n_iter: 1,
        };
        let rows = Rows::new(x.view());
        assert!(run().renumbered(&rows).has_empty());

        let params = KMeans::params(3).check().unwrap();
        let fit = params.canonical(&rows, run()).into_fit();
        assert!(fit.cluster_sizes.iter().all(|&size| size > 0), "{fit:?}");
        assert_eq!(fit.model.predict_rows(x.view()), fit.labels);
        assert!(fit.model.inertia < 2.0, "{fit:?}");
    }
}
