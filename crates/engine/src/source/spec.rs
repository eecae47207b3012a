//! What a source is: its files, their format, their columns. Plain values that travel between
//! processes as JSON.

use serde::{Deserialize, Serialize};

/// The row's file: the 0-based place in the sorted list of files (`UInt32`).
pub const FILE_COLUMN: &str = "_file";
/// The row's line: 1-based, the header counted, as an editor shows it (`UInt64`). For Parquet the
/// 1-based row.
pub const LINE_COLUMN: &str = "_line";
/// Why the line is not a row, or null (`Utf8`).
pub const ERROR_COLUMN: &str = "_error";
/// The line's text when it is not a row, at most 2 KiB, else null (`Utf8`).
pub const RAW_COLUMN: &str = "_raw";
/// The URL of the row's file (`Utf8`).
pub const URL_COLUMN: &str = "_url";

/// The columns that every source has after its own.
pub const SOURCE_COLUMNS: [&str; 5] = [
    FILE_COLUMN,
    LINE_COLUMN,
    ERROR_COLUMN,
    RAW_COLUMN,
    URL_COLUMN,
];

/// What stands between two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delimiter {
    /// One ASCII character.
    Byte(u8),
    /// Any run of spaces and tabs, as in columns of fixed width; leading and trailing blanks do
    /// not count.
    Whitespace,
}

/// How text files write their characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[default]
    Utf8,
    /// ISO 8859-1: every byte is the character of that number.
    Latin1,
}

/// The kinds of file that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceFormat {
    /// Separated values, one record per line, with quotes.
    Csv,
    /// One JSON object per line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
}

/// How to read the files, as far as it is given; the rest is found out from the first bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceOptions {
    /// The format; otherwise told by the name (`.csv` `.tsv` `.txt` `.jsonl` `.ndjson` `.json`
    /// `.parquet`, each also with `.gz`) and the first bytes.
    pub format: Option<SourceFormat>,
    /// The delimiter; otherwise whichever of `,` `;` tab `|` is most frequent in the header.
    pub delimiter: Option<Delimiter>,
    /// The quote character, `None` inside for no quoting; otherwise `"`.
    pub quote: Option<Option<u8>>,
    /// Whether the first line names the columns; otherwise true, or false when names are given.
    pub header: Option<bool>,
    /// The names of the columns, in the order of the fields.
    pub columns: Option<Vec<String>>,
    /// The encoding of text.
    pub encoding: Encoding,
}

/// One file of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceFile {
    pub url: String,
    pub size: u64,
    #[serde(default)]
    pub gzip: bool,
    /// The place of this file's columns in [`SourceSpec::headers`].
    pub header: usize,
    /// Parquet only: rows and bytes of each row group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub row_groups: Vec<(u64, u64)>,
}

/// How text files are cut into fields; settled, nothing left to find out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CsvRules {
    pub delimiter: Delimiter,
    pub quote: Option<u8>,
    pub header: bool,
    pub encoding: Encoding,
}

/// The settled format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Layout {
    Csv(CsvRules),
    Jsonl,
    Parquet,
}

/// Everything a scan needs to know besides the schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceSpec {
    pub layout: Layout,
    pub files: Vec<SourceFile>,
    /// The distinct headers of the files: column names in the order of the fields.
    pub headers: Vec<Vec<String>>,
}
