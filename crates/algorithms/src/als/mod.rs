//! Alternating least squares: factor models of scores that users gave items.
//!
//! **What.** Finds a short vector for every user and every item such that their dot products
//! explain the scores. With one side fixed the loss is quadratic in the other, so each row of it is
//! the solution of a small system of equations, solved *exactly*; the sides take turns, items
//! first. The loss never rises.
//!
//! **Two kinds of scores** ([`Feedback`]).
//! - *Explicit*: ratings. Weighted-lambda regularization (ALS-WR), by default with a global mean
//!   and biases per user and item, which are solved together with the factors.
//! - *Implicit*: counts, views, purchases. A positive score is a preference of 1, any other of 0,
//!   held with confidence `1 + alpha |r|`; pairs without a score are a preference of 0 with
//!   confidence 1. The variant of *iALS revisited* weighs these pairs on their own and lets the
//!   regularization grow with them.
//!
//! **Exactly.**
//! - With biases off, `Arithmetic::F64` and the same start this is Spark's ALS: order of the sides,
//!   penalties (`n` counts positive scores for implicit feedback), negative scores, repeated pairs,
//!   rounding of factors to `f32` after each step.
//! - A row with fewer scores than unknowns is solved as a system in its scores (the identity of
//!   Woodbury), for implicit feedback in the eigenbasis of the other side's Gram matrix: the same
//!   solution for less work. Rows of very few scores, most of a shop's customers, are solved side by
//!   side, each in a lane of the vector registers, with the bits each would have alone.
//! - Sums over many rows run over fixed blocks in their order, so results have the same bits for
//!   any number of threads; a very long row is shared between threads without changing them, and
//!   long rows are begun first, so that no thread is left alone with one.
//! - The kernels are compiled for AVX-512, AVX2 and the target's own instructions, and sum in the same
//!   order with each: the same bits on every machine. (At exponents of the regularization other than
//!   0, 0.5 and 1 the power function of the system's mathematics library has a say in the last bit.)
//! - With `non_negative` each row is the exact solution under that constraint.
//!
//! **Cost.** For `k` factors and one side: `n k^2` operations per row with `n` scores and `k^3 / 3`
//! per row, or `n^2 k` and `n^3 / 3` if `n < k`; `k^2` per row of the other side. The benchmarks
//! in `bench/kernels` measure it.
//!
//! **Sources.** Hu, Koren and Volinsky 2008, *Collaborative filtering for implicit feedback
//! datasets*; Zhou et al. 2008, *Large-scale parallel collaborative filtering for the Netflix Prize*;
//! Rendle, Krichene, Zhang and Koren 2022, *Revisiting the performance of iALS on item
//! recommendation benchmarks*; Spark `org.apache.spark.ml.recommendation.ALS`.

mod blocks;
mod design;
mod error;
mod explain;
mod feedback;
mod few;
mod fit;
mod fold_in;
mod half_step;
mod interactions;
mod loss;
mod model;
mod objective;
mod params;
mod rotation;
mod schedule;
mod solve;
#[cfg(test)]
mod tests;

pub use error::{AlsError, AlsParamsError, Side};
pub use explain::{Contribution, Explanation};
pub use feedback::{Arithmetic, Feedback};
pub use fit::{AlsFit, WarmStart};
pub use fold_in::FoldIn;
pub use interactions::{Interactions, Row};
pub use model::{Als, FactorRow, Factors};
pub use params::{AlsParams, AlsValidParams};
