//! Rows by key on their way through files and networks: packed, many in one.
//!
//! An exchange between processes writes rows, packs what it wrote without knowing what it is, sends
//! and unpacks it. Rows in a fraction of their columns' width need none of that: below the exchange
//! [`PackExec`] makes one row of all those of a block that go to the same place, above it
//! [`UnpackExec`] takes it apart.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int32Array, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::hash_utils::create_hashes;
use datafusion::common::internal_err;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{
    Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet,
};
use datafusion::physical_plan::repartition::{REPARTITION_RANDOM_STATE, RepartitionExec};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning,
    PhysicalExpr, PlanProperties,
};
use futures::stream::{self, Stream, StreamExt, TryStreamExt};

use super::KeyedExec;
use super::bytes::Block;
use super::packer::{Packer, partition_of};

/// Where packed rows go.
const TO: &str = "to";
const ROWS: &str = "rows";

/// More numbers than have to be tried to find one for each of some ten thousand partitions.
const MOST_TRIED: i32 = 1 << 20;

/// The plan with the rows of every exchange below rows by key packed.
pub(crate) fn pack_exchanges(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let packed = plan.transform_up(|node| {
        let exchange = node.downcast_ref::<KeyedExec>().map(KeyedExec::input);
        let exchange = exchange.and_then(|input| input.downcast_ref::<RepartitionExec>());
        let (Some(keyed), Some(exchange)) = (node.downcast_ref::<KeyedExec>(), exchange) else {
            return Ok(Transformed::no(node));
        };
        let Partitioning::Hash(keys, n) = exchange.partitioning() else {
            return Ok(Transformed::no(node));
        };
        let places = keys
            .iter()
            .map(|key| key.downcast_ref::<Column>().map(Column::index));
        let Some(places) = places.collect::<Option<Vec<usize>>>() else {
            return Ok(Transformed::no(node));
        };
        let rows = exchange.input();
        let packed = Arc::new(PackExec::try_new(places.clone(), *n, Arc::clone(rows))?);
        let to: Arc<dyn PhysicalExpr> = Arc::new(Column::new(TO, 0));
        let exchange = RepartitionExec::try_new(packed, Partitioning::Hash(vec![to], *n))?;
        let rows = UnpackExec::try_new(rows.schema(), places, Arc::new(exchange))?;
        let keyed = KeyedExec::new(keyed.keys.clone(), Arc::new(rows));
        Ok(Transformed::yes(Arc::new(keyed) as Arc<dyn ExecutionPlan>))
    })?;
    Ok(packed.data)
}

/// For each of `n` partitions a number that an exchange sends there.
fn targets(n: usize) -> Result<Vec<i32>> {
    let mut targets = vec![None; n];
    let mut missing = n;
    let mut first = 0;
    while missing > 0 && first < MOST_TRIED {
        let numbers = first..first + 1024;
        first = numbers.end;
        let column: ArrayRef = Arc::new(Int32Array::from_iter_values(numbers.clone()));
        let mut hashes = vec![0; numbers.len()];
        create_hashes(
            &[column],
            REPARTITION_RANDOM_STATE.random_state(),
            &mut hashes,
        )?;
        for (number, hash) in numbers.zip(hashes) {
            let target = &mut targets[partition_of(hash, n)];
            if target.is_none() {
                *target = Some(number);
                missing -= 1;
            }
        }
    }
    match targets.into_iter().collect() {
        Some(targets) => Ok(targets),
        None => internal_err!("no number was found for each of {n} partitions"),
    }
}

fn places_of(places: &[usize], schema: &Schema) -> Result<Vec<Column>> {
    let column = |place: &usize| match schema.fields().get(*place) {
        Some(field) => Ok(Column::new(field.name(), *place)),
        None => internal_err!("packed rows have a key that is no column"),
    };
    places.iter().map(column).collect()
}

fn names(keys: &[Column]) -> String {
    let names: Vec<&str> = keys.iter().map(Column::name).collect();
    names.join(", ")
}

