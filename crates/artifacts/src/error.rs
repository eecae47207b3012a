use std::io;

/// What can go wrong with the files of a run.
///
/// Each message says what failed, where, why, and, where the user can act,
/// what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// The output cannot take a run: found out before any work is done.
    #[error("cannot write to the output {output}: {reason}; {fix}")]
    NotWritable {
        /// The output as the user named it.
        output: String,
        /// Why nothing can be written there.
        reason: String,
        /// What the user can do.
        fix: String,
    },

    /// A job, file or step name that could leave its folder or clash with
    /// the files of the layout itself.
    #[error("`{name}` cannot name a {kind}: {reason}")]
    BadName {
        /// `job`, `file`, `step` or `run`.
        kind: &'static str,
        /// The refused name.
        name: String,
        /// Which rule it breaks.
        reason: &'static str,
    },

    /// The same file was written twice in one run.
    #[error("the file `{name}` was already written in the run {run}")]
    AlreadyWritten {
        /// Where the run is.
        run: String,
        /// The file's name within the run.
        name: String,
    },

    /// The folder of a run that was still being written has disappeared.
    #[error(
        "the run {run} was removed while it was being written; \
         start the job again, and let no one clean the output while jobs run"
    )]
    Vanished {
        /// Where the run was.
        run: String,
    },

    /// The output has no run of that name (with a manifest).
    #[error("there is no run `{run_id}` of the job `{job}` in {output}; `jobs runs` lists them")]
    NoSuchRun {
        /// The output as the user named it.
        output: String,
        /// The job asked for.
        job: String,
        /// The run asked for.
        run_id: String,
    },

    /// The run has no file of that name.
    #[error("the run {run} has no file `{name}`; it has {available}")]
    NoSuchFile {
        /// Where the run is.
        run: String,
        /// The file asked for.
        name: String,
        /// The names it does have, comma separated.
        available: String,
    },

    /// A file is not what the manifest says it is.
    #[error("the file {url} is damaged: {reason}; run the job again or restore the file")]
    Damaged {
        /// Where the file is.
        url: String,
        /// What differs from the manifest.
        reason: String,
    },

    /// A manifest or model file of a format this program does not know.
    #[error("{origin} is not readable by this program: {reason}")]
    Format {
        /// Where the document comes from.
        origin: String,
        /// What was expected and what was found.
        reason: String,
    },

    /// The run is complete and readable by its name, but `latest.json` still
    /// points at an earlier one.
    #[error("the run {run} is complete, but {url} could not be moved to it: {reason}")]
    LatestNotMoved {
        /// Where the finished run is.
        run: String,
        /// Where `latest.json` is.
        url: String,
        /// Why it did not move.
        reason: String,
    },

    /// A table cannot be searched by this column.
    #[error("the table {url} cannot be searched by `{column}`: {reason}")]
    Key {
        /// Where the table is.
        url: String,
        /// The column asked for.
        column: String,
        /// Why not.
        reason: String,
    },

    /// Encoding or decoding a table failed.
    #[error("cannot {action} the table {url}")]
    Table {
        /// `write` or `read`.
        action: &'static str,
        /// Where the table is.
        url: String,
        /// What Parquet or Arrow said.
        #[source]
        source: parquet::errors::ParquetError,
    },

    /// The object store failed.
    #[error("cannot {action} {url}")]
    Store {
        /// `read`, `write`, `list` or `delete`.
        action: &'static str,
        /// Where.
        url: String,
        /// What the store said.
        #[source]
        source: object_store::Error,
    },

    /// The local file system failed.
    #[error("cannot {action} {path}")]
    Folder {
        /// What was being done.
        action: &'static str,
        /// The path on disk.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },

    /// A value could not be turned into JSON.
    #[error("cannot write {url} as JSON")]
    Json {
        /// Where it was to be written.
        url: String,
        /// What serde said.
        #[source]
        source: serde_json::Error,
    },

    /// A worker thread of this crate ended without an answer.
    #[error("the work on {url} was interrupted")]
    Interrupted {
        /// Which file was being worked on.
        url: String,
    },
}

impl ArtifactError {
    pub(crate) fn store(
        action: &'static str,
        url: &str,
    ) -> impl FnOnce(object_store::Error) -> Self + use<> {
        let url = url.to_owned();
        move |source| Self::Store {
            action,
            url,
            source,
        }
    }

    pub(crate) fn table(
        action: &'static str,
        url: &str,
    ) -> impl FnOnce(parquet::errors::ParquetError) -> Self + use<> {
        let url = url.to_owned();
        move |source| Self::Table {
            action,
            url,
            source,
        }
    }

    pub(crate) fn folder(
        action: &'static str,
        path: &std::path::Path,
    ) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.display().to_string();
        move |source| Self::Folder {
            action,
            path,
            source,
        }
    }
}
