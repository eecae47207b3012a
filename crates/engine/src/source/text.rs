//! Scanning text files: bytes into records into batches, in bounded memory.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::{DataFusionError, Result};
use futures::stream::{BoxStream, StreamExt};

use super::bytes::{Inflate, pieces};
use super::fault::Fault;
use super::jsonl::Keys;
use super::records::{QuoteRules, Records};
use super::rows::{Place, Rows, Slots};
use super::spec::{CsvRules, Layout, SourceSpec};
use crate::stores;

/// The scan of some files of a source, one after the other.
pub(crate) struct TextScan {
    spec: Arc<SourceSpec>,
    files: VecDeque<usize>,
    rows: Rows,
    current: Option<FileScan>,
}

impl TextScan {
    pub(crate) fn new(spec: Arc<SourceSpec>, files: Vec<usize>, schema: SchemaRef) -> Self {
        Self {
            spec,
            files: files.into(),
            rows: Rows::new(schema),
            current: None,
        }
    }

    /// The next batch; `None` after the last.
    pub(crate) async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let Some(file) = &mut self.current else {
                let Some(index) = self.files.pop_front() else {
                    return if self.rows.is_empty() {
                        Ok(None)
                    } else {
                        self.rows.take().map(Some)
                    };
                };
                self.current = Some(FileScan::open(&self.spec, index, &self.rows)?);
                continue;
            };
            file.drain(&mut self.rows);
            if self.rows.is_full() {
                return self.rows.take().map(Some);
            }
            if !file.advance(&mut self.rows).await? {
                self.current = None;
            }
        }
    }
}

/// How the records of a file become rows.
enum Reading {
    Csv(CsvRules, Option<QuoteRules>),
    Jsonl(Keys),
}

/// The scan of one file.
struct FileScan {
    file: u32,
    url: Arc<str>,
    pieces: BoxStream<'static, Result<Bytes>>,
    inflate: Option<Inflate>,
    records: Records,
    reading: Reading,
    slots: Slots,
    header_ahead: bool,
    /// All bytes have been fed; what remains is in the records.
    ended: bool,
    /// Why the compressed stream is not whole.
    broken: Option<String>,
}

impl FileScan {
    fn open(spec: &SourceSpec, index: usize, rows: &Rows) -> Result<Self> {
        let file = &spec.files[index];
        let place =
            stores::resolve(&file.url).map_err(|e| DataFusionError::External(Box::new(e)))?;
        let url: Arc<str> = file.url.as_str().into();
        let header = &spec.headers[file.header];
        let slots = rows.slots(header);
        let (reading, header_ahead) = match spec.layout {
            Layout::Csv(rules) => (
                Reading::Csv(rules, rules.quote_rules(header.len())),
                rules.header,
            ),
            Layout::Jsonl => (Reading::Jsonl(Keys::new(header, &slots)), false),
            Layout::Parquet => {
                return Err(DataFusionError::Internal(
                    "a Parquet file read as text".to_owned(),
                ));
            }
        };
        Ok(Self {
            file: u32::try_from(index).map_err(|e| DataFusionError::External(Box::new(e)))?,
            pieces: pieces(place.store, place.path, file.size, Arc::clone(&url)),
            url,
            inflate: file.gzip.then(Inflate::new),
            records: Records::default(),
            reading,
            slots,
            header_ahead,
            ended: false,
            broken: None,
        })
    }

    /// Turns the records at hand into rows until the batch is full.
    fn drain(&mut self, rows: &mut Rows) {
        let rules = match &self.reading {
            Reading::Csv(_, rules) => *rules,
            Reading::Jsonl(_) => None,
        };
        while !rows.is_full() {
            let Some(record) = self.records.next(rules) else {
                return;
            };
            if std::mem::take(&mut self.header_ahead) {
                continue;
            }
            let place = Place {
                file: self.file,
                url: &self.url,
                line: record.line,
            };
            match &self.reading {
                Reading::Csv(rules, _) => rules.append(&record, place, &self.slots, rows),
                Reading::Jsonl(keys) => keys.append(&record, place, &self.slots, rows),
            }
        }
    }

    /// Brings more bytes to the records; false when the file is done with.
    async fn advance(&mut self, rows: &mut Rows) -> Result<bool> {
        if self.ended {
            // Every record has become a row by now; the break comes after them.
            if let Some(reason) = self.broken.take() {
                let line = self.records.next_line();
                let place = Place {
                    file: self.file,
                    url: &self.url,
                    line,
                };
                rows.fault(place, Fault::TruncatedFile, reason.as_bytes());
            }
            return Ok(false);
        }
        if let Some(inflate) = &mut self.inflate
            && let Some(bytes) = inflate.next()
        {
            self.records.feed(&bytes);
            return Ok(true);
        }
        let broken = self.inflate.as_ref().is_some_and(Inflate::is_broken);
        let piece = if broken {
            None
        } else {
            self.pieces.next().await.transpose()?
        };
        match (piece, &mut self.inflate) {
            (Some(bytes), Some(inflate)) => inflate.feed(bytes),
            (Some(bytes), None) => self.records.feed(&bytes),
            (None, inflate) => {
                let (rest, broken) = inflate.as_mut().map(Inflate::finish).unwrap_or_default();
                self.records.feed(&rest);
                self.records.finish();
                self.ended = true;
                self.broken = broken;
            }
        }
        Ok(true)
    }
}
