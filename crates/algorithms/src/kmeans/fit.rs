use ndarray::{Array2, ArrayView2};

use super::error::KMeansError;
use super::model::KMeans;
use super::params::{KMeansInit, KMeansValidParams};
use super::run::{Run, Start, run};
use crate::canonical::count_labels;
use crate::points::Points;

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
        self.fit_points(&Points::new(x)?)
    }

    /// As [`KMeansValidParams::fit_rows`], of rows that have been checked and laid out before.
    ///
    /// # Errors
    /// More clusters than distinct rows, initial centroids with another number of columns.
    pub fn fit_points(&self, points: &Points) -> Result<KMeansFit, KMeansError> {
        let mut fits = fit_many(std::slice::from_ref(self), points);
        // One result for each of the parameters, of which there are one.
        fits.swap_remove(0)
    }

    /// Refuses points that cannot be clustered with these parameters; `distinct` is their number of
    /// distinct rows, counted up to the number of clusters at least.
    fn check_points(&self, points: &Points, distinct: usize) -> Result<(), KMeansError> {
        let expected = points.n_features();
        match &self.init {
            KMeansInit::Precomputed(centroids) if centroids.ncols() != expected => {
                Err(KMeansError::InitColumns {
                    expected,
                    found: centroids.ncols(),
                })
            }
            _ if distinct < self.n_clusters => Err(KMeansError::TooFewDistinctRows {
                n_clusters: self.n_clusters,
                distinct_rows: distinct,
            }),
            _ => Ok(()),
        }
    }

    /// Brings the clusters into canonical order.
    ///
    /// Rows at the same distance from two centroids change sides when these change places. A cluster
    /// that had only such rows is then empty: the iteration goes on from there, which lowers the
    /// inertia, and the order is taken anew.
    fn canonical(&self, points: &Points, end: Run) -> Run {
        let mut end = end.renumbered(points);
        while end.has_empty() && end.n_iter < self.max_iter {
            let start = Start::new(self, end.centroids.clone(), end.n_iter);
            run(points, vec![start], |_, run| end = run);
            end = end.renumbered(points);
        }
        end
    }
}

/// Fits several models to the same rows: for each of `params` what
/// [`KMeansValidParams::fit_points`] returns, bit for bit, in the same order.
///
/// All starts of all models go on together, each pass over the rows serves every one that has not
/// ended, so this takes less time than one fit after the other. Memory: 8 bytes per row and start, a
/// few more where the sums of the clusters of one row in 256 need them; where this would be more than
/// half a gigabyte, the starts take turns.
///
/// ```
/// use algorithms::kmeans::{KMeans, fit_many};
/// use algorithms::points::Points;
/// use linfa::ParamGuard;
/// use ndarray::array;
///
/// let points = Points::new(array![[0.0], [0.1], [5.0], [9.0], [9.1]].view())?;
/// let params = [KMeans::params(2).check()?, KMeans::params(9).check()?];
/// let fits = fit_many(&params, &points);
/// assert_eq!(fits[0].as_ref().unwrap().cluster_sizes, [3, 2]);
/// assert!(fits[1].is_err(), "there are not nine distinct rows");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn fit_many(
    params: &[KMeansValidParams],
    points: &Points,
) -> Vec<Result<KMeansFit, KMeansError>> {
    let most = params.iter().map(|params| params.n_clusters).max();
    let distinct = points.distinct_rows(most.unwrap_or(0));
    let mut starts: Vec<(usize, usize)> = Vec::new();
    let mut fits: Vec<Result<Option<(usize, Run)>, KMeansError>> = Vec::new();
    for (index, params) in params.iter().enumerate() {
        let checked = params.check_points(points, distinct);
        if checked.is_ok() {
            let n_starts = match params.init {
                KMeansInit::Precomputed(_) => 1,
                KMeansInit::PlusPlus => params.n_init,
            };
            starts.extend((0..n_starts).map(|restart| (index, restart)));
        }
        fits.push(checked.map(|()| None));
    }
    let mut rest = starts.as_slice();
    while !rest.is_empty() {
        let (turn, later) = rest.split_at(together(params, points, rest));
        rest = later;
        let begun = begin(params, points, turn);
        run(points, begun, |place, run| {
            let (index, restart) = turn[place];
            // The least inertia, and of equals the first start: starts end in any order.
            if let Ok(best) = &mut fits[index]
                && best.as_ref().is_none_or(|(known, best)| {
                    run.inertia < best.inertia || (run.inertia == best.inertia && restart < *known)
                })
            {
                *best = Some((restart, run));
            }
        });
    }
    let finish = |(params, fit): (&KMeansValidParams, Result<Option<(usize, Run)>, _>)| {
        // There was at least one start, and each ends.
        let run = fit?.map_or_else(Run::empty, |(_, run)| run);
        Ok(match params.init {
            KMeansInit::Precomputed(_) => run.into_fit(),
            KMeansInit::PlusPlus => params.canonical(points, run).into_fit(),
        })
    };
    params.iter().zip(fits).map(finish).collect()
}

/// What starts on their way may take in memory, beside the rows.
const MOST_BYTES: usize = 512 << 20;

/// How many of these starts, at least one, run together.
fn together(params: &[KMeansValidParams], points: &Points, starts: &[(usize, usize)]) -> usize {
    let mut left = MOST_BYTES / points.n_rows();
    let fitting = starts.iter().take_while(|&&(index, _)| {
        let wanted = Start::bytes_per_row(&params[index], points.n_features());
        let fits = wanted <= left;
        left = left.saturating_sub(wanted);
        fits
    });
    fitting.count().max(1)
}

/// The centroids to begin with.
fn begin<'p>(
    params: &'p [KMeansValidParams],
    points: &Points,
    starts: &[(usize, usize)],
) -> Vec<Start<'p>> {
    let drawn: Vec<(&KMeansValidParams, usize)> = starts
        .iter()
        .map(|&(index, restart)| (&params[index], restart))
        .filter(|(params, _)| params.init == KMeansInit::PlusPlus)
        .collect();
    let mut drawn = Start::plus_plus(points, &drawn).into_iter();
    let begin = |&(index, _): &(usize, usize)| {
        let params = &params[index];
        match &params.init {
            KMeansInit::Precomputed(centroids) => {
                let centroids = centroids.as_standard_layout().into_owned();
                Some(Start::new(params, centroids, 0))
            }
            KMeansInit::PlusPlus => drawn.next(),
        }
    };
    starts.iter().filter_map(begin).collect()
}

impl Run {
    fn empty() -> Self {
        Self {
            centroids: Array2::zeros((0, 0)),
            labels: Vec::new(),
            inertia: 0.0,
            n_iter: 0,
            ties: false,
        }
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
            ties: true,
        };
        let points = Points::new(x.view()).unwrap();
        assert!(run().renumbered(&points).has_empty());

        let params = KMeans::params(3).check().unwrap();
        let fit = params.canonical(&points, run()).into_fit();
        assert!(fit.cluster_sizes.iter().all(|&size| size > 0), "{fit:?}");
        assert_eq!(fit.model.predict_rows(x.view()), fit.labels);
        assert!(fit.model.inertia < 2.0, "{fit:?}");
    }
}
