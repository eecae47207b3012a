//! The program as its users meet it, and the rules of the house.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod accounts;
mod chaos;
mod demo;
mod failures;
mod house;
mod imports;
mod interrupt;
mod kubernetes;
mod logs;
mod modes;
mod program;
mod recommendation;
mod recommendation_failures;
mod s3;
mod security;
