//! The scan of a source as an operator.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, PlanProperties,
};
use futures::stream;
use serde::{Deserialize, Serialize};

use super::parquet::{ParquetScan, RowGroups};
use super::spec::{Layout, SourceSpec};
use super::text::TextScan;

/// What one partition reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Share {
    /// Whole text files.
    Files(Vec<usize>),
    /// Row groups of Parquet files.
    Groups(Vec<RowGroups>),
}

/// Reads and parses the files of a source, where the partition runs.
#[derive(Debug, Clone)]
pub struct SourceScanExec {
    pub(crate) spec: Arc<SourceSpec>,
    pub(crate) shares: Arc<Vec<Share>>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl SourceScanExec {
    /// Spreads the files over at most `partitions` partitions of about the same size.
    pub(crate) fn plan(
        spec: Arc<SourceSpec>,
        schema: &SchemaRef,
        projection: &[usize],
        partitions: usize,
    ) -> Result<Self> {
        let schema = Arc::new(schema.project(projection)?);
        let shares = shares(&spec, partitions.max(1));
        Ok(Self::from_parts(spec, schema, shares))
    }

    pub(crate) fn from_parts(spec: Arc<SourceSpec>, schema: SchemaRef, shares: Vec<Share>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(shares.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            spec,
            shares: Arc::new(shares),
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

/// Gives each piece of work to the partition that has least so far, the largest pieces first.
/// Depends on nothing but the sizes and the order of the files.
fn shares(spec: &SourceSpec, partitions: usize) -> Vec<Share> {
    let text = spec.layout != Layout::Parquet;
    let mut pieces: Vec<(u64, usize, usize)> = Vec::new();
    for (file, source) in spec.files.iter().enumerate() {
        if text {
            pieces.push((source.size, file, 0));
        } else {
            let groups = source.row_groups.iter().enumerate();
            pieces.extend(groups.map(|(group, (_, bytes))| (*bytes, file, group)));
        }
    }
    let count = partitions.min(pieces.len()).max(1);
    pieces.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut loads = vec![(0u64, Vec::new()); count];
    for (size, file, group) in pieces {
        if let Some((load, work)) = loads.iter_mut().min_by_key(|(load, _)| *load) {
            *load += size.max(1);
            work.push((file, group));
        }
    }
    let share = |mut work: Vec<(usize, usize)>| {
        work.sort_unstable();
        if text {
            return Share::Files(work.into_iter().map(|(file, _)| file).collect());
        }
        let mut groups: Vec<RowGroups> = Vec::new();
        for (file, group) in work {
            match groups.last_mut() {
                Some(last) if last.file == file => last.groups.push(group),
                _ => groups.push(RowGroups {
                    file,
                    groups: vec![group],
                }),
            }
        }
        Share::Groups(groups)
    };
    loads.into_iter().map(|(_, work)| share(work)).collect()
}

/// The scan of one partition.
enum Scan {
    Text(Box<TextScan>),
    Parquet(Box<ParquetScan>),
}

impl Scan {
    async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        match self {
            Self::Text(scan) => scan.next_batch().await,
            Self::Parquet(scan) => scan.next_batch().await,
        }
    }
}

impl DisplayAs for SourceScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self
            .properties
            .eq_properties
            .schema()
            .fields()
            .iter()
            .map(|f| f.name().as_str())
            .collect();
        write!(
            f,
            "SourceScanExec: files={}, partitions={}, columns=[{}]",
            self.spec.files.len(),
            self.shares.len(),
            names.join(", ")
        )
    }
}

impl ExecutionPlan for SourceScanExec {
    fn name(&self) -> &str {
        "SourceScanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
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
        if !children.is_empty() {
            return internal_err!("a source scan has no children");
        }
        Ok(self)
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
        _context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let schema = self.schema();
        let spec = Arc::clone(&self.spec);
        let scan = match self.shares.get(partition).cloned() {
            Some(Share::Files(files)) => {
                Scan::Text(Box::new(TextScan::new(spec, files, Arc::clone(&schema))))
            }
            Some(Share::Groups(work)) => {
                Scan::Parquet(Box::new(ParquetScan::new(spec, work, Arc::clone(&schema))))
            }
            None => return internal_err!("a source scan has no partition {partition}"),
        };
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let batches = stream::try_unfold((scan, metrics), |(mut scan, metrics)| async move {
            let batch = scan.next_batch().await?;
            if let Some(batch) = &batch {
                metrics.record_output(batch.num_rows());
            }
            Ok(batch.map(|batch| (batch, (scan, metrics))))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
