use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::ArtifactError;
use crate::upload::{CHUNK_BYTES, Digested, Upload};
use crate::writer::joined;

/// Rows in a row group.
pub const ROW_GROUP_ROWS: usize = 128 * 1024;
/// Rows in a page, at most; what a lookup decodes.
pub const PAGE_ROWS: usize = 8 * 1024;

/// A lookup decodes a column's whole dictionary, so only columns with few
/// distinct values (segments, brands) keep one.
const DICTIONARY_BYTES: usize = 32 * 1024;

/// Recorded as the writer of every table. Constant, so that the bytes of a
/// table do not change with the version of the program; it has the form
/// readers parse.
const CREATED_BY: &str = "clientele version 1";

/// Encodes a table on its own thread and sends it to the store as it grows.
pub(crate) async fn write(
    mut upload: Upload,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    url: &str,
) -> Result<Digested, ArtifactError> {
    let (sender, mut pieces) = mpsc::channel(4);
    let failed = ArtifactError::table("write", url);
    let sink = Sink {
        sender,
        buffer: Vec::with_capacity(CHUNK_BYTES),
    };
    let encoder = spawn_blocking(move || encode(sink, &schema, &batches).map_err(failed));
    while let Some(bytes) = pieces.recv().await {
        // Returning drops the receiver, which ends the encoder.
        upload.put(bytes).await?;
    }
    match joined(encoder, url).await {
        Ok(()) => upload.finish().await,
        Err(error) => {
            upload.abort().await;
            Err(error)
        }
    }
}

fn encode(sink: Sink, schema: &Schema, batches: &[RecordBatch]) -> Result<(), ParquetError> {
    let schema = plain_schema(schema);
    let mut writer = ArrowWriter::try_new(sink, Arc::clone(&schema), Some(properties()))?;
    // Pages are cut by the batches a writer is given. Whole row groups at a
    // time make the bytes depend on the rows alone.
    let mut pending: Vec<RecordBatch> = Vec::new();
    let mut pending_rows = 0;
    for batch in batches {
        let batch = plain_batch(batch, &schema)?;
        let mut offset = 0;
        while offset < batch.num_rows() {
            let take = (ROW_GROUP_ROWS - pending_rows).min(batch.num_rows() - offset);
            pending.push(batch.slice(offset, take));
            pending_rows += take;
            offset += take;
            if pending_rows == ROW_GROUP_ROWS {
                writer.write(&concat_batches(&schema, &pending)?)?;
                pending.clear();
                pending_rows = 0;
            }
        }
    }
    if pending_rows > 0 {
        writer.write(&concat_batches(&schema, &pending)?)?;
    }
    let mut sink = writer.into_inner()?;
    sink.send()?;
    Ok(())
}

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_statistics_enabled(EnabledStatistics::Page)
        .build()
}

/// The schema as it is stored: no metadata (engines add their own), and text
/// and binary in one layout each, whichever the query happened to produce.
fn plain_schema(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| {
        Field::new(
            field.name(),
            plain_type(field.data_type()),
            field.is_nullable(),
        )
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::Dictionary(_, values) => plain_type(values),
        other => other.clone(),
    }
}

fn plain_batch(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    if batch.num_columns() != schema.fields().len() {
        let text = format!(
            "a batch has {} columns, the table has {}",
            batch.num_columns(),
            schema.fields().len()
        );
        return Err(ArrowError::SchemaError(text));
    }
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns());
    for (column, field) in batch.columns().iter().zip(schema.fields()) {
        let same = column.data_type() == field.data_type();
        let relaid = plain_type(column.data_type()) == *field.data_type();
        columns.push(match (same, relaid) {
            (true, _) => Arc::clone(column),
            (false, true) => cast(column, field.data_type())?,
            (false, false) => {
                let text = format!(
                    "column `{}` is {} in a batch and {} in the table",
                    field.name(),
                    column.data_type(),
                    field.data_type()
                );
                return Err(ArrowError::SchemaError(text));
            }
        });
    }
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// Hands the encoder's bytes to the async side in pieces.
struct Sink {
    sender: mpsc::Sender<Bytes>,
    buffer: Vec<u8>,
}

impl Sink {
    fn send(&mut self) -> io::Result<()> {
        let full = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK_BYTES));
        if full.is_empty() {
            return Ok(());
        }
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.sender.blocking_send(Bytes::from(full)).map_err(gone)
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    /// Pieces leave when they are full; the last one by [`Sink::send`].
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
