//! The sink as an operator.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::common::spawn_buffered;
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{
    BaselineMetrics, Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning,
    PhysicalExpr, PlanProperties,
};
use futures::{TryStreamExt, stream};

use super::node::{Target, report_schema};
use super::part::PartWriter;

/// Batches that are made ahead of the writer where only one partition runs.
const BATCHES_AHEAD: usize = 2;

/// Writes each partition of its input as one Parquet file, where the partition runs, and reports it
/// in one row. A partition without rows makes no file and no row.
///
/// A file becomes visible when it is whole. When the query fails or its stream is dropped, the files
/// that are not whole disappear; whole ones stay for the caller to remove.
#[derive(Debug, Clone)]
pub(crate) struct SinkExec {
    pub(crate) target: Target,
    pub(crate) written: SchemaRef,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl SinkExec {
    pub(crate) fn new(target: Target, written: SchemaRef, input: Arc<dyn ExecutionPlan>) -> Self {
        let partitions = input.output_partitioning().partition_count();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(report_schema()),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self {
            target,
            written,
            input,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

/// The name of a partition's file, like no other: the attempt is the table's, the task's identity
/// (job, stage, task, and how often they were tried) the cluster's, and within a task, or a query of
/// this process, the partition tells files apart.
fn name(attempt: &str, task: Option<String>, partition: usize) -> String {
    let task = task.unwrap_or_default();
    let words = task
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let task: String = words.flat_map(|word| [word, "-"]).collect();
    format!("{attempt}-{task}{partition:05}.parquet")
}

/// The writing of one partition.
struct Writing {
    target: Target,
    schema: SchemaRef,
    name: String,
    context: Arc<TaskContext>,
    baseline: BaselineMetrics,
    rows_written: Count,
    bytes_written: Count,
}

impl Writing {
    /// Writes all rows; the report, unless there were none.
    async fn run(self, mut rows: SendableRecordBatchStream) -> Result<Option<RecordBatch>> {
        let mut part = None;
        while let Some(batch) = rows.try_next().await? {
            if batch.num_rows() == 0 {
                continue;
            }
            let part = match &mut part {
                Some(part) => part,
                None => part.insert(PartWriter::new(
                    &self.target,
                    &self.name,
                    Arc::clone(&self.schema),
                    &self.context,
                )?),
            };
            part.write(&batch).await?;
        }
        // What made the rows need not wait for the store.
        drop(rows);
        let Some(part) = part else { return Ok(None) };
        let (rows, bytes) = part.finish().await?;
        self.rows_written
            .add(usize::try_from(rows).unwrap_or(usize::MAX));
        self.bytes_written
            .add(usize::try_from(bytes).unwrap_or(usize::MAX));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec![self.name])),
            Arc::new(UInt64Array::from(vec![rows])),
            Arc::new(UInt64Array::from(vec![bytes])),
        ];
        self.baseline.record_output(1);
        Ok(Some(RecordBatch::try_new(report_schema(), columns)?))
    }
}

impl DisplayAs for SinkExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SinkExec: {}", self.target.url)
    }
}

impl ExecutionPlan for SinkExec {
    fn name(&self) -> &str {
        "SinkExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        // The partitions are taken as they come.
        vec![false]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        // Of the rows in the file: a sort below was asked for and must stay.
        vec![true]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = children.as_slice() else {
            return internal_err!("a sink has one input");
        };
        let (target, written) = (self.target.clone(), Arc::clone(&self.written));
        Ok(Arc::new(Self::new(target, written, Arc::clone(input))))
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
        let mut rows = self.input.execute(partition, Arc::clone(&context))?;
        if self.input.output_partitioning().partition_count() == 1 {
            // Nothing else runs beside it: encode these rows while the next are made.
            rows = spawn_buffered(rows, BATCHES_AHEAD);
        }
        let counter =
            |name: &'static str| MetricBuilder::new(&self.metrics).counter(name, partition);
        let writing = Writing {
            name: name(&self.target.attempt, context.task_id(), partition),
            target: self.target.clone(),
            schema: Arc::clone(&self.written),
            context,
            baseline: BaselineMetrics::new(&self.metrics, partition),
            rows_written: counter("rows_written"),
            bytes_written: counter("bytes_written"),
        };
        let report = stream::once(writing.run(rows)).try_filter_map(futures::future::ok);
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            report_schema(),
            report,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_tasks_attempts_and_partitions_apart() {
        assert_eq!(name("a1", None, 3), "a1-00003.parquet");
        let task = |task: &str, partition| name("a1", Some(task.to_owned()), partition);
        assert_eq!(
            task("TID Jx9/2.0/7.1", 0),
            "a1-TID-Jx9-2-0-7-1-00000.parquet"
        );
        let names = [
            task("TID Jx9/2.0/7.1", 0),
            task("TID Jx9/2.0/7.1", 1),
            task("TID Jx9/2.0/7.2", 0),
            task("TID Jx9/2.0/71.0", 0),
            task("TID Jx9/2.1/7.1", 0),
        ];
        let distinct: std::collections::HashSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
    }
}
