use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use rayon::prelude::*;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

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

/// A table on its way to the store: batches go to an encoder on its own thread, which hands back
/// pieces of the file. At most one row group and a few pieces are in memory.
///
/// Dropped before [`Encoding::finish`], it leaves nothing that a reader could see.
pub(crate) struct Encoding {
    batches: mpsc::Sender<RecordBatch>,
    pieces: mpsc::Receiver<Bytes>,
    encoder: JoinHandle<Result<u64, ArtifactError>>,
    upload: Upload,
    url: String,
}

impl Encoding {
    pub(crate) fn start(upload: Upload, schema: SchemaRef, url: String) -> Self {
        let (batches, received) = mpsc::channel(1);
        let (sender, pieces) = mpsc::channel(4);
        let failed = ArtifactError::table("write", &url);
        let sink = Sink {
            sender,
            buffer: Vec::with_capacity(CHUNK_BYTES),
        };
        let encoder = spawn_blocking(move || encode(sink, &schema, received).map_err(failed));
        Self {
            batches,
            pieces,
            encoder,
            upload,
            url,
        }
    }

    /// Hands over one batch, and to the store what is encoded by then. After an error the table is
    /// over.
    pub(crate) async fn write(mut self, batch: RecordBatch) -> Result<Self, ArtifactError> {
        let taken = loop {
            // The encoder may wait for its pieces to be taken before it takes a batch.
            tokio::select! {
                room = self.batches.reserve() => {
                    break room.map(|room| room.send(batch)).is_ok();
                }
                Some(bytes) = self.pieces.recv() => self.upload.put(bytes).await?,
            }
        };
        if taken {
            return Ok(self);
        }
        // The encoder takes no more batches, so it has failed.
        let url = self.url.clone();
        match self.finish().await {
            Err(error) => Err(error),
            Ok(_) => Err(ArtifactError::Interrupted { url }),
        }
    }

    /// Encodes what is left and makes the file visible; returns its number of rows.
    pub(crate) async fn finish(mut self) -> Result<(u64, Digested), ArtifactError> {
        drop(self.batches);
        while let Some(bytes) = self.pieces.recv().await {
            // Returning drops the receiver, which ends the encoder.
            self.upload.put(bytes).await?;
        }
        match joined(self.encoder, &self.url).await {
            Ok(rows) => Ok((rows, self.upload.finish().await?)),
            Err(error) => {
                self.upload.abort().await;
                Err(error)
            }
        }
    }
}

fn encode(
    sink: Sink,
    schema: &Schema,
    mut batches: mpsc::Receiver<RecordBatch>,
) -> Result<u64, ParquetError> {
    let schema = plain_schema(schema);
    let gone = sink.sender.clone();
    let mut groups = RowGroups::new(sink, Arc::clone(&schema))?;
    let mut pending: Vec<RecordBatch> = Vec::new();
    let mut pending_rows = 0;
    let mut rows = 0;
    while let Some(batch) = batches.blocking_recv() {
        let batch = plain_batch(&batch, &schema)?;
        rows += batch.num_rows() as u64;
        let mut offset = 0;
        while offset < batch.num_rows() {
            let take = (ROW_GROUP_ROWS - pending_rows).min(batch.num_rows() - offset);
            pending.push(batch.slice(offset, take));
            pending_rows += take;
            offset += take;
            if pending_rows == ROW_GROUP_ROWS {
                groups.write(&pending)?;
                pending.clear();
                pending_rows = 0;
            }
        }
    }
    // Nobody waits for the rest when the table was dropped.
    if pending_rows > 0 && !gone.is_closed() {
        groups.write(&pending)?;
    }
    drop(gone);
    let mut sink = groups.file.into_inner()?;
    sink.send()?;
    Ok(rows)
}

/// A Parquet file that is written one row group after the other, the columns of each side by side.
struct RowGroups {
    schema: SchemaRef,
    file: SerializedFileWriter<Sink>,
    columns: ArrowRowGroupWriterFactory,
}

impl RowGroups {
    fn new(sink: Sink, schema: SchemaRef) -> Result<Self, ParquetError> {
        let writer = ArrowWriter::try_new(sink, Arc::clone(&schema), Some(properties()))?;
        let (file, columns) = writer.into_serialized_writer()?;
        Ok(Self {
            schema,
            file,
            columns,
        })
    }

    /// Writes some batches as one row group.
    ///
    /// Pages are cut by the arrays a writer is given. Whole row groups at a time make the bytes
    /// depend on the rows alone.
    fn write(&mut self, batches: &[RecordBatch]) -> Result<(), ParquetError> {
        let fields = self.schema.fields().par_iter().enumerate();
        let leaves = fields.map(|(place, field)| {
            let parts: Vec<&dyn Array> = (batches.iter())
                .map(|batch| batch.column(place).as_ref())
                .collect();
            compute_leaves(field, &concat(&parts)?)
        });
        let leaves = leaves.collect::<Result<Vec<_>, ParquetError>>()?;
        let number = self.file.flushed_row_groups().len();
        let writers = self.columns.create_column_writers(number)?;
        let encoded = (leaves.into_iter().flatten().collect::<Vec<_>>())
            .into_par_iter()
            .zip(writers)
            .map(|(leaf, mut writer)| {
                writer.write(&leaf)?;
                writer.close()
            });
        let encoded = encoded.collect::<Result<Vec<_>, ParquetError>>()?;
        let mut group = self.file.next_row_group()?;
        for column in encoded {
            column.append_to_row_group(&mut group)?;
        }
        group.close()?;
        Ok(())
    }
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
