//! The life of a run, on a local disk and in an object store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod begin;
mod commit;
mod latest;
mod leftovers;
mod reading;
mod streamed;
mod support;
mod tables;
