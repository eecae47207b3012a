//! The scan of a source as an operator.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning,
    PhysicalExpr, PlanProperties,
};
use futures::{TryStreamExt, stream};
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
///
/// Its input says which share of the files each partition reads: one row with the share's number.
/// A cluster gives a task some of a stage's partitions by cutting down the leaves of its plan, and
/// it can only cut leaves that it knows. Were this operator a leaf itself, every task would read
/// every share, and rows would come twice.
#[derive(Debug, Clone)]
pub struct SourceScanExec {
    pub(crate) spec: Arc<SourceSpec>,
    pub(crate) shares: Arc<Vec<Share>>,
    input: Arc<dyn ExecutionPlan>,
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
        let input = numbers(shares.len())?;
        Ok(Self::from_parts(spec, schema, shares, input))
    }

    pub(crate) fn from_parts(
        spec: Arc<SourceSpec>,
        schema: SchemaRef,
        shares: Vec<Share>,
        input: Arc<dyn ExecutionPlan>,
    ) -> Self {
        let partitions = input.output_partitioning().partition_count();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            spec,
            shares: Arc::new(shares),
            input,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

/// One partition per share, each with one row: the share's number.
fn numbers(shares: usize) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = Arc::new(Schema::new(vec![Field::new(
        "share",
        DataType::UInt64,
        false,
    )]));
    let partition = |share: usize| {
        let number: ArrayRef = Arc::new(UInt64Array::from(vec![share as u64]));
        Ok(vec![RecordBatch::try_new(
            Arc::clone(&schema),
            vec![number],
        )?])
    };
    let partitions = (0..shares).map(partition).collect::<Result<Vec<_>>>()?;
    Ok(MemorySourceConfig::try_new_exec(
        &partitions,
        Arc::clone(&schema),
        None,
    )?)
}

/// The shares that a partition is to read.
async fn work(mut numbers: SendableRecordBatchStream, shares: &[Share]) -> Result<VecDeque<Share>> {
    let mut work = VecDeque::new();
    while let Some(batch) = numbers.try_next().await? {
        for number in batch.column(0).as_primitive::<UInt64Type>().values() {
            match usize::try_from(*number)
                .ok()
                .and_then(|number| shares.get(number))
            {
                Some(share) => work.push_back(share.clone()),
                None => return internal_err!("a source scan has no share {number}"),
            }
        }
    }
    Ok(work)
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

/// The scan of one share.
enum Scan {
    Text(Box<TextScan>),
    Parquet(Box<ParquetScan>),
}

/// The scan of one partition.
struct PartitionScan {
    spec: Arc<SourceSpec>,
    schema: SchemaRef,
    shares: Arc<Vec<Share>>,
    /// The numbers of the shares, until they are read.
    numbers: Option<SendableRecordBatchStream>,
    work: VecDeque<Share>,
    current: Option<Scan>,
    metrics: BaselineMetrics,
}

impl PartitionScan {
    async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(numbers) = self.numbers.take() {
            self.work = work(numbers, &self.shares).await?;
        }
        loop {
            let batch = match &mut self.current {
                None => {
                    let Some(share) = self.work.pop_front() else {
                        return Ok(None);
                    };
                    self.current = Some(self.open(share));
                    continue;
                }
                Some(Scan::Text(scan)) => scan.next_batch().await?,
                Some(Scan::Parquet(scan)) => scan.next_batch().await?,
            };
            match batch {
                Some(batch) => {
                    self.metrics.record_output(batch.num_rows());
                    return Ok(Some(batch));
                }
                None => self.current = None,
            }
        }
    }

    fn open(&self, share: Share) -> Scan {
        let (spec, schema) = (Arc::clone(&self.spec), Arc::clone(&self.schema));
        match share {
            Share::Files(files) => Scan::Text(Box::new(TextScan::new(spec, files, schema))),
            Share::Groups(work) => Scan::Parquet(Box::new(ParquetScan::new(spec, work, schema))),
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
        vec![&self.input]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
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
            return internal_err!("a source scan has one input");
        };
        let shares = self.shares.as_ref().clone();
        let (spec, schema) = (Arc::clone(&self.spec), self.schema());
        Ok(Arc::new(Self::from_parts(
            spec,
            schema,
            shares,
            Arc::clone(input),
        )))
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
        let schema = self.schema();
        let scan = PartitionScan {
            spec: Arc::clone(&self.spec),
            schema: Arc::clone(&schema),
            shares: Arc::clone(&self.shares),
            numbers: Some(self.input.execute(partition, context)?),
            work: VecDeque::new(),
            current: None,
            metrics: BaselineMetrics::new(&self.metrics, partition),
        };
        let batches = stream::try_unfold(scan, |mut scan| async move {
            let batch = scan.next_batch().await?;
            Ok(batch.map(|batch| (batch, scan)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
