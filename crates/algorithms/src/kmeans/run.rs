//! Lloyd's iteration for any number of starts side by side: each pass over the rows serves all that
//! have not ended, and each start comes out as it would alone.

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use super::params::KMeansValidParams;
use super::partial::{KMeansPartial, label_points, merged};
use super::pass::{Centroids, Part, add_drift, drift};
use super::{reseed, seeding};
use crate::canonical::{self, count_labels};
use crate::points::{MIN_CHUNKS, Points};
use crate::random;
use crate::rows::squared_distance;
use crate::tiles::SumBuffers;

/// The end of one start.
pub(super) struct Run {
    pub(super) centroids: Array2<f64>,
    pub(super) labels: Vec<u32>,
    pub(super) inertia: f64,
    pub(super) n_iter: u64,
    /// Whether some row may be as near to another centroid as to its own.
    pub(super) ties: bool,
}

/// What is left to do for a start.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The centroids move.
    Moving,
    /// The centroids no longer move; one pass more shows whether all clusters have rows.
    Settled,
    /// Labels and centroids are final; the inertia is still to be taken.
    Ended,
}

/// One start on its way.
pub(super) struct Start<'p> {
    params: &'p KMeansValidParams,
    centroids: Array2<f64>,
    n_iter: u64,
    phase: Phase,
    /// How far the centroids have moved so far, for [`Centroids`].
    moved: f64,
}

impl<'p> Start<'p> {
    /// `n_iter` is the number of iterations already spent.
    pub(super) fn new(params: &'p KMeansValidParams, centroids: Array2<f64>, n_iter: u64) -> Self {
        Self {
            params,
            centroids,
            n_iter,
            phase: Phase::Moving,
            moved: 0.0,
        }
    }

