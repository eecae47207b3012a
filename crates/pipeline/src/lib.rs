//! The frame every job runs in.
//!
//! A job is a list of named steps and a body that runs them. Everything that
//! is the same for all jobs comes from here: settings in layers
//! ([`settings`]), progress, timing and tracing of steps, cancellation, CPU
//! work off the async threads ([`JobContext`]), one kind of failure with an
//! exit code ([`Failure`]), and the life of a run around the body
//! ([`run_job`]): begin, run, commit; on an error, a panic or a cancellation
//! abort, so that nothing is left.
//!
//! # What belongs here
//!
//! What a job needs whatever it computes.
//!
//! # What does not
//!
//! Any particular job, the command line (binaries implement [`Reporter`] and
//! parse flags), the clock (the start of a job is an argument).

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod byte_size;
mod context;
mod failure;
mod job;
mod reporter;
pub mod settings;

pub use context::{Cancelled, Done, JobContext};
pub use failure::{Failure, FailureKind};
pub use job::{Finished, Frame, Job, run_job};
pub use reporter::{RecordingReporter, Report, Reporter, SilentReporter};
pub use settings::SettingsError;
pub use tokio_util::sync::CancellationToken;
