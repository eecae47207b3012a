//! What the first bytes of a file tell: compression, format, delimiter, columns.

use std::collections::HashSet;

use bytes::Bytes;
use object_store::ObjectStoreExt;

use super::bytes::Inflate;
use super::error::SourceError;
use super::jsonl::object;
use super::records::{Records, Shape};
use super::spec::{CsvRules, Delimiter, SOURCE_COLUMNS, SourceFormat, SourceOptions};
use crate::stores;

/// How much of a file is looked at.
const HEAD_BYTES: u64 = 256 << 10;
/// How many records are looked at beyond the header.
const SAMPLED_RECORDS: usize = 500;

/// A file that is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceInput {
    /// Its URL.
    pub url: String,
    /// Its size in bytes.
    pub size: u64,
}

/// The beginning of a file, decompressed.
#[derive(Debug)]
pub(crate) struct Head {
    pub input: SourceInput,
    pub gzip: bool,
    pub bytes: Vec<u8>,
    /// The bytes are the whole file.
    pub whole: bool,
}

/// The columns of a text file and its first records.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub names: Vec<String>,
    pub sample: Vec<Vec<String>>,
}

/// The format that a file's name promises.
pub(crate) fn format_of_name(url: &str) -> Option<SourceFormat> {
    let name = url.rsplit('/').next().unwrap_or(url).to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    match name.rsplit_once('.')?.1 {
        "csv" | "tsv" | "txt" => Some(SourceFormat::Csv),
        "jsonl" | "ndjson" | "json" => Some(SourceFormat::Jsonl),
        "parquet" | "pq" => Some(SourceFormat::Parquet),
        _ => None,
    }
}

/// The name of a format in messages.
pub(crate) fn format_name(format: SourceFormat) -> &'static str {
    match format {
        SourceFormat::Csv => "CSV",
        SourceFormat::Jsonl => "JSON lines",
        SourceFormat::Parquet => "Parquet",
    }
}

/// Reads the beginning of a file.
pub(crate) async fn head(input: SourceInput) -> Result<Head, SourceError> {
    let place = stores::resolve(&input.url)?;
    let end = input.size.min(HEAD_BYTES);
    let bytes = if end == 0 {
        Bytes::new()
    } else {
        place
            .store
            .get_range(&place.path, 0..end)
            .await
            .map_err(|e| SourceError::Read {
                url: input.url.clone(),
                reason: e.to_string(),
            })?
    };
    let whole = end == input.size;
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Head {
            input,
            gzip: false,
            bytes: bytes.into(),
            whole,
        });
    }
    let mut inflate = Inflate::new();
    inflate.feed(bytes);
    let mut plain = Vec::new();
    while let Some(more) = inflate.next() {
        plain.extend_from_slice(&more);
        if plain.len() as u64 >= HEAD_BYTES {
            return Ok(Head {
                input,
                gzip: true,
                bytes: plain,
                whole: false,
            });
        }
    }
    let (rest, broken) = inflate.finish();
    plain.extend_from_slice(&rest);
    if let Some(reason) = broken.filter(|_| plain.is_empty()) {
        return Err(SourceError::Format {
            url: input.url,
            format: "gzip",
            reason,
        });
    }
    Ok(Head {
        input,
        gzip: true,
        bytes: plain,
        whole,
    })
}

impl Head {
    /// The format, from the bytes alone.
    pub(crate) fn sniff(&self) -> Option<SourceFormat> {
        if self.bytes.starts_with(b"PAR1") {
            return Some(SourceFormat::Parquet);
        }
        self.bytes
            .iter()
            .find(|byte| !byte.is_ascii_whitespace())
            .map(|byte| match byte {
                b'{' => SourceFormat::Jsonl,
                _ => SourceFormat::Csv,
            })
    }

    /// Refuses what is no text, with the reason.
    pub(crate) fn check_text(&self, format: SourceFormat) -> Result<(), SourceError> {
        let reason = match self.bytes.as_slice() {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it is UTF-16; convert it to UTF-8",
            [b'P', b'K', 3, 4, ..] => {
                "it is a ZIP archive or a spreadsheet; unpack it or export it as CSV"
            }
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [b'B', b'Z', b'h', ..] => {
                "it is compressed in another way than gzip; decompress it or use gzip"
            }
            [b'P', b'A', b'R', b'1', ..] => "it is a Parquet file; give it the ending .parquet",
            bytes if bytes.contains(&b'\r') && !bytes.contains(&b'\n') => {
                "its lines end in carriage returns alone; convert them to line feeds"
            }
            _ => return Ok(()),
        };
        Err(self.refused(format, reason.to_owned()))
    }

    fn refused(&self, format: SourceFormat, reason: String) -> SourceError {
        SourceError::Format {
            url: self.input.url.clone(),
            format: format_name(format),
            reason,
        }
    }

