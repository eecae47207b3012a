//! Tables of a run: Parquet written one fixed way, and read back no more than
//! is asked for.

mod find;
mod source;
mod streamed;
pub(crate) mod write;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::ArtifactError;

pub(crate) use source::Source;
pub use streamed::TableWriter;

/// Decodes a whole table that is already in memory. Blocks.
pub(crate) fn decode(
    bytes: Bytes,
    url: &str,
) -> Result<(SchemaRef, Vec<RecordBatch>), ArtifactError> {
    let failed = || ArtifactError::table("read", url);
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(failed())?;
    let schema = SchemaRef::clone(builder.schema());
    let reader = builder.with_batch_size(8192).build().map_err(failed())?;
    let batches: Result<Vec<_>, _> = reader.collect();
    let batches = batches.map_err(|error| failed()(error.into()))?;
    Ok((schema, batches))
}
