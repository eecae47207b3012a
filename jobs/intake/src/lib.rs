//! What every job on an event log begins with.
//!
//! Belongs here: staging the events as the first step of a job, the span of time a job looks at,
//! the files that say what became of the rows, and what a failure of the data means for the exit
//! code. Does not belong here: how events are
//! read and judged (`data`), what is computed from them (the jobs).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod account;
mod failure;
mod span;
mod stage;

pub use account::{DATA_QUALITY, QUARANTINE, write_account};
pub use failure::data_failure;
pub use span::{Span, span, timestamp};
pub use stage::stage;
