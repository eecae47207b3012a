//! Files as tables, row by row, nothing lost.
//!
//! What belongs here: [`SourceTable`] and its scan, which read CSV, JSON lines (each plain or
//! gzip) and Parquet from any object store, so that reading and parsing run wherever the partition
//! runs, on executors too; the line parsers; what is found out from the first bytes of a file.
//! What does not: finding the files, and what their columns mean (the `data` crate).
//!
//! | file | part |
//! | --- | --- |
//! | `spec` | options and the settled description of a source |
//! | `probe` | compression, format, delimiter and columns from the first bytes |
//! | `table`, `exec`, `codec` | the table, its scan, both as bytes |
//! | `bytes` → `text` → `records` → `csv`, `jsonl` → `rows` | from bytes to batches |
//! | `parquet` | row groups to batches |

mod bytes;
pub(crate) mod codec;
mod csv;
mod error;
mod exec;
mod fault;
mod jsonl;
mod parquet;
mod probe;
mod records;
mod rows;
mod spec;
mod table;
mod text;

#[cfg(test)]
mod tests;

pub use error::SourceError;
pub use exec::SourceScanExec;
pub use probe::SourceInput;
pub use spec::{
    Delimiter, ERROR_COLUMN, Encoding, FILE_COLUMN, LINE_COLUMN, RAW_COLUMN, SOURCE_COLUMNS,
    SourceFormat, SourceOptions, URL_COLUMN,
};
pub use table::SourceTable;
