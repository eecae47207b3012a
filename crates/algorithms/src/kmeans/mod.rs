//! K-Means: exact Lloyd iterations from k-means++ starts.
//!
//! **What.** Splits `n` rows into `k` clusters so that the sum of squared Euclidean distances to
//! the cluster means (the *inertia*) is locally minimal. Each of `n_init` starts is drawn by greedy
//! k-means++, as in scikit-learn, and improved by Lloyd's iteration; the one with the smallest
//! inertia is kept whole.
//!
//! **When.** Compact clusters of similar spread, on standardised columns (see
//! [`scale`](crate::scale)): a column with a large spread decides everything. For elongated or
//! overlapping clusters look at [`mixture`](crate::mixture).
//!
//! **Exactly.**
//! - A row belongs to the nearest centroid; ties go to the lowest cluster index.
//! - A cluster that lost all its rows is re-seeded from the row farthest from its own centroid, as
//!   in scikit-learn (ties: lowest row; several empty clusters take rows in different places; the
//!   row's former cluster gives it up, and a cluster's only row is never taken).
//! - Iterations stop when no label changes, or when every centroid moved by at most `tol` (plain
//!   Euclidean distance, as in Spark's MLlib), or after `max_iter` updates. A settled state with
//!   an empty cluster is re-seeded and goes on.
//! - Labels and inertia are those of the final centroids: `predict_rows` on the training rows
//!   returns the labels of the fit.
//! - Clusters of a k-means++ fit are renumbered by falling size, then by centroid, so the numbering
//!   depends on the clusters and not on the start that found them. (Rows at exactly the same
//!   distance from two centroids go to the lower number, which can put two nearly equal sizes out
//!   of order.) `Precomputed` centroids keep their order.
//! - All arithmetic is `f64`, distances are sums of squared differences, sums run over fixed blocks
//!   of rows in their order (see [`KMeansPartial`]): the bits of the result depend neither on the
//!   number of threads nor on the instructions of the machine.
//! - What is skipped, because no label or sum can have changed, is skipped only where that is
//!   certain for the rounded numbers too: labels, centroids and inertia are those of looking at every
//!   row in every iteration, bit for bit. [`fit_many`] fits several models in the same passes, each
//!   as it would come out alone.
//!
//! **Cost.** `O(n k d)` per iteration and per start, and less the fewer rows change sides; memory: a
//! copy of the rows, about 8 bytes per row and start.
//!
//! **Why `f64`.** No label is ever decided by the rounding of an `f32`. Distances in `f32` would need
//! a second look at every near tie to give the same labels, and would halve the cost of the first
//! iterations alone: what the later ones skip costs nothing in either.
//!
//! **Sources.** Lloyd 1982, *Least squares quantization in PCM*; Arthur and Vassilvitskii 2007,
//! *k-means++: the advantages of careful seeding*; Hamerly 2010, *Making k-means even faster*, for the
//! bound behind the skipping; scikit-learn `KMeans(algorithm="lloyd")`; Spark
//! `org.apache.spark.mllib.clustering.KMeans`.

mod error;
mod fit;
mod model;
mod offer;
mod params;
mod partial;
mod pass;
mod reseed;
mod run;
mod seeding;
#[cfg(test)]
mod tests;

pub use error::{KMeansError, KMeansParamsError};
pub use fit::{KMeansFit, fit_many};
pub use model::KMeans;
pub use params::{KMeansInit, KMeansParams, KMeansValidParams};
pub use partial::KMeansPartial;
