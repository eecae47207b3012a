//! Rows by key on their way between client, scheduler and executors.

use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::logical_expr::{Extension, LogicalPlan};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;

use super::{InPartsExec, Keyed, KeyedExec, PackExec, UnpackExec};
use crate::envelope;

const NODE_MARKER: &[u8] = b"\0keyed-node\x01";
const EXEC_MARKER: &[u8] = b"\0keyed-exec\x01";
const PARTS_MARKER: &[u8] = b"\0keyed-parts\x01";
const PACK_MARKER: &[u8] = b"\0keyed-pack\x01";
const UNPACK_MARKER: &[u8] = b"\0keyed-unpack\x01";

/// The bytes of a logical node, if it is rows by key.
pub(crate) fn encode_node(node: &Extension) -> Option<Result<Vec<u8>>> {
    let keyed = node.node.as_any().downcast_ref::<Keyed>()?;
    let places = keyed.places();
    Some(places.and_then(|places| envelope::pack(NODE_MARKER, &Schema::empty(), &places)))
}

/// The logical node of these bytes, if they are of rows by key.
pub(crate) fn decode_node(bytes: &[u8], inputs: &[LogicalPlan]) -> Option<Result<Extension>> {
    let unpacked = envelope::unpack::<Vec<usize>>(NODE_MARKER, bytes)?;
    Some(unpacked.and_then(|(_, places)| {
        let [input] = inputs else {
            return internal_err!("rows by key have one input");
        };
        let node = Arc::new(Keyed::at(input.clone(), &places)?);
        Ok(Extension { node })
    }))
}

/// The bytes of an operator, if it is rows by key, an aggregate of them in parts, or packs them.
pub(crate) fn encode_exec(plan: &dyn ExecutionPlan) -> Option<Result<Vec<u8>>> {
    if plan.is::<InPartsExec>() {
        return Some(envelope::pack(PARTS_MARKER, &Schema::empty(), &()));
    }
    if let Some(pack) = plan.downcast_ref::<PackExec>() {
        return Some(envelope::pack(PACK_MARKER, &Schema::empty(), &pack.parts()));
    }
    if let Some(unpack) = plan.downcast_ref::<UnpackExec>() {
        let schema = unpack.schema();
        return Some(envelope::pack(UNPACK_MARKER, &schema, &unpack.places()));
    }
    let keyed = plan.downcast_ref::<KeyedExec>()?;
    let places: Vec<usize> = keyed.keys.iter().map(Column::index).collect();
    Some(envelope::pack(EXEC_MARKER, &Schema::empty(), &places))
}

/// The operator of these bytes, if [`encode_exec`] made them.
pub(crate) fn decode_exec(
    bytes: &[u8],
    inputs: &[Arc<dyn ExecutionPlan>],
) -> Option<Result<Arc<dyn ExecutionPlan>>> {
    if let Some(unpacked) = envelope::unpack::<()>(PARTS_MARKER, bytes) {
        return Some(unpacked.and_then(|_| {
            let [aggregate] = inputs else {
                return internal_err!("parts have one aggregate");
            };
            Ok(Arc::new(InPartsExec::new(Arc::clone(aggregate))) as Arc<dyn ExecutionPlan>)
        }));
    }
    if let Some(unpacked) = envelope::unpack::<(Vec<usize>, usize)>(PACK_MARKER, bytes) {
        return Some(unpacked.and_then(|(_, (places, n))| {
            let [rows] = inputs else {
                return internal_err!("packed rows have one input");
            };
            let pack = PackExec::try_new(places, n, Arc::clone(rows))?;
            Ok(Arc::new(pack) as Arc<dyn ExecutionPlan>)
        }));
    }
    if let Some(unpacked) = envelope::unpack::<Vec<usize>>(UNPACK_MARKER, bytes) {
        return Some(unpacked.and_then(|(schema, places)| {
            let [packed] = inputs else {
                return internal_err!("packed rows have one input");
            };
            let unpack = UnpackExec::try_new(schema, places, Arc::clone(packed))?;
            Ok(Arc::new(unpack) as Arc<dyn ExecutionPlan>)
        }));
    }
    let unpacked = envelope::unpack::<Vec<usize>>(EXEC_MARKER, bytes)?;
    Some(unpacked.and_then(|(_, places)| {
        let [input] = inputs else {
            return internal_err!("rows by key have one input");
        };
        let schema = input.schema();
        let mut keys = Vec::with_capacity(places.len());
        for place in places {
            let Some(field) = schema.fields().get(place) else {
                return internal_err!("rows by key have a key that is no column");
            };
            keys.push(Column::new(field.name(), place));
        }
        let keyed = KeyedExec::new(keys, Arc::clone(input));
        Ok(Arc::new(keyed) as Arc<dyn ExecutionPlan>)
    }))
}
