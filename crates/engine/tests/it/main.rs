//! What the engine promises, run against it from outside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod cluster;
mod embedded;
mod fixture;
mod functions;
mod groups;
mod limits;
mod sink;
mod standalone;
