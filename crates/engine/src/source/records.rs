//! Cutting a stream of bytes into records with their line numbers.
//!
//! A record is one line, or several lines when a quoted field holds line breaks. Nothing is ever
//! lost: whatever cannot be a record by the rules is handed out as the one line it begins on,
//! with the fault, and cutting goes on at the next line. So one stray quote costs one line and
//! not the rest of the file.

use memchr::{memchr, memchr_iter, memchr2};

use super::fault::Fault;

/// The longest line that is read. Beyond it the line is a fault and skipped to its end, which
/// bounds the memory of a scan.
pub(crate) const LONGEST_LINE_BYTES: usize = 16 << 20;

/// How far a quoted field may run over line breaks before its quote counts as unterminated.
pub(crate) const LONGEST_QUOTED_BYTES: usize = 1 << 20;

/// How quotes bind lines together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QuoteRules {
    /// The quote character.
    pub quote: u8,
    /// The field delimiter.
    pub delimiter: u8,
    /// The number of fields of a record, or 0 when not known yet.
    pub width: usize,
}

/// What one record turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// No quote anywhere: fields are what stands between delimiters.
    Plain,
    /// At least one quote character.
    Quoted,
    /// Not a record; the text is the line it begins on.
    Faulty(Fault),
}

/// One record of a text file.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    /// The 1-based line the record begins on.
    pub line: u64,
    /// The text without its line ending.
    pub text: &'a [u8],
    /// What it is.
    pub shape: Shape,
}

/// Cuts fed bytes into records. Blank lines (nothing but spaces) are skipped, but counted as lines.
#[derive(Debug, Default)]
pub(crate) struct Records {
    buffer: Vec<u8>,
    /// Where the next record begins in the buffer.
    start: usize,
    /// Up to where the buffer is known to hold no line end of the next line.
    searched: usize,
    /// Lines before the next record.
    lines: u64,
    /// No more bytes will be fed.
    finished: bool,
    /// The rest of an over-long line is being skipped.
    skipping: bool,
    /// Something was fed, so a byte order mark is no longer possible.
    begun: bool,
}

/// Where a record with quotes ends.
enum Extent {
    Complete { end: usize, next: usize, lines: u64 },
    Unknown,
    Unterminated,
}

