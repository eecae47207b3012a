//! What can go wrong when a shop is simulated.

use std::path::PathBuf;

/// Why no shop was written. Nothing half-written is left behind.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The caller asked to stop.
    #[error("the simulation was stopped; nothing was left behind")]
    Stopped,

    /// A size of the shop is zero.
    #[error("a shop needs at least one {what}, but 0 were asked for; give a positive number")]
    Zero {
        /// What is missing: `event`, `user`, `product` or `thread`.
        what: &'static str,
    },

    /// A size is beyond what the simulator numbers.
    #[error(
        "{given} {what} were asked for, but a simulated shop has at most {most}; ask for fewer"
    )]
    TooMany {
        /// `events`, `users` or `products`.
        what: &'static str,
        /// What was asked for.
        given: u64,
        /// The largest number allowed.
        most: u64,
    },

    /// Every user leaves at least one event, so there must be as many events as users.
    #[error(
        "{users} users cannot share {events} events, because every user leaves at least one; \
         ask for at least {users} events or at most {events} users"
    )]
    MoreUsersThanEvents {
        /// Events asked for.
        events: u64,
        /// Users asked for.
        users: u64,
    },

    /// The output path is something else than a folder.
    #[error("the output {path} is not a folder; name a folder, it is created when missing")]
    NotAFolder {
        /// The path given.
        path: PathBuf,
    },

    /// The output folder holds files the simulator did not write.
    #[error(
        "the folder {path} already holds {found}, which the simulator did not write; nothing was \
         changed: name an empty or a new folder (an earlier simulated shop would be replaced)"
    )]
    ForeignFiles {
        /// The folder given.
        path: PathBuf,
        /// The first foreign entry by name.
        found: String,
    },

    /// A file or folder could not be read, made, written, renamed or removed.
    #[error(
        "cannot {action} {path}: {source}; check that the folder exists, may be written and has \
         enough free space"
    )]
    Output {
        /// What was tried, such as `write`.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },

    /// A Parquet file could not be written.
    #[error("cannot write {path}: {source}; check that the disk has enough free space")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: parquet::errors::ParquetError,
    },

    /// Rows could not be laid out as Arrow columns.
    #[error("cannot lay out simulated events as columns: {source}")]
    Columns {
        /// Why it failed.
        #[from]
        source: arrow::error::ArrowError,
    },

    /// The threads could not be started.
    #[error("cannot start {threads} threads: {source}; ask for fewer threads")]
    Threads {
        /// How many were asked for (0: one per core).
        threads: usize,
        /// Why it failed.
        source: rayon::ThreadPoolBuildError,
    },
}
