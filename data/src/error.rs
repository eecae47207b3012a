//! Why data cannot be used.

use engine::EngineError;
use engine::source::SourceError;
use engine::stores::StoreError;
use sql::SqlError;

/// A failure of finding, mapping or judging data. Each message is one paragraph: what happened,
/// where, why, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The engine failed.
    #[error(transparent)]
    Engine(Box<EngineError>),
    /// A file cannot be opened as a source.
    #[error(transparent)]
    Source(Box<SourceError>),
    /// A URL names no store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A query of ours does not fit its parts.
    #[error(
        "the queries of this version do not fit together: {0}; this is a defect, please report it"
    )]
    Sql(#[from] SqlError),
    /// There is nothing to read.
    #[error("{looked_for} was not found: {detail}")]
    NotFound {
        /// What was asked for.
        looked_for: String,
        /// Where it was looked for and what to do.
        detail: String,
    },
    /// A store cannot be listed.
    #[error("cannot look into {place}: {reason}")]
    Listing {
        /// The folder or pattern.
        place: String,
        /// The store's own words, and what to do.
        reason: String,
    },
    /// A mapping cannot be read.
    #[error("the mapping {mapping} cannot be used: {reason}")]
    Mapping {
        /// The mapping's name or file.
        mapping: String,
        /// What is wrong, with its place, and what would be right.
        reason: String,
    },
    /// No mapping was named and none fits.
    #[error(
        "no built-in mapping fits {file}, whose columns are {columns}; tried {tried}. Write a \
         mapping for it (one SQL expression per column, see data/README.md) and give its file with \
         --mapping"
    )]
    NoMapping {
        /// The first file.
        file: String,
        /// Its columns.
        columns: String,
        /// Each built-in mapping and what it misses.
        tried: String,
    },
    /// An expression of a mapping names a column that the source does not have.
    #[error(
        "the mapping {mapping} makes {column} from the source column {missing}, which {place} does \
         not have; its columns are {available}{suggestion}. Correct the expression in the mapping, \
         or choose another mapping with --mapping"
    )]
    AbsentColumn {
        /// The mapping's name or file.
        mapping: Box<str>,
        /// The column of the event log.
        column: Box<str>,
        /// The source column that is not there.
        missing: Box<str>,
        /// The file or source.
        place: Box<str>,
        /// The columns that are there.
        available: Box<str>,
        /// `; did you mean …`, or nothing.
        suggestion: Box<str>,
    },
    /// More rows are unusable than allowed.
    #[error(
        "{quarantined} of {rows_read} rows ({percent:.1} %) cannot be used, more than the {limit:.1} \
         % that --max-invalid allows. The commonest reasons: {reasons}. Check that the mapping \
         {mapping} fits the files and that the files are whole; `jobs check` shows the full account, \
         and a higher --max-invalid accepts the loss"
    )]
    TooManyInvalid {
        /// Unusable rows.
        quarantined: u64,
        /// All rows.
        rows_read: u64,
        /// The share of unusable rows in percent.
        percent: f64,
        /// The allowed share in percent.
        limit: f64,
        /// The three commonest reasons, each with its count and an example.
        reasons: String,
        /// The mapping that was used.
        mapping: String,
    },
    /// A parameter is out of range.
    #[error("{0}")]
    Parameter(String),
}

// Boxed, so that results stay small to hand around.
impl From<EngineError> for DataError {
    fn from(error: EngineError) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl From<SourceError> for DataError {
    fn from(error: SourceError) -> Self {
        Self::Source(Box::new(error))
    }
}
