//! Sources on their way between client, scheduler and executors: a marker, the Arrow schema, and
//! the rest as JSON. Credentials never travel; every process finds its stores by itself.

use std::sync::Arc;

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::ipc::convert::{IpcSchemaEncoder, fb_to_schema};
use datafusion::arrow::ipc::root_as_schema;
use datafusion::catalog::TableProvider;
use datafusion::common::internal_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::physical_plan::ExecutionPlan;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::exec::{Share, SourceScanExec};
use super::spec::SourceSpec;
use super::table::SourceTable;

const TABLE_MARKER: &[u8] = b"\0source-table\x01";
const SCAN_MARKER: &[u8] = b"\0source-scan\x01";

#[derive(Serialize, Deserialize)]
struct ScanParts {
    spec: SourceSpec,
    shares: Vec<Share>,
}

/// The bytes of a table, if it is a source.
pub(crate) fn encode_table(provider: &dyn TableProvider) -> Option<Result<Vec<u8>>> {
    let table = provider.downcast_ref::<SourceTable>()?;
    Some(encode(TABLE_MARKER, &table.schema, table.spec.as_ref()))
}

/// The table of these bytes, if they are a source's.
pub(crate) fn decode_table(bytes: &[u8]) -> Option<Result<Arc<dyn TableProvider>>> {
    let rest = bytes.strip_prefix(TABLE_MARKER)?;
    Some(decode::<SourceSpec>(rest).map(|(schema, spec)| {
        Arc::new(SourceTable::from_parts(spec, schema)) as Arc<dyn TableProvider>
    }))
}

/// The bytes of an operator, if it is the scan of a source.
pub(crate) fn encode_scan(plan: &dyn ExecutionPlan) -> Option<Result<Vec<u8>>> {
    let scan = plan.downcast_ref::<SourceScanExec>()?;
    let parts = ScanParts {
        spec: scan.spec.as_ref().clone(),
        shares: scan.shares.as_ref().clone(),
    };
    Some(encode(SCAN_MARKER, &scan.schema(), &parts))
}

/// The operator of these bytes, if they are the scan of a source.
pub(crate) fn decode_scan(
    bytes: &[u8],
    inputs: &[Arc<dyn ExecutionPlan>],
) -> Option<Result<Arc<dyn ExecutionPlan>>> {
    let rest = bytes.strip_prefix(SCAN_MARKER)?;
    Some(decode::<ScanParts>(rest).and_then(|(schema, parts)| {
        let [input] = inputs else {
            return internal_err!("a source scan has one input");
        };
        let (spec, input) = (Arc::new(parts.spec), Arc::clone(input));
        Ok(Arc::new(SourceScanExec::from_parts(
            spec,
            schema,
            parts.shares,
            input,
        )) as Arc<dyn ExecutionPlan>)
    }))
}

fn external(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn encode<T: Serialize>(marker: &[u8], schema: &Schema, parts: &T) -> Result<Vec<u8>> {
    let schema = IpcSchemaEncoder::new().schema_to_fb(schema);
    let schema = schema.finished_data();
    let length = u32::try_from(schema.len()).map_err(external)?;
    let mut bytes = marker.to_vec();
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(schema);
    serde_json::to_writer(&mut bytes, parts).map_err(external)?;
    Ok(bytes)
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<(SchemaRef, T)> {
    let cut = || DataFusionError::Internal("the bytes of a source are cut short".to_owned());
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(cut)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (schema, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
    let schema = fb_to_schema(root_as_schema(schema).map_err(|_| cut())?);
    Ok((
        Arc::new(schema),
        serde_json::from_slice(rest).map_err(external)?,
    ))
}
