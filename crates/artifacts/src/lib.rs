//! Where results live, and when they exist.
//!
//! A job writes its results into a *run*: `<output>/<job>/<run_id>/…`, on a
//! local disk or in an object store. This crate owns that layout and the life
//! of a run, from the moment its name is claimed to the moment readers may see
//! it.
//!
//! # The life of a run
//!
//! 1. [`Output::begin`] claims a name, proves that the output can be written,
//!    and sweeps what killed runs left behind.
//! 2. [`RunWriter`] writes files and tables; intermediate results go under
//!    `_work/<step>/`.
//! 3. [`RunWriter::commit`] deletes `_work/`, writes `manifest.json` **last**,
//!    then moves `<output>/<job>/latest.json`. [`RunWriter::abort`] removes
//!    everything instead.
//!
//! A run without a manifest does not exist for any reader, so a job killed at
//! any instant leaves the previous run readable and nothing half-visible.
//!
//! # What belongs here
//!
//! The layout, the manifest, the atomic commit, the one set of Parquet writer
//! properties, lookups of single rows in a table, versioned model files.
//!
//! # What does not
//!
//! What a job writes (that is the job's), queries (the engine's), drawing
//! (`charts`), and the clock: the times of a run are arguments.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod error;
mod folder;
mod latest;
mod leftovers;
mod manifest;
mod model;
mod names;
mod output;
mod reader;
mod table;
mod upload;
mod writer;

pub use error::ArtifactError;
pub use manifest::{FileEntry, MANIFEST_FORMAT, Manifest, StepTiming};
pub use model::ModelFile;
pub use names::RunId;
pub use output::{Output, RunInfo};
pub use reader::RunReader;
pub use table::TableWriter;
pub use table::write::{PAGE_ROWS, ROW_GROUP_ROWS};
pub use writer::{Committed, ManifestHeader, RunWriter};
