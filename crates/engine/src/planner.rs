//! From logical plans to operators, our own nodes included.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::error::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};

use crate::keyed::{InPartsExec, KeyedPlanner, pack_exchanges};
use crate::sink::SinkPlanner;

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
