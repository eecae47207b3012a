//! The way from files to events as a specification.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod account;
mod facts;
mod finding;
mod formats;
mod mappings;
mod modes;
mod rules;
mod support;
