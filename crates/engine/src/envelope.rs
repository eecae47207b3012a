//! The bytes of our own nodes and tables: a marker, an Arrow schema, the rest as JSON.

use std::sync::Arc;

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::ipc::convert::{IpcSchemaEncoder, fb_to_schema};
use datafusion::arrow::ipc::root_as_schema;
use datafusion::arrow::ipc::writer::DictionaryTracker;
use datafusion::error::{DataFusionError, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The bytes of `schema` and `parts`, behind a marker that tells them from others.
pub(crate) fn pack<T: Serialize>(marker: &[u8], schema: &Schema, parts: &T) -> Result<Vec<u8>> {
    let mut dictionaries = DictionaryTracker::new(false);
    let schema = IpcSchemaEncoder::new()
        .with_dictionary_tracker(&mut dictionaries)
        .schema_to_fb(schema);
    let schema = schema.finished_data();
    let length = u32::try_from(schema.len()).map_err(external)?;
    let mut bytes = marker.to_vec();
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(schema);
    serde_json::to_writer(&mut bytes, parts).map_err(external)?;
    Ok(bytes)
}

/// What [`pack`] packed, if it was behind this marker.
pub(crate) fn unpack<T: DeserializeOwned>(
    marker: &[u8],
    bytes: &[u8],
) -> Option<Result<(SchemaRef, T)>> {
    bytes.strip_prefix(marker).map(open)
}

fn open<T: DeserializeOwned>(bytes: &[u8]) -> Result<(SchemaRef, T)> {
    let cut = || DataFusionError::Internal("the bytes of a plan are cut short".to_owned());
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(cut)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (schema, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
    let schema = fb_to_schema(root_as_schema(schema).map_err(|_| cut())?);
    Ok((
        Arc::new(schema),
        serde_json::from_slice(rest).map_err(external)?,
    ))
}

fn external(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
