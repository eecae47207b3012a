//! From the sink in a logical plan to the operator that writes.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};

use super::{Sink, SinkExec};
use crate::keyed::{InPartsExec, KeyedPlanner, pack_exchanges};

/// What the rows of an exchange go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exchange {
    /// The memory of this process.
    Memory,
    /// Files, and the network between executors.
    Files,
}

/// DataFusion's planner, which knows our nodes as well.
#[derive(Debug)]
pub(crate) struct EnginePlanner(pub(crate) Exchange);

#[async_trait]
impl QueryPlanner for EnginePlanner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let planned = DefaultPhysicalPlanner::with_extension_planners(vec![
            Arc::new(SinkPlanner),
            Arc::new(KeyedPlanner),
        ])
        .create_physical_plan(plan, session)
        .await?;
        // The last: parts are no business of the rules that choose operators.
        let planned = InPartsExec::within(planned)?;
        match self.0 {
            Exchange::Memory => Ok(planned),
            Exchange::Files => pack_exchanges(planned),
        }
    }
}

struct SinkPlanner;

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