    fn records(&self) -> Records {
        let mut records = Records::default();
        records.feed(&self.bytes);
        if self.whole {
            records.finish();
        }
        records
    }

    /// The delimiter that the first line speaks for.
    pub(crate) fn delimiter(&self) -> Option<Delimiter> {
        if self.input.url.trim_end_matches(".gz").ends_with(".tsv") {
            return Some(Delimiter::Byte(b'\t'));
        }
        let mut records = self.records();
        let line = records.next(None)?.text;
        let count = |byte: u8| line.iter().filter(|b| **b == byte).count();
        let best = [b',', b';', b'\t', b'|']
            .into_iter()
            .rev()
            .max_by_key(|byte| count(*byte))?;
        Some(Delimiter::Byte(best))
    }

    /// The columns of a file of separated values; none when it holds nothing.
    pub(crate) fn csv_columns(
        &self,
        rules: &CsvRules,
        options: &SourceOptions,
    ) -> Result<Columns, SourceError> {
        let mut records = self.records();
        let mut found = Columns::default();
        let mut first = true;
        while let Some(record) = records.next(rules.quote_rules(found.names.len())) {
            let quoted = record.shape == Shape::Quoted;
            let text = match (rules.decode(record.text), record.shape) {
                (Ok(text), Shape::Plain | Shape::Quoted) => text,
                _ if !first => continue,
                (Err(_), _) if rules.header => {
                    let reason = "its header is not UTF-8; set encoding = \"latin1\" in the \
                                  [source] of the mapping if the export is in Latin-1";
                    return Err(self.refused(SourceFormat::Csv, reason.to_owned()));
                }
                _ => {
                    let reason = "its first line is no record: a quote is never closed; set quote \
                                  = \"\" in the [source] of the mapping if quotes mean nothing";
                    return Err(self.refused(SourceFormat::Csv, reason.to_owned()));
                }
            };
            let mut fields = Vec::new();
            rules.split(&text, quoted, |_, field| {
                fields.push(field.trim().to_owned());
                true
            });
            if std::mem::take(&mut first) {
                found.names = self.names(&fields, rules, options)?;
                if rules.header {
                    continue;
                }
            }
            found.sample.push(fields);
            if found.sample.len() >= SAMPLED_RECORDS {
                break;
            }
        }
        if first && !self.whole && !self.bytes.is_empty() {
            let reason = "its first line is longer than 256 KiB; is this a text file?".to_owned();
            return Err(self.refused(SourceFormat::Csv, reason));
        }
        Ok(found)
    }

    fn names(
        &self,
        first: &[String],
        rules: &CsvRules,
        options: &SourceOptions,
    ) -> Result<Vec<String>, SourceError> {
        let names = match &options.columns {
            Some(columns) if columns.len() == first.len() => columns.clone(),
            Some(columns) => {
                let reason = format!(
                    "its first line has {} fields, but the mapping names {} columns ({}); correct \
                     the list of columns or the delimiter",
                    first.len(),
                    columns.len(),
                    columns.join(", ")
                );
                return Err(self.refused(SourceFormat::Csv, reason));
            }
            None if rules.header => first.to_vec(),
            None => vec![String::new(); first.len()],
        };
        Ok(distinct(names))
    }

    /// The keys of a JSON lines file, in the order in which they first appear.
    pub(crate) fn json_columns(&self) -> Columns {
        let mut records = self.records();
        let mut found = Columns::default();
        let mut seen = HashSet::new();
        while let Some(record) = records.next(None) {
            let mut values = vec![String::new(); found.names.len()];
            let read = object(record.text, |key, value| {
                if seen.insert(key.to_owned()) {
                    found.names.push(key.to_owned());
                }
                if let Some(place) = found.names.iter().position(|name| name == key) {
                    values.resize(found.names.len(), String::new());
                    let text = value.get();
                    let quoted = serde_json::from_str::<String>(text);
                    values[place] = quoted.unwrap_or_else(|_| text.replace("null", ""));
                }
            });
            if read.is_ok() && found.sample.len() < SAMPLED_RECORDS {
                found.sample.push(values);
            }
        }
        found
            .names
            .retain(|name| !SOURCE_COLUMNS.contains(&name.as_str()));
        found
    }
}

/// Names that differ from each other and from our own columns: a repeated name gets `_2`, `_3`, …,
/// a missing one is `column_1`, `column_2`, … by its position.
pub(crate) fn distinct(names: Vec<String>) -> Vec<String> {
    let mut taken: HashSet<String> = SOURCE_COLUMNS
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    let mut result = Vec::with_capacity(names.len());
    for (position, name) in names.into_iter().enumerate() {
        let name = if name.is_empty() {
            format!("column_{}", position + 1)
        } else {
            name
        };
        let mut candidate = name.clone();
        let mut number = 2;
        while !taken.insert(candidate.clone()) {
            candidate = format!("{name}_{number}");
            number += 1;
        }
        result.push(candidate);
    }
    result
}