fn only(children: &[Arc<dyn ExecutionPlan>]) -> Result<Arc<dyn ExecutionPlan>> {
    match children {
        [input] => Ok(Arc::clone(input)),
        _ => internal_err!("packed rows have one input"),
    }
}

/// Makes one row of all those of a block that an exchange by their keys sends to one partition.
#[derive(Debug, Clone)]
pub(crate) struct PackExec {
    keys: Vec<Column>,
    targets: Arc<[i32]>,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl PackExec {
    /// For an exchange into `n` partitions by the columns at these places.
    pub(super) fn try_new(
        places: Vec<usize>,
        n: usize,
        input: Arc<dyn ExecutionPlan>,
    ) -> Result<Self> {
        let schema = Schema::new(vec![
            Field::new(TO, DataType::Int32, false),
            Field::new(ROWS, DataType::Binary, false),
        ]);
        let partitions = input.output_partitioning().partition_count();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::new(schema)),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            keys: places_of(&places, &input.schema())?,
            targets: targets(n)?.into(),
            input,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }

    /// Where the keys stand, and how many partitions there are.
    pub(super) fn parts(&self) -> (Vec<usize>, usize) {
        let places = self.keys.iter().map(Column::index).collect();
        (places, self.targets.len())
    }
}

impl DisplayAs for PackExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PackExec: {}", names(&self.keys))
    }
}

