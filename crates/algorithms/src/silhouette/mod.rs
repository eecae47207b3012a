//! The exact silhouette under *squared* Euclidean distance, in `O(n k d)`.
//!
//! **What.** For row `i` let `a` be its mean distance to the other rows of its own cluster, and `b`
//! the smallest mean distance to the rows of another cluster. Its silhouette is
//! `s = (b - a) / max(a, b)`, from -1 (in the wrong cluster) over 0 (between two) to 1. The score of
//! a clustering is the mean over all rows (Rousseeuw 1987).
//!
//! The distance is squared Euclidean, as in Spark's `ClusteringEvaluator` by default and as
//! scikit-learn's `metric="sqeuclidean"`. Values differ from the ordinary Euclidean silhouette:
//! always name the metric.
//!
//! **How.** By definition this takes all `n²` distances. But the mean squared distance of a point
//! `x` to a set `C` needs only the set's mean `μ` and its mean squared deviation `v` from it:
//!
//! ```text
//!   1/N Σ |x - y|²  =  1/N Σ |(x - μ) - (y - μ)|²
//!                   =  |x - μ|² - 2 (x - μ)·(1/N Σ (y - μ)) + 1/N Σ |y - μ|²
//!                   =  |x - μ|² + v                                  as Σ (y - μ) = 0
//! ```
//!
//! For the own cluster the sum includes the distance of `x` to itself, which is 0, so the mean over
//! the others is `(|x - μ|² + v) · N / (N - 1)`. This is exact, not the "simplified" silhouette that
//! looks at centroids alone. Spark uses the equivalent `|x|² + Ψ/N - 2 x·Y/N` with `Y = Σ y`,
//! `Ψ = Σ |y|²`, which loses digits when the data lie far from the origin. Here all terms are
//! squares: nothing cancels, and rows are shifted by the overall mean before anything is squared.
//!
//! **Conventions.** A row alone in its cluster has silhouette 0. If `a` and `b` are both 0 (all
//! points equal), so is the silhouette. Fewer than two clusters is an error. Labels are names: they
//! need not be contiguous, and numbers that do not occur play no part.
//!
//! **Cost.** `O(n k d)` time; memory: a copy of the rows, or none with rows laid out before
//! ([`silhouette_of_points`]). Sums go over fixed blocks of rows in their order, so the bits of the
//! result depend neither on the number of threads nor on the instructions of the machine.

mod clusters;
mod kernels;
mod score;
#[cfg(test)]
mod tests;

pub use score::{SilhouetteError, silhouette_of_points, silhouette_samples, silhouette_score};
