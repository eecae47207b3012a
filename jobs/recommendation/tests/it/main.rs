//! The job as a whole, on small shops and on real ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod failures;
mod real_data;
mod run;
mod same_everywhere;
mod serving;
mod support;
