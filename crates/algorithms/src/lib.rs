//! The mathematics of customer segmentation and recommendation: plain functions from numbers to
//! numbers.
//!
//! **What belongs here.** Algorithms on matrices of `f64` (one row per customer, one column per
//! feature), on slices of values and on sparse scores of users for items, each exact, documented
//! with its source and its cost, and tested against its definition and against other
//! implementations:
//!
//! | module | what |
//! | --- | --- |
//! | [`quantiles`] | cut points and scores that treat equal values equally (RFM) |
//! | [`scale`] | signed logarithm, standard scaler |
//! | [`points`] | rows checked and laid out once, for K-Means and silhouette |
//! | [`kmeans`] | K-Means: k-means++ starts, exact Lloyd iterations |
//! | [`mixture`] | Gaussian mixture |
//! | [`silhouette`] | exact silhouette in `O(n k d)` |
//! | [`choose_k`] | the number of clusters, with the reason in words |
//! | [`stability`] | bootstrap stability of a clustering |
//! | [`agreement`] | contingency, adjusted Rand index, mutual information, Cramér's V, lift |
//! | [`profile`] | what a cluster is like |
//! | [`als`] | factor models of scores by alternating least squares, explicit and implicit |
//! | [`neighbours`] | items near to those a user likes, by cosine: the baseline |
//! | [`draws`] | seeded folds, samples and orders |
//! | [`topn`] | the best items for each user, exactly, by a tiled product |
//! | [`ranking`] | measures of recommendations and of predicted scores, with confidence intervals |
//!
//! **What does not.** Input and output, `async`, clocks, Arrow, SQL, settings, logs, and the words of
//! any one report. Nothing here reads the time or draws an unseeded random number.
//!
//! **Promises.** The same input and seed give the same bits for any number of threads: work is cut
//! into fixed blocks of rows, and partial sums are combined in the order of the blocks. Clusters are
//! numbered from 0 by falling size, except where the caller has given the centroids: these keep
//! their order. Bad data is a typed error that names row and column, never a NaN that travels on.
//!
//! Trainable algorithms follow the frame of [linfa](https://docs.rs/linfa): parameters are checked
//! once ([`linfa::ParamGuard`]), and the checked parameters fit a model.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod agreement;
pub mod als;
pub mod choose_k;
pub mod draws;
pub mod kmeans;
pub mod mixture;
pub mod neighbours;
pub mod points;
pub mod profile;
pub mod quantiles;
pub mod ranking;
pub mod scale;
pub mod silhouette;
pub mod stability;
pub mod topn;

mod canonical;
mod isa;
mod random;
mod rows;
mod serde_rows;
mod tiles;
