//! The way from files to events as a specification.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod facts;
mod support;