    /// The k-means++ starts of some parameters, each given with its number.
    pub(super) fn plus_plus(
        points: &Points,
        starts: &[(&'p KMeansValidParams, usize)],
    ) -> Vec<Self> {
        let streams = starts.iter().map(|&(params, restart)| {
            let names = [params.n_clusters as u64, restart as u64];
            (params.n_clusters, random::stream(params.seed, &names))
        });
        let centroids = seeding::plus_plus(points, streams);
        let starts = starts.iter().zip(centroids);
        starts
            .map(|(&(params, _), centroids)| Self::new(params, centroids, 0))
            .collect()
    }

    /// About how many bytes a start takes per row: first the distances from its centroids while they
    /// are drawn, then, when these are gone, what its iterations need.
    pub(super) fn bytes_per_row(params: &KMeansValidParams, n_features: usize) -> usize {
        size_of::<f64>().max(Part::bytes_per_row(params.n_clusters, n_features))
    }

    /// Whether the next pass may be the last one, so that it has to take the inertia.
    fn is_last_pass(&self) -> bool {
        self.phase != Phase::Moving || self.n_iter == self.params.max_iter
    }

    /// What follows from a pass. The iteration ends only right after a complete one, so labels and
    /// inertia always belong to the centroids. Returns whether it has ended.
    fn step(
        &mut self,
        points: &Points,
        mut partial: KMeansPartial,
        changed: bool,
        labels: impl FnOnce() -> Vec<u32>,
    ) -> bool {
        let complete = self.is_last_pass();
        if self.phase == Phase::Ended {
            return true;
        }
        let settled = self.phase == Phase::Settled;
        let finished = (settled || !changed) && !partial.has_empty();
        if finished || self.n_iter == self.params.max_iter {
            // The pass that finds no label changed is an iteration too, as scikit-learn counts.
            let confirming = finished && !settled && self.n_iter < self.params.max_iter;
            self.n_iter += u64::from(confirming);
            self.phase = Phase::Ended;
            return complete;
        }
        let reseeded = partial.has_empty()
            && reseed::fill_empty(points, &labels(), self.centroids.view(), &mut partial);
        let means = partial.means(self.centroids.view());
        // An empty cluster that no row can fill: further passes would repeat this one.
        let stuck = !changed && !reseeded && means == self.centroids;
        self.phase = if stuck {
            Phase::Ended
        } else if !reseeded && largest_shift(&self.centroids, &means) <= self.params.tol {
            Phase::Settled
        } else {
            Phase::Moving
        };
        // Both are contiguous: they were made as matrices of their own.
        if let (Some(before), Some(after)) = (self.centroids.as_slice(), means.as_slice()) {
            self.moved = add_drift(self.moved, drift(before, after, points.n_features()));
        }
        self.centroids = means;
        self.n_iter += 1;
        stuck && complete
    }
}

/// Runs starts to their end. Each is handed to `take` with its index when it ends.
pub(super) fn run(points: &Points, starts: Vec<Start<'_>>, mut take: impl FnMut(usize, Run)) {
    let n_features = points.n_features();
    let mut active: Vec<(usize, Start<'_>)> = starts.into_iter().enumerate().collect();
    let mut parts: Vec<Vec<Part>> = (0..points.n_chunks())
        .into_par_iter()
        .with_min_len(MIN_CHUNKS)
        .map(|chunk| {
            let part = |start: &Start<'_>| {
                Part::new(points.rows_in(chunk), start.centroids.nrows(), n_features)
            };
            active.iter().map(|(_, start)| part(start)).collect()
        })
        .collect();
    while !active.is_empty() {
        let centroids: Vec<Vec<f64>> = active
            .iter()
            .map(|(_, start)| start.centroids.iter().copied().collect())
            .collect();
        let centroids: Vec<Centroids<'_>> = active
            .iter()
            .zip(&centroids)
            .map(|((_, start), values)| Centroids {
                values,
                moved: start.moved,
                complete: start.is_last_pass(),
            })
            .collect();
        points
            .chunks()
            .zip(&mut parts)
            .with_min_len(MIN_CHUNKS)
            .for_each_init(SumBuffers::default, |buffers, (tiles, parts)| {
                for (part, centroids) in parts.iter_mut().zip(&centroids) {
                    part.pass(tiles, n_features, centroids, buffers);
                }
            });
        let mut place = 0;
        active.retain_mut(|(index, start)| {
            let here = || parts.iter().map(|parts| &parts[place]);
            let partial = merged(here(), start.centroids.nrows(), n_features);
            let (inertia, changed) = (partial.inertia, here().any(|part| part.changed));
            let labels = || here().flat_map(|part| part.labels()).copied().collect();
            let ended = start.step(points, partial, changed, labels);
            if ended {
                let run = Run {
                    centroids: std::mem::take(&mut start.centroids),
                    labels: labels(),
                    inertia,
                    n_iter: start.n_iter,
                    ties: here().any(|part| part.ties),
                };
                parts.iter_mut().for_each(|parts| {
                    parts.remove(place);
                });
                take(*index, run);
            } else {
                place += 1;
            }
            !ended
        });
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

impl Run {
    /// Brings the clusters into canonical order.
    ///
    /// Without ties the labels follow their centroids. With ties, the sizes are those that `predict`
    /// finds, and these depend on the order in turn. So the search starts from the order of the
    /// centroids alone and is repeated until the order agrees with the sizes, a bounded number of
    /// times: the outcome is a function of the set of centroids, and the labels are always those of
    /// `predict`.
    pub(super) fn renumbered(mut self, points: &Points) -> Self {
        let n_clusters = self.centroids.nrows();
        if !self.ties {
            let sizes = count_labels(&self.labels, n_clusters);
            let order = canonical::order(&sizes, self.centroids.view());
            let mut names = vec![0_u32; n_clusters];
            for (name, &cluster) in (0_u32..).zip(&order) {
                names[cluster] = name;
            }
            self.centroids = self.centroids.select(Axis(0), &order);
            let rename = |label: &mut u32| *label = names[*label as usize];
            self.labels.iter_mut().for_each(rename);
            return self;
        }
        let by_centroid = canonical::order(&vec![0; n_clusters], self.centroids.view());
        self.centroids = self.centroids.select(Axis(0), &by_centroid);
        self.labels = label_points(points, self.centroids.view());
        for _ in 0..n_clusters {
            let sizes = count_labels(&self.labels, n_clusters);
            let order = canonical::order(&sizes, self.centroids.view());
            if order.iter().copied().eq(0..n_clusters) {
                break;
            }
            self.centroids = self.centroids.select(Axis(0), &order);
            self.labels = label_points(points, self.centroids.view());
        }
        self
    }

    pub(super) fn has_empty(&self) -> bool {
        count_labels(&self.labels, self.centroids.nrows()).contains(&0)
    }
}