impl ExecutionPlan for PackExec {
    fn name(&self) -> &str {
        "PackExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
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
        let (places, n) = self.parts();
        Ok(Arc::new(Self::try_new(places, n, only(&children)?)?))
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
        let rows = self.input.execute(partition, Arc::clone(&context))?;
        let (places, _) = self.parts();
        let targets = Arc::clone(&self.targets);
        let packer = Packer::new(rows.schema(), self.schema(), places, targets, &context);
        let counted = MetricBuilder::new(&self.metrics).output_rows(partition);
        let packed = stream::try_unfold(Some((rows, packer)), move |state| {
            next_packed(state, counted.clone())
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            packed,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

type Packing = Option<(SendableRecordBatchStream, Packer)>;

/// The next packed rows, and what is left to be packed.
async fn next_packed(state: Packing, counted: Count) -> Result<Option<(RecordBatch, Packing)>> {
    let Some((mut rows, mut packer)) = state else {
        return Ok(None);
    };
    while let Some(batch) = rows.try_next().await? {
        counted.add(batch.num_rows());
        if let Some(packed) = packer.push(&batch)? {
            return Ok(Some((packed, Some((rows, packer)))));
        }
    }
    Ok(packer.pack()?.map(|packed| (packed, None)))
}

/// Takes packed rows apart.
#[derive(Debug, Clone)]
pub(crate) struct UnpackExec {
    keys: Vec<Column>,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl UnpackExec {
    /// Rows of this schema that were packed by the columns at these places.
    pub(super) fn try_new(
        schema: SchemaRef,
        places: Vec<usize>,
        input: Arc<dyn ExecutionPlan>,
    ) -> Result<Self> {
        let keys = places_of(&places, &schema)?;
        let partitions = input.output_partitioning().partition_count();
        let key = |key: &Column| Arc::new(key.clone()) as Arc<dyn PhysicalExpr>;
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::Hash(keys.iter().map(key).collect(), partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            keys,
            input,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }

    /// Where the keys stand.
    pub(super) fn places(&self) -> Vec<usize> {
        self.keys.iter().map(Column::index).collect()
    }

    /// The rows as they have come.
    pub(super) fn blocks(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<impl Stream<Item = Result<Block>> + Send + use<>> {
        let n_columns = self.schema().fields().len();
        let counted = MetricBuilder::new(&self.metrics).output_rows(partition);
        let block = move |bytes: Option<&[u8]>| {
            let block = Block::read(bytes.unwrap_or_default(), n_columns)?;
            counted.add(block.held.num_rows());
            Ok(block)
        };
        let packed = self.input.execute(partition, context)?;
        Ok(packed
            .map_ok(move |batch| {
                let block = block.clone();
                let n_blocks = batch.num_rows();
                let one = move |at: usize| {
                    let Some(rows) = batch.column(1).as_binary_opt::<i32>() else {
                        return internal_err!("packed rows are no bytes");
                    };
                    block(rows.is_valid(at).then(|| rows.value(at)))
                };
                stream::iter((0..n_blocks).map(one))
            })
            .try_flatten())
    }
}

impl DisplayAs for UnpackExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnpackExec: {}", names(&self.keys))
    }
}

impl ExecutionPlan for UnpackExec {
    fn name(&self) -> &str {
        "UnpackExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
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
        let rows = Self::try_new(self.schema(), self.places(), only(&children)?)?;
        Ok(Arc::new(rows))
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
        let of_rows = Arc::clone(&schema);
        let rows = self
            .blocks(partition, context)?
            .map(move |block| Ok(block?.batch(&of_rows)?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

#[cfg(test)]
mod tests {
    use arrow::util::display::array_value_to_string;
    use datafusion::datasource::memory::MemorySourceConfig;
    use datafusion::physical_plan::{common, execute_stream_partitioned};

    use super::*;
    use crate::keyed::held::tests::batch;

    /// The texts of the rows of each partition, sorted.
    async fn partitions(plan: Arc<dyn ExecutionPlan>) -> Vec<Vec<String>> {
        let mut partitions = Vec::new();
        for rows in execute_stream_partitioned(plan, Arc::default()).unwrap() {
            let mut lines = Vec::new();
            for batch in common::collect(rows).await.unwrap() {
                lines.extend((0..batch.num_rows()).map(|row| {
                    let columns = batch.columns().iter();
                    let texts = columns.map(|column| array_value_to_string(column, row).unwrap());
                    texts.collect::<Vec<_>>().join("|")
                }));
            }
            lines.sort();
            partitions.push(lines);
        }
        partitions
    }

    fn rows() -> Arc<dyn ExecutionPlan> {
        let (all, some, none) = (batch(1), batch(3), batch(0));
        let inputs = [vec![all.clone(), some], vec![], vec![none, all.slice(0, 0)]];
        MemorySourceConfig::try_new_exec(&inputs, all.schema(), None).unwrap()
    }

    #[tokio::test]
    async fn packed_rows_come_to_the_partition_that_an_exchange_of_rows_brings_them_to() {
        for (places, n) in [(vec![1], 1), (vec![1], 2), (vec![7, 0], 5), (vec![6], 40)] {
            let rows = rows();
            let keys = places_of(&places, &rows.schema()).unwrap();
            let key = |key: &Column| Arc::new(key.clone()) as Arc<dyn PhysicalExpr>;
            let hash = Partitioning::Hash(keys.iter().map(key).collect(), n);
            let exchange = RepartitionExec::try_new(rows, hash).unwrap();
            let plan: Arc<dyn ExecutionPlan> = Arc::new(KeyedExec::new(keys, Arc::new(exchange)));
            let packed = pack_exchanges(Arc::clone(&plan)).unwrap();
            let keyed = packed.downcast_ref::<KeyedExec>().unwrap();
            assert!(keyed.input().is::<UnpackExec>());
            let expected = partitions(plan).await;
            assert_eq!(expected.iter().map(Vec::len).sum::<usize>(), 3_000);
            assert_eq!(
                partitions(Arc::clone(&packed)).await,
                expected,
                "{places:?} {n}"
            );

            let counted = |plan: &Arc<dyn ExecutionPlan>| plan.metrics().unwrap().output_rows();
            assert_eq!(counted(keyed.input()), Some(3_000));
        }
    }

    #[test]
    fn every_partition_has_a_number_of_its_own() {
        for n in [1, 2, 3, 16, 200, 1_000] {
            let numbers: ArrayRef = Arc::new(Int32Array::from(targets(n).unwrap()));
            let mut hashes = vec![0; n];
            let state = REPARTITION_RANDOM_STATE.random_state();
            create_hashes(&[numbers], state, &mut hashes).unwrap();
            let places: Vec<usize> = hashes.iter().map(|hash| partition_of(*hash, n)).collect();
            assert_eq!(places, (0..n).collect::<Vec<_>>());
        }
    }
}
