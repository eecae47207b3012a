//! What can be wrong with one line of a source.

use std::borrow::Cow;

/// Why a line is not a row. The name is the value of the `_error` column and, further on, the
/// reason in the quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Fewer fields than the header has, as when a file is cut off in the middle of a line.
    TruncatedLine,
    /// More fields than the header has.
    TooManyFields,
    /// A quoted field that does not end in time, or ends in the middle of a field.
    UnterminatedQuote,
    /// Bytes that are not UTF-8.
    InvalidUtf8,
    /// Not a JSON object.
    InvalidJson,
    /// A line beyond the longest that is read.
    LineTooLong,
    /// A compressed file that ends early or is damaged; rows before it are kept.
    TruncatedFile,
}

impl Fault {
    /// The name in the `_error` column.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TruncatedLine => "truncated_line",
            Self::TooManyFields => "too_many_fields",
            Self::UnterminatedQuote => "unterminated_quote",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::InvalidJson => "invalid_json",
            Self::LineTooLong => "line_too_long",
            Self::TruncatedFile => "truncated_file",
        }
    }
}

/// How much of a faulty line is kept.
const KEPT_BYTES: usize = 2048;

/// A faulty line as text: at most 2 KiB, with what is not UTF-8 replaced.
pub(crate) fn shortened(text: &[u8]) -> Cow<'_, str> {
    if text.len() <= KEPT_BYTES {
        return String::from_utf8_lossy(text);
    }
    let mut kept = KEPT_BYTES;
    while kept > KEPT_BYTES - 4 && (text[kept] & 0xC0) == 0x80 {
        kept -= 1;
    }
    let mut short = String::from_utf8_lossy(&text[..kept]).into_owned();
    short.push('…');
    Cow::Owned(short)
}
