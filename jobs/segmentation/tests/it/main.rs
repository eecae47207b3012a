//! Segmentation from end to end, on small shops made for the purpose and on real ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod failures;
mod golden;
mod independent;
mod inputs;
mod lookup;
mod models;
mod real_shops;
mod same_everywhere;
mod support;
