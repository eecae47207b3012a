//! An aggregate of rows by key, one part of the keys after the other.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::common::internal_err;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use datafusion::execution::runtime_env::RuntimeEnv;
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
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning,
    PhysicalExpr, PlanProperties,
};
use futures::stream::{self, StreamExt, TryStreamExt};

use super::KeyedExec;
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
        let mut rows = rows.execute(partition, Arc::clone(&context))?;
        let aggregate = Arc::clone(&self.aggregate);
        let context = PartPool::within(&context, partition);
        let parts = async move {
            let mut splitter = splitter;
            while let Some(batch) = rows.try_next().await? {
                splitter.push(&batch)?;
            }
            drop(rows);
            let parts = splitter.finish()?;
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

/// The memory of the aggregates of a partition's parts.
///
/// A part is small beside the memory, unless one key has most of the rows; an aggregate that had to
/// keep to an equal share with all operators of a large plan would spill the states of such a key
/// in pieces it cannot merge within that share. So it takes from what others leave.
#[derive(Debug)]
struct PartPool {
    of_all: MemoryReservation,
    whole: Arc<dyn MemoryPool>,
}

impl PartPool {
    /// The context with this memory in place of its own.
    fn within(context: &TaskContext, partition: usize) -> Arc<TaskContext> {
        let whole = Arc::clone(context.memory_pool());
        let of_all =
            MemoryConsumer::new(format!("aggregate in parts[{partition}]")).register(&whole);
        let runtime = RuntimeEnv {
            memory_pool: Arc::new(Self { of_all, whole }),
            ..RuntimeEnv::clone(&context.runtime_env())
        };
        Arc::new(TaskContext::new(
            context.task_id(),
            context.session_id(),
            context.session_config().clone(),
            context.scalar_functions().clone(),
            context.higher_order_functions().clone(),
            context.aggregate_functions().clone(),
            context.window_functions().clone(),
            Arc::new(runtime),
        ))
    }
}

impl fmt::Display for PartPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(used: {})", self.name(), self.reserved())
    }
}

impl MemoryPool for PartPool {
    fn name(&self) -> &str {
        "parts"
    }

    fn grow(&self, _: &MemoryReservation, additional: usize) {
        self.of_all.grow(additional);
    }

    fn shrink(&self, _: &MemoryReservation, shrink: usize) {
        self.of_all.shrink(shrink);
    }

    fn try_grow(&self, _: &MemoryReservation, additional: usize) -> Result<()> {
        self.of_all.try_grow(additional)
    }

    fn reserved(&self) -> usize {
        self.of_all.size()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.whole.memory_limit()
    }
}

/// The rows of one part, to be read once.
struct PartExec {
    part: Mutex<Option<Part>>,
    properties: Arc<PlanProperties>,
}

impl PartExec {
    /// In place of rows by key.
    fn new(rows: &Arc<dyn ExecutionPlan>, part: Part) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(rows.schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            part: Mutex::new(Some(part)),
            properties: Arc::new(properties),
        }
    }
}

impl fmt::Debug for PartExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartExec")
    }
}

impl DisplayAs for PartExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartExec")
    }
}

impl ExecutionPlan for PartExec {
    fn name(&self) -> &str {
        "PartExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let part = self.part.lock();
        // The part is there or not, whatever a thread that panicked did.
        let part = part.unwrap_or_else(PoisonError::into_inner).take();
        match part {
            Some(part) => Ok(part.into_stream(context.session_config().batch_size())),
            None => internal_err!("the rows of a part are read once"),
        }
    }
}
