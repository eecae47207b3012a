//! The algorithms against other implementations of the same mathematics.
//!
//! `fixtures/make_fixtures.py` writes the points and what scikit-learn and Spark MLlib make of them.
//! Agreement is to 1e-9 relative, labels and iteration counts exactly.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod agreement;
mod als_spark;
mod compare;
mod fixtures;
mod movielens;
mod ranking_spark;
mod real_data;
mod sklearn;
mod spark;
