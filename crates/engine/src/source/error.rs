//! Why a source cannot be opened.

use crate::stores::StoreError;

/// A source that cannot be opened. What is wrong with single lines is never an error but a row.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// No store for a URL.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be read.
    #[error(
        "cannot read {url}: {reason}; check that the file is there and that this user may read it"
    )]
    Read {
        /// The file.
        url: String,
        /// The store's own words.
        reason: String,
    },
    /// A file is not of the format it is read as.
    #[error("{url} cannot be read as {format}: {reason}")]
    Format {
        /// The file.
        url: String,
        /// The format.
        format: &'static str,
        /// What was found instead and what to do.
        reason: String,
    },
    /// Files of several formats in one source.
    #[error(
        "{first} is {first_format} but {second} is {second_format}; the files of one source must \
         have one format, so name the files of one format only, for example with a pattern"
    )]
    MixedFormats {
        /// The first file.
        first: String,
        /// Its format.
        first_format: &'static str,
        /// The first file that differs.
        second: String,
        /// Its format.
        second_format: &'static str,
    },
    /// A column that has different types in different Parquet files.
    #[error(
        "column {column} is {second_type} in {second}, but {first_type} in the files before; \
         rewrite the file, or read the files in separate runs"
    )]
    ColumnType {
        /// The column.
        column: String,
        /// The type in the earlier files.
        first_type: String,
        /// The file that differs.
        second: String,
        /// The type there.
        second_type: String,
    },
    /// No file holds a single byte.
    #[error("{what} holds no data: no header and no rows; check that the export has finished")]
    Empty {
        /// The file, or the first of the files.
        what: String,
    },
    /// Options that make no sense.
    #[error("{0}")]
    Options(String),
}
