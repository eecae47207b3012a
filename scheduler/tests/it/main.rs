//! A cluster of real processes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod cluster;
mod daemons;
mod metrics;
mod status;
