//! A small job in its frame, and settings in their layers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cancellation;
mod failures;
mod frame;
mod settings;
mod support;
