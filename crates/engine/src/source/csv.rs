//! Cutting a record of separated values into fields.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use super::fault::Fault;
use super::records::{QuoteRules, Record, Shape};
use super::rows::{Place, Rows, Slots};
use super::spec::{CsvRules, Delimiter, Encoding};

impl CsvRules {
    /// How quotes bind lines, for records of `width` fields; `None` when nothing is quoted.
    pub(crate) fn quote_rules(&self, width: usize) -> Option<QuoteRules> {
        match (self.delimiter, self.quote) {
            (Delimiter::Byte(delimiter), Some(quote)) => Some(QuoteRules {
                quote,
                delimiter,
                width,
            }),
            _ => None,
        }
    }

    /// The bytes as text.
    pub(crate) fn decode<'a>(&self, bytes: &'a [u8]) -> Result<Cow<'a, str>, Fault> {
        match std::str::from_utf8(bytes) {
            Ok(text) if self.encoding == Encoding::Utf8 || bytes.is_ascii() => {
                Ok(Cow::Borrowed(text))
            }
            _ if self.encoding == Encoding::Latin1 => Ok(Cow::Owned(
                bytes.iter().map(|byte| char::from(*byte)).collect(),
            )),
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(_) => Err(Fault::InvalidUtf8),
        }
    }

    /// Adds one record to the rows: its fields, or its fault. Always exactly one row.
    pub(crate) fn append(
        &self,
        record: &Record<'_>,
        place: Place<'_>,
        slots: &Slots,
        rows: &mut Rows,
    ) {
        if let Shape::Faulty(fault) = record.shape {
            return rows.fault(place, fault, record.text);
        }
        let quoted = record.shape == Shape::Quoted;
        let checked = self.decode(record.text).and_then(|text| {
            self.check_width(&text, quoted, slots.fields.len())
                .map(|()| text)
        });
        let text = match checked {
            Ok(text) => text,
            Err(fault) => return rows.fault(place, fault, record.text),
        };
        self.split(&text, quoted, |position, field| {
            if let Some(slot) = slots.fields[position] {
                rows.field(slot, field);
            }
            slots.last > Some(position)
        });
        for slot in &slots.absent {
            rows.null(*slot);
        }
        rows.end_row(place);
    }

    fn check_width(&self, text: &str, quoted: bool, width: usize) -> Result<(), Fault> {
        let fields = match self.delimiter {
            Delimiter::Byte(delimiter) if !quoted => {
                memchr_iter(delimiter, text.as_bytes()).count() + 1
            }
            _ => {
                let mut fields = 0;
                self.split(text, quoted, |_, _| {
                    fields += 1;
                    true
                });
                fields
            }
        };
        match fields.cmp(&width) {
            std::cmp::Ordering::Less => Err(Fault::TruncatedLine),
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(Fault::TooManyFields),
        }
    }

    /// Hands out the fields in order, until the visitor has seen enough.
    pub(crate) fn split(
        &self,
        text: &str,
        quoted: bool,
        mut visit: impl FnMut(usize, &str) -> bool,
    ) {
        match (self.delimiter, self.quote) {
            (Delimiter::Whitespace, _) => {
                for (position, field) in text.split_ascii_whitespace().enumerate() {
                    if !visit(position, field) {
                        return;
                    }
                }
            }
            (Delimiter::Byte(delimiter), Some(quote)) if quoted => {
                split_quoted(text, delimiter, quote, visit);
            }
            (Delimiter::Byte(delimiter), _) => {
                let mut start = 0;
                let ends = memchr_iter(delimiter, text.as_bytes()).chain([text.len()]);
                for (position, end) in ends.enumerate() {
                    if !visit(position, &text[start..end]) {
                        return;
                    }
                    start = end + 1;
                }
            }
        }
    }
}

/// Fields of a record with quotes: `"a ""b"" c"` is `a "b" c`; text after a closing quote belongs
/// to the field, and a quote inside an unquoted field is itself.
fn split_quoted(text: &str, delimiter: u8, quote: u8, mut visit: impl FnMut(usize, &str) -> bool) {
    let bytes = text.as_bytes();
    let (mut at, mut position) = (0, 0);
    loop {
        let mut field = Cow::Borrowed("");
        if bytes.get(at) == Some(&quote) {
            at += 1;
            loop {
                let close = memchr(quote, &bytes[at..]).map_or(bytes.len(), |offset| at + offset);
                let doubled = bytes.get(close + 1) == Some(&quote);
                extend(&mut field, &text[at..close + usize::from(doubled)]);
                at = (close + 1 + usize::from(doubled)).min(bytes.len());
                if !doubled {
                    break;
                }
            }
        }
        let end = memchr(delimiter, &bytes[at..]).map_or(bytes.len(), |offset| at + offset);
        extend(&mut field, &text[at..end]);
        if !visit(position, &field) || end == bytes.len() {
            return;
        }
        at = end + 1;
        position += 1;
    }
}

fn extend<'a>(field: &mut Cow<'a, str>, more: &'a str) {
    if field.is_empty() {
        *field = Cow::Borrowed(more);
    } else if !more.is_empty() {
        field.to_mut().push_str(more);
    }
}
