//! An aggregate of rows by key, one part of the keys after the other.

use std::fmt;
use std::sync::Arc;

use datafusion::common::internal_err;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PhysicalExpr,
    PlanProperties,
};
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::KeyedExec;
use super::UnpackExec;
use super::part::PartExec;
use super::pool::PartPool;
use super::split::{Part, Splitter};

/// Runs an aggregate over rows by key ([`KeyedExec`]) once for each part of the keys.
///
/// The rows of a partition are written down as they come, divided by a hash of their keys; what
/// memory has no room for goes to disk. Then the aggregate, with what stands between it and the
/// rows, runs over one part after the other. So it keeps the groups of one part at a time, they are
/// handed on part by part, and when there are more rows than memory it is the rows that are spilled,
/// once, and not the several times wider states of the groups.
#[derive(Debug, Clone)]
pub(crate) struct InPartsExec {
    aggregate: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl InPartsExec {
    pub(crate) fn new(aggregate: Arc<dyn ExecutionPlan>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(aggregate.schema()),
            aggregate.output_partitioning().clone(),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self {
            aggregate,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    /// The plan with every aggregate over rows by key run in parts.
    pub(crate) fn within(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
        let placed = plan.transform_up(|node| {
            let Some(aggregate) = node.downcast_ref::<AggregateExec>() else {
                return Ok(Transformed::no(node));
            };
            let whole = matches!(
                aggregate.mode(),
                AggregateMode::Single | AggregateMode::SinglePartitioned
            );
            if !whole || rows_of(aggregate.input()).is_none() {
                return Ok(Transformed::no(node));
            }
            Ok(Transformed::yes(
                Arc::new(Self::new(node)) as Arc<dyn ExecutionPlan>
            ))
        })?;
        Ok(placed.data)
    }
}

/// The rows by key that an operator gets, perhaps through projections.
fn rows_of(plan: &Arc<dyn ExecutionPlan>) -> Option<&KeyedExec> {
    if let Some(rows) = plan.downcast_ref::<KeyedExec>() {
        return Some(rows);
    }
    let projection = plan.downcast_ref::<ProjectionExec>()?;
    rows_of(projection.input())
}

/// The splitter with all rows of a partition; those that have been packed for their way here are not
/// made whole in between.
fn divided(
    mut splitter: Splitter,
    rows: &KeyedExec,
    partition: usize,
    context: Arc<TaskContext>,
) -> Result<BoxFuture<'static, Result<Splitter>>> {
    if let Some(packed) = rows.input().downcast_ref::<UnpackExec>() {
        let mut blocks = Box::pin(packed.blocks(partition, context)?);
        return Ok(Box::pin(async move {
            while let Some(block) = blocks.try_next().await? {
                splitter.push_block(&block)?;
            }
            Ok(splitter)
        }));
    }
    let mut rows = rows.execute(partition, context)?;
    Ok(Box::pin(async move {
        while let Some(batch) = rows.try_next().await? {
            splitter.push(&batch)?;
        }
        Ok(splitter)
    }))
}

/// The aggregate with the rows of a part in place of the rows by key.
fn of_part(aggregate: &Arc<dyn ExecutionPlan>, part: Part) -> Result<Arc<dyn ExecutionPlan>> {
    let mut part = Some(part);
    let placed = Arc::clone(aggregate).transform_down(|node| {
        if !node.is::<KeyedExec>() {
            return Ok(Transformed::no(node));
        }
        let Some(part) = part.take() else {
            return internal_err!("an aggregate has rows by key twice");
        };
        let rows = PartExec::new(&node, part);
        Ok(Transformed::new(
            Arc::new(rows) as Arc<dyn ExecutionPlan>,
            true,
            TreeNodeRecursion::Jump,
        ))
    })?;
    Ok(placed.data)
}

impl DisplayAs for InPartsExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InPartsExec")
    }
}

impl ExecutionPlan for InPartsExec {
    fn name(&self) -> &str {
        "InPartsExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.aggregate]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [aggregate] = children.as_slice() else {
            return internal_err!("parts have one aggregate");
        };
        Ok(Arc::new(Self::new(Arc::clone(aggregate))))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        self.replace_children(children, options)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let [input] = self.aggregate.children()[..] else {
            return internal_err!("an aggregate has one input");
        };
        let Some(rows) = rows_of(input) else {
            return internal_err!("an aggregate in parts has no rows by key");
        };
        let keys = rows.keys.iter().map(|key| key.index()).collect();
        let splitter = Splitter::new(rows.schema(), keys, partition, &context, &self.metrics);
        let divided = divided(splitter, rows, partition, Arc::clone(&context))?;
        let aggregate = Arc::clone(&self.aggregate);
        let context = PartPool::within(&context, partition);
        let parts = async move {
            let parts = divided.await?.finish()?;
            let results = stream::iter(parts)
                .filter(|part| std::future::ready(!part.is_empty()))
                .map(move |part| of_part(&aggregate, part)?.execute(0, Arc::clone(&context)))
                .try_flatten();
            Ok::<_, DataFusionError>(results)
        };
        let results = stream::once(parts).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            results,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
