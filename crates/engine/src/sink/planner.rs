//! From the sink in a logical plan to the operator that writes.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};

use super::{Sink, SinkExec};

pub(crate) struct SinkPlanner;

#[async_trait]
impl ExtensionPlanner for SinkPlanner {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        _: &dyn Session,
        _: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(sink) = node.as_any().downcast_ref::<Sink>() else {
            return Ok(None);
        };
        let [input] = inputs else {
            return internal_err!("a sink has one input");
        };
        let (target, written) = (sink.target.clone(), Arc::clone(&sink.written));
        Ok(Some(Arc::new(SinkExec::new(
            target,
            written,
            Arc::clone(input),
        ))))
    }
}
