//! Sources on their way between client, scheduler and executors. Credentials never travel; every
//! process finds its stores by itself.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::physical_plan::ExecutionPlan;
use serde::{Deserialize, Serialize};

use super::exec::{Share, SourceScanExec};
use super::spec::SourceSpec;
use super::table::SourceTable;
use crate::envelope;

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
    Some(envelope::pack(
        TABLE_MARKER,
        &table.schema,
        table.spec.as_ref(),
    ))
}

/// The table of these bytes, if they are a source's.
pub(crate) fn decode_table(bytes: &[u8]) -> Option<Result<Arc<dyn TableProvider>>> {
    let unpacked = envelope::unpack::<SourceSpec>(TABLE_MARKER, bytes)?;
    Some(unpacked.map(|(schema, spec)| {
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
    Some(envelope::pack(SCAN_MARKER, &scan.schema(), &parts))
}

/// The operator of these bytes, if they are the scan of a source.
pub(crate) fn decode_scan(
    bytes: &[u8],
    inputs: &[Arc<dyn ExecutionPlan>],
) -> Option<Result<Arc<dyn ExecutionPlan>>> {
    let unpacked = envelope::unpack::<ScanParts>(SCAN_MARKER, bytes)?;
    Some(unpacked.and_then(|(schema, parts)| {
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