impl Records {
    /// Adds bytes after those fed before.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.searched = self.searched.saturating_sub(self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
        if !self.begun && self.buffer.len() >= 3 {
            self.begun = true;
            if self.buffer.starts_with(b"\xef\xbb\xbf") {
                self.start = 3;
                self.searched = 3;
            }
        }
    }

    /// Says that no more bytes will come: what is left is the last line.
    pub(crate) fn finish(&mut self) {
        self.finished = true;
    }

    /// The 1-based line after everything handed out so far.
    pub(crate) fn next_line(&self) -> u64 {
        self.lines + 1
    }

    /// The next record; `None` when more bytes are needed, or after the end.
    pub(crate) fn next(&mut self, rules: Option<QuoteRules>) -> Option<Record<'_>> {
        if !self.begun && !self.finished {
            return None;
        }
        loop {
            if self.skipping && !self.skip() {
                return None;
            }
            if self.start >= self.buffer.len() {
                return None;
            }
            let (end, next) = match self.line_end() {
                Some(position) => (position, position + 1),
                None if self.buffer.len() - self.start > LONGEST_LINE_BYTES => {
                    return Some(self.give_up_line());
                }
                None if self.finished => (self.buffer.len(), self.buffer.len()),
                None => return None,
            };
            let text = without_return(&self.buffer[self.start..end]);
            if text.iter().all(|byte| *byte == b' ') {
                self.advance(next, 1);
                continue;
            }
            let (mut end, mut next, mut lines, mut shape) = (end, next, 1, Shape::Plain);
            if let Some(rules) = rules.filter(|rules| memchr(rules.quote, text).is_some()) {
                shape = Shape::Quoted;
                match quoted_extent(&self.buffer[self.start..], rules, self.finished) {
                    Extent::Unknown => return None,
                    Extent::Unterminated => shape = Shape::Faulty(Fault::UnterminatedQuote),
                    Extent::Complete {
                        end: e,
                        next: n,
                        lines: l,
                    } => {
                        (end, next, lines) = (self.start + e, self.start + n, l);
                    }
                }
            }
            let (begin, line) = (self.start, self.lines + 1);
            self.advance(next, lines);
            let text = without_return(&self.buffer[begin..end]);
            return Some(Record { line, text, shape });
        }
    }

    fn line_end(&mut self) -> Option<usize> {
        let from = self.searched.max(self.start);
        match memchr(b'\n', &self.buffer[from..]) {
            Some(offset) => Some(from + offset),
            None => {
                self.searched = self.buffer.len();
                None
            }
        }
    }

    fn advance(&mut self, next: usize, lines: u64) {
        self.start = next;
        self.searched = next;
        self.lines += lines;
    }

    /// Hands out the beginning of an over-long line and skips the rest.
    fn give_up_line(&mut self) -> Record<'_> {
        let (begin, end, line) = (self.start, self.buffer.len(), self.lines + 1);
        self.start = end;
        self.searched = end;
        self.skipping = true;
        let text = &self.buffer[begin..end];
        Record {
            line,
            text,
            shape: Shape::Faulty(Fault::LineTooLong),
        }
    }

    /// Skips to the end of the line; false while that is not in sight.
    fn skip(&mut self) -> bool {
        match self.line_end() {
            Some(position) => {
                self.advance(position + 1, 1);
                self.skipping = false;
                true
            }
            None => {
                self.start = self.buffer.len();
                if self.finished {
                    self.lines += 1;
                    self.skipping = false;
                }
                false
            }
        }
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Finds the end of a record that has quotes. `data` begins with the record.
fn quoted_extent(data: &[u8], rules: QuoteRules, finished: bool) -> Extent {
    let (mut at, mut fields) = (0, 0);
    let mut broken_lines = 0u64;
    loop {
        fields += 1;
        if data.get(at) == Some(&rules.quote) {
            let (close, breaks) = match closing_quote(data, at + 1, rules.quote) {
                Some(found) => found,
                None if finished || data.len() > LONGEST_QUOTED_BYTES => {
                    return Extent::Unterminated;
                }
                None => return Extent::Unknown,
            };
            let ends_field = match &data[close + 1..] {
                [] if !finished => return Extent::Unknown,
                [b'\r'] if !finished => return Extent::Unknown,
                [] | [b'\n', ..] | [b'\r'] | [b'\r', b'\n', ..] => true,
                [byte, ..] => *byte == rules.delimiter,
            };
            if breaks > 0 && (!ends_field || close > LONGEST_QUOTED_BYTES) {
                return Extent::Unterminated;
            }
            broken_lines += breaks;
            at = close + 1;
        }
        match memchr2(rules.delimiter, b'\n', &data[at..]) {
            Some(offset) if data[at + offset] == rules.delimiter => at += offset + 1,
            found => {
                let (end, next) = match found {
                    Some(offset) => (at + offset, at + offset + 1),
                    None if finished => (data.len(), data.len()),
                    None if data.len() > LONGEST_LINE_BYTES => return Extent::Unterminated,
                    None => return Extent::Unknown,
                };
                if broken_lines > 0 && rules.width > 0 && fields != rules.width {
                    return Extent::Unterminated;
                }
                return Extent::Complete {
                    end,
                    next,
                    lines: broken_lines + 1,
                };
            }
        }
    }
}

/// The position of the quote that closes a field opened before `from`, and the line breaks inside.
fn closing_quote(data: &[u8], from: usize, quote: u8) -> Option<(usize, u64)> {
    let mut at = from;
    loop {
        let close = at + memchr(quote, data.get(at..)?)?;
        if data.get(close + 1) == Some(&quote) {
            at = close + 2;
            continue;
        }
        let breaks = memchr_iter(b'\n', &data[from..close]).count();
        return Some((close, breaks as u64));
    }
}
