//! Building batches of text columns.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder, UInt32Builder, UInt64Builder,
};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::Result;

use super::fault::{Fault, shortened};
use super::spec::{ERROR_COLUMN, FILE_COLUMN, LINE_COLUMN, RAW_COLUMN, SOURCE_COLUMNS, URL_COLUMN};

/// A batch is handed on when it holds this many rows …
pub(crate) const BATCH_ROWS: usize = 8192;
/// … or this many bytes of text.
const BATCH_BYTES: usize = 16 << 20;

/// One column being built.
#[derive(Debug)]
enum Column {
    Text(StringBuilder),
    File(UInt32Builder),
    Line(UInt64Builder),
    Error(StringBuilder),
    Raw(StringBuilder),
    Url(StringBuilder),
}

/// Where a row stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub file: u32,
    pub url: &'a str,
    pub line: u64,
}

/// Rows of text on their way into a batch. Only the columns of the projection are built.
#[derive(Debug)]
pub(crate) struct Rows {
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
}

impl Rows {
    /// Rows of a projected schema.
    pub(crate) fn new(schema: SchemaRef) -> Self {
        let columns = schema
            .fields()
            .iter()
            .map(|field| match field.name().as_str() {
                FILE_COLUMN => Column::File(UInt32Builder::new()),
                LINE_COLUMN => Column::Line(UInt64Builder::new()),
                ERROR_COLUMN => Column::Error(StringBuilder::new()),
                RAW_COLUMN => Column::Raw(StringBuilder::new()),
                URL_COLUMN => Column::Url(StringBuilder::new()),
                _ => Column::Text(StringBuilder::new()),
            })
            .collect();
        Self {
            schema,
            columns,
            rows: 0,
            bytes: 0,
        }
    }

    /// For each field of a file, the column it goes to, if anybody wants it; and the columns that
    /// no field of the file fills.
    pub(crate) fn slots(&self, header: &[String]) -> Slots {
        let wanted = |name: &String| {
            self.schema
                .index_of(name)
                .ok()
                .filter(|_| !SOURCE_COLUMNS.contains(&name.as_str()))
        };
        let fields: Vec<Option<usize>> = header.iter().map(wanted).collect();
        let absent = (0..self.columns.len())
            .filter(|slot| matches!(self.columns[*slot], Column::Text(_)))
            .filter(|slot| !fields.contains(&Some(*slot)))
            .collect();
        let last = fields.iter().rposition(Option::is_some);
        Slots {
            fields,
            absent,
            last,
        }
    }

    /// Adds the text of one field; an empty one is null.
    pub(crate) fn field(&mut self, slot: usize, text: &str) {
        if let Column::Text(builder) = &mut self.columns[slot] {
            if text.is_empty() {
                builder.append_null();
            } else {
                builder.append_value(text);
                self.bytes += text.len();
            }
        }
    }

    /// Adds a null field.
    pub(crate) fn null(&mut self, slot: usize) {
        if let Column::Text(builder) = &mut self.columns[slot] {
            builder.append_null();
        }
    }

    /// Ends a row whose fields have all been added.
    pub(crate) fn end_row(&mut self, place: Place<'_>) {
        self.close(place, None);
    }

    /// Adds a row that is nothing but a fault.
    pub(crate) fn fault(&mut self, place: Place<'_>, fault: Fault, text: &[u8]) {
        for slot in 0..self.columns.len() {
            self.null(slot);
        }
        self.close(place, Some((fault, text)));
    }

    fn close(&mut self, place: Place<'_>, fault: Option<(Fault, &[u8])>) {
        for column in &mut self.columns {
            match column {
                Column::Text(_) => {}
                Column::File(builder) => builder.append_value(place.file),
                Column::Line(builder) => builder.append_value(place.line),
                Column::Error(builder) => builder.append_option(fault.map(|(f, _)| f.name())),
                Column::Raw(builder) => builder.append_option(fault.map(|(_, t)| shortened(t))),
                Column::Url(builder) => builder.append_value(place.url),
            }
        }
        self.rows += 1;
    }

    /// Whether the batch should be handed on.
    pub(crate) fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    /// Whether there is nothing to hand on.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The batch; the builders start afresh.
    pub(crate) fn take(&mut self) -> Result<RecordBatch> {
        let arrays: Vec<ArrayRef> = self.columns.iter_mut().map(Column::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        self.rows = 0;
        self.bytes = 0;
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            arrays,
            &options,
        )?)
    }
}

impl Column {
    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(b) | Self::Error(b) | Self::Raw(b) | Self::Url(b) => Arc::new(b.finish()),
            Self::File(b) => Arc::new(b.finish()),
            Self::Line(b) => Arc::new(b.finish()),
        }
    }
}

/// Where the fields of one file go.
#[derive(Debug)]
pub(crate) struct Slots {
    /// Per field of the file: the column it fills.
    pub fields: Vec<Option<usize>>,
    /// Columns the file does not have.
    pub absent: Vec<usize>,
    /// The last field that anybody wants.
    pub last: Option<usize>,
}
