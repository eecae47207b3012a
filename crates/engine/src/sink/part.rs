//! One Parquet file of a table, written batch by batch.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::config::TableParquetOptions;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::properties::WriterPropertiesBuilder;

use super::node::Target;
use super::upload::Upload;
use crate::engine::conform;
use crate::stores;

/// Parts that go to a local disk; small, because nothing is won by larger ones.
const LOCAL_PART_BYTES: usize = 1 << 20;

/// Parts that go to a remote store. S3 takes none below 5 MiB and no more than 10 000, so a file has
/// at most 78 GiB.
const REMOTE_PART_BYTES: usize = 8 << 20;

/// A file that is being written. Dropped before [`PartWriter::finish`], nothing of it is visible.
pub(super) struct PartWriter {
    schema: SchemaRef,
    encoder: ArrowWriter<Vec<u8>>,
    upload: Upload,
    memory: MemoryReservation,
    rows: u64,
}

impl PartWriter {
    /// A file `name` with the columns of `schema` and the session's Parquet settings.
    pub(super) fn new(
        target: &Target,
        name: &str,
        schema: SchemaRef,
        context: &TaskContext,
    ) -> Result<Self> {
        let place =
            stores::resolve(&target.url).map_err(|e| DataFusionError::External(Box::new(e)))?;
        let local = place.url.scheme() == "file";
        let part_bytes = if local {
            LOCAL_PART_BYTES
        } else {
            REMOTE_PART_BYTES
        };
        Ok(Self {
            encoder: encoder(&schema, context)?,
            schema,
            upload: Upload::new(place.store, place.path.join(name), part_bytes),
            memory: MemoryConsumer::new("Sink").register(context.memory_pool()),
            rows: 0,
        })
    }

    /// Adds rows. Where the pool has no memory for them, the row group is closed early and what is
    /// left waits for the store: little, and bounded.
    pub(super) async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let batch = conform(batch, &self.schema)?;
        self.encoder.write(&batch)?;
        self.rows += batch.num_rows() as u64;
        let held = self.encoder.memory_size() + self.upload.held_bytes();
        if self.memory.try_resize(held).is_err() {
            self.encoder.flush()?;
        }
        self.send().await?;
        self.memory
            .resize(self.encoder.memory_size() + self.upload.held_bytes());
        Ok(())
    }

    /// Makes the file visible; returns its rows and bytes.
    pub(super) async fn finish(mut self) -> Result<(u64, u64)> {
        self.encoder.finish()?;
        self.send().await?;
        let bytes = self.upload.bytes();
        self.upload.finish().await?;
        Ok((self.rows, bytes))
    }

    async fn send(&mut self) -> Result<()> {
        let encoded = std::mem::take(self.encoder.inner_mut());
        Ok(self.upload.put(encoded.into()).await?)
    }
}

fn encoder(schema: &SchemaRef, context: &TaskContext) -> Result<ArrowWriter<Vec<u8>>> {
    let settings = &context.session_config().options().execution.parquet;
    let mut options = TableParquetOptions {
        global: settings.clone(),
        ..Default::default()
    };
    if !settings.skip_arrow_metadata {
        options.arrow_schema(schema);
    }
    let properties = WriterPropertiesBuilder::try_from(&options)?.build();
    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(settings.skip_arrow_metadata);
    Ok(ArrowWriter::try_new_with_options(
        Vec::new(),
        Arc::clone(schema),
        options,
    )?)
}
