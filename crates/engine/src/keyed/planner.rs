//! From rows by key in a logical plan to the operator.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};

use super::{Keyed, KeyedExec};

pub(crate) struct KeyedPlanner;

#[async_trait]
impl ExtensionPlanner for KeyedPlanner {
    async fn plan_extension(
        &self,
        _: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        _: &dyn Session,
        _: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(keyed) = node.as_any().downcast_ref::<Keyed>() else {
            return Ok(None);
        };
        let [input] = inputs else {
            return internal_err!("rows by key have one input");
        };
        let places = keyed.places()?;
        let names = keyed.keys.iter().zip(places);
        let keys = names.map(|(key, place)| Column::new(&key.name, place));
        Ok(Some(Arc::new(KeyedExec::new(
            keys.collect(),
            Arc::clone(input),
        ))))
    }
}
