//! Sinks on their way between client, scheduler and executors.

use std::sync::Arc;

use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::logical_expr::{Extension, LogicalPlan};
use datafusion::physical_plan::ExecutionPlan;

use super::node::Target;
use super::{Sink, SinkExec};
use crate::envelope;

const NODE_MARKER: &[u8] = b"\0sink-node\x01";
const EXEC_MARKER: &[u8] = b"\0sink-exec\x01";

/// The bytes of a logical node, if it is a sink.
pub(crate) fn encode_node(node: &Extension) -> Option<Result<Vec<u8>>> {
    let sink = node.node.as_any().downcast_ref::<Sink>()?;
    Some(envelope::pack(NODE_MARKER, &sink.written, &sink.target))
}

/// The logical node of these bytes, if they are a sink's.
pub(crate) fn decode_node(bytes: &[u8], inputs: &[LogicalPlan]) -> Option<Result<Extension>> {
    let unpacked = envelope::unpack::<Target>(NODE_MARKER, bytes)?;
    Some(unpacked.and_then(|(written, target)| {
        let [input] = inputs else {
            return internal_err!("a sink has one input");
        };
        let node = Arc::new(Sink::try_new(input.clone(), target, written)?);
        Ok(Extension { node })
    }))
}

/// The bytes of an operator, if it is a sink.
pub(crate) fn encode_exec(plan: &dyn ExecutionPlan) -> Option<Result<Vec<u8>>> {
    let sink = plan.downcast_ref::<SinkExec>()?;
    Some(envelope::pack(EXEC_MARKER, &sink.written, &sink.target))
}

/// The operator of these bytes, if they are a sink's.
pub(crate) fn decode_exec(
    bytes: &[u8],
    inputs: &[Arc<dyn ExecutionPlan>],
) -> Option<Result<Arc<dyn ExecutionPlan>>> {
    let unpacked = envelope::unpack::<Target>(EXEC_MARKER, bytes)?;
    Some(unpacked.and_then(|(written, target)| {
        let [input] = inputs else {
            return internal_err!("a sink has one input");
        };
        let sink = SinkExec::new(target, written, Arc::clone(input));
        Ok(Arc::new(sink) as Arc<dyn ExecutionPlan>)
    }))
}
