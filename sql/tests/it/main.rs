//! The SQL texts as specifications: how the files are written, and what they return.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod catalogue;
mod features;
mod recommendation;
mod reference;
mod shop;
