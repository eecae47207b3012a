//! What a reader and a report may rely on, for every figure.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod errors;
mod figures;
mod layout;
mod names;
mod recommendations;
mod samples;
