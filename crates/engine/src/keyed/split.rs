//! Rows divided by key into parts that are looked at one after the other.

use std::sync::Arc;

use arrow::compute::{concat_batches, interleave_record_batch};
use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::common::hash_utils::{RandomState, create_hashes};
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, SpillMetrics};
use datafusion::physical_plan::spill::SpillManager;
use datafusion::physical_plan::spill::spill_pool::{SpillPoolSink, spsc_channel};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::stream::{self, StreamExt};

use super::held::Held;

/// How many parts there are: what an aggregate keeps for one of them is small beside the memory
/// while a partition has some hundred million rows.
const PARTS: usize = 64;

/// Rows that are divided at once: few enough for the cache, enough for batches worth handling.
const BLOCK_ROWS: usize = 1 << 17;

/// Rows of a batch on disk: fewer, and packing them takes longer.
const SPILLED_ROWS: usize = 1 << 15;

/// A partition with no more rows than these, whatever fits into the cache anyway, stays whole.
const FEW_ROWS: usize = 1 << 15;

/// A file of spilled rows goes when it has been read, so there are several of them.
const FILE_BYTES: usize = 128 << 20;

/// Another seed than those of exchanges and hash tables, so that a part has keys of all their
/// places.
const SEED: u64 = 0x5eed_0f9a_2765_1e75;

/// The rows of a partition as they come in.
pub(super) struct Splitter {
    schema: SchemaRef,
    /// Where the keys stand.
    keys: Vec<usize>,
    /// Not divided yet.
    block: Vec<RecordBatch>,
    block_rows: usize,
    /// None until the partition turns out to be large.
    parts: Option<Vec<Growing>>,
    /// Bytes of the parts in memory.
    held_bytes: usize,
    reservation: MemoryReservation,
    spills: Arc<SpillManager>,
}

/// A part that may still grow.
#[derive(Default)]
struct Growing {
    spilled: Option<(SpillPoolSink, SendableRecordBatchStream)>,
    batches: Vec<Held>,
}

/// A part that is complete.
pub(super) struct Part {
    schema: SchemaRef,
    spilled: Option<SendableRecordBatchStream>,
    batches: Vec<Held>,
    /// None where nothing is held, so that nobody's share of the memory is less for it.
    memory: Option<MemoryReservation>,
}

impl Splitter {
    pub(super) fn new(
        schema: SchemaRef,
        keys: Vec<usize>,
        partition: usize,
        context: &TaskContext,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Self {
        let pool: &Arc<dyn MemoryPool> = context.memory_pool();
        let reservation = MemoryConsumer::new(format!("rows in parts[{partition}]"))
            .with_can_spill(true)
            .register(pool);
        let spills = SpillManager::new(
            context.runtime_env(),
            SpillMetrics::new(metrics, partition),
            Arc::clone(&schema),
        )
        .with_compression_type(context.session_config().spill_compression());
        Self {
            schema,
            keys,
            block: Vec::new(),
            block_rows: 0,
            parts: None,
            held_bytes: 0,
            reservation,
            spills: Arc::new(spills),
        }
    }

    /// Takes rows. Those that memory has no room for go to disk.
    pub(super) fn push(&mut self, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let bytes = batch.get_array_memory_size();
        if self.reservation.try_grow(bytes).is_err() {
            self.divide()?;
            self.spill()?;
            // One batch has to be held.
            self.reservation.grow(bytes);
        }
        self.block_rows += batch.num_rows();
        self.block.push(batch);
        if self.block_rows >= BLOCK_ROWS {
            self.divide()?;
        }
        Ok(())
    }

    /// Gives each row of the block to its part.
    fn divide(&mut self) -> Result<()> {
        let parts = self
            .parts
            .get_or_insert_with(|| (0..PARTS).map(|_| Growing::default()).collect());
        let mut rows: Vec<Vec<(usize, usize)>> = vec![Vec::new(); PARTS];
        let mut hashes = Vec::new();
        for (place, batch) in self.block.iter().enumerate() {
            let keys: Vec<ArrayRef> = self
                .keys
                .iter()
                .map(|key| Arc::clone(batch.column(*key)))
                .collect();
            hashes.clear();
            hashes.resize(batch.num_rows(), 0);
            create_hashes(&keys, &RandomState::with_seed(SEED), &mut hashes)?;
            for (row, hash) in hashes.iter().enumerate() {
                rows[part_of(*hash)].push((place, row));
            }
        }
        let block: Vec<&RecordBatch> = self.block.iter().collect();
        for (part, rows) in parts.iter_mut().zip(rows) {
            if !rows.is_empty() {
                let rows = interleave_record_batch(&block, &rows)?;
                let rows = Held::new(&rows)?;
                self.held_bytes += rows.bytes();
                part.batches.push(rows);
            }
        }
        // What is not there takes no room any more.
        let less = self.reservation.size().saturating_sub(self.held_bytes);
        self.reservation.shrink(less);
        self.block.clear();
        self.block_rows = 0;
        Ok(())
    }

    /// Writes every part as far as it is known.
    fn spill(&mut self) -> Result<()> {
        for part in self.parts.iter_mut().flatten() {
            let new = || spsc_channel(FILE_BYTES, Arc::clone(&self.spills));
            let batches = std::mem::take(&mut part.batches);
            let mut rest = batches.as_slice();
            while !rest.is_empty() {
                let mut rows = 0;
                let enough = rest.iter().position(|batch| {
                    rows += batch.num_rows();
                    rows >= SPILLED_ROWS
                });
                let (together, later) = rest.split_at(enough.map_or(rest.len(), |last| last + 1));
                rest = later;
                let (file, _) = part.spilled.get_or_insert_with(new);
                let together: Result<Vec<RecordBatch>, ArrowError> =
                    together.iter().map(Held::batch).collect();
                file.push_batch(&concat_batches(&self.schema, &together?)?)?;
            }
        }
        self.held_bytes = 0;
        self.reservation.free();
        Ok(())
    }

    /// The parts; of a small partition, one.
    pub(super) fn finish(mut self) -> Result<Vec<Part>> {
        if self.parts.is_none() && self.block_rows <= FEW_ROWS {
            let batches: Result<Vec<Held>, ArrowError> = self.block.iter().map(Held::new).collect();
            return Ok(vec![Part {
                schema: self.schema,
                spilled: None,
                batches: batches?,
                memory: Some(self.reservation),
            }]);
        }
        self.divide()?;
        let mut spilled = self.parts.iter().flatten().map(|part| &part.spilled);
        let short = spilled.any(Option::is_some);
        if short {
            // What memory there is is for the aggregate and those behind it.
            self.spill()?;
        }
        let mut parts = Vec::with_capacity(PARTS);
        for part in self.parts.into_iter().flatten() {
            // Without its writer the file is complete.
            let spilled = part.spilled.map(|(_, rows)| rows);
            let bytes: usize = part.batches.iter().map(Held::bytes).sum();
            let memory =
                (!short).then(|| self.reservation.split(bytes.min(self.reservation.size())));
            parts.push(Part {
                schema: Arc::clone(&self.schema),
                spilled,
                batches: part.batches,
                memory,
            });
        }
        Ok(parts)
    }
}

/// The part of a key with this hash.
fn part_of(hash: u64) -> usize {
    const { assert!(PARTS.is_power_of_two() && PARTS > 1) };
    // Multiplied once more, so that the upper bits depend on all.
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (u64::BITS - PARTS.trailing_zeros())) as usize
}

impl Part {
    /// Whether it has no rows.
    pub(super) fn is_empty(&self) -> bool {
        self.spilled.is_none() && self.batches.is_empty()
    }

    /// The rows, first those on disk. Memory is given back as they go.
    pub(super) fn into_stream(self) -> SendableRecordBatchStream {
        let Self {
            schema,
            spilled,
            batches,
            memory,
        } = self;
        let held = stream::iter(batches).map(move |batch: Held| {
            if let Some(memory) = &memory {
                memory.shrink(batch.bytes().min(memory.size()));
            }
            Ok(batch.batch()?)
        });
        let rows = match spilled {
            Some(spilled) => spilled.chain(held).left_stream(),
            None => held.right_stream(),
        };
        Box::pin(RecordBatchStreamAdapter::new(schema, rows))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use datafusion::arrow::array::{AsArray, Int64Array, StringArray};
    use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema};
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use futures::TryStreamExt;

    use super::*;
    use crate::memory;

    /// Batches of a key that is sometimes missing, a number of its own for each row, and a text.
    fn batches(rows: i64) -> Vec<RecordBatch> {
        let field = |name: &str, kind: DataType| Field::new(name, kind, true);
        let schema = Arc::new(Schema::new(vec![
            field("word", DataType::Utf8),
            field("key", DataType::Int64),
            field("number", DataType::Int64),
        ]));
        let batch = |first: i64| {
            let numbers = first..rows.min(first + 5_000);
            let key = |n: i64| (n % 101 != 0).then_some(n * 7919 % 9_973);
            let columns: Vec<ArrayRef> = vec![
                Arc::new(StringArray::from_iter_values(
                    numbers.clone().map(|n| format!("word {}", n % 77)),
                )),
                Arc::new(Int64Array::from_iter(numbers.clone().map(key))),
                Arc::new(Int64Array::from_iter_values(numbers)),
            ];
            RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()
        };
        (0..rows).step_by(5_000).map(batch).collect()
    }

    /// The rows of each part, and how many parts were on disk.
    async fn divided(
        batches: &[RecordBatch],
        limit_bytes: usize,
    ) -> (Vec<Vec<RecordBatch>>, usize) {
        let pool = memory::pool(limit_bytes);
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::clone(&pool));
        let context = TaskContext::default().with_runtime(runtime.build_arc().unwrap());
        let metrics = ExecutionPlanMetricsSet::new();
        let mut splitter = Splitter::new(batches[0].schema(), vec![1], 0, &context, &metrics);
        for batch in batches {
            splitter.push(batch.clone()).unwrap();
        }
        let parts = splitter.finish().unwrap();
        let on_disk = parts.iter().filter(|part| part.spilled.is_some()).count();
        let mut rows = Vec::new();
        for part in parts {
            rows.push(part.into_stream().try_collect().await.unwrap());
        }
        assert_eq!(pool.reserved(), 0);
        (rows, on_disk)
    }

    #[tokio::test]
    async fn every_row_is_in_the_part_of_its_key_in_memory_and_on_disk() {
        for (rows, limit_bytes, in_parts, spills) in [
            (1_000, 1 << 30, false, false),
            (50_000, 1 << 30, true, false),
            (300_000, 1 << 30, true, false),
            (300_000, 4 << 20, true, true),
            (20_000, 1 << 18, true, true),
            (300_000, 1 << 12, true, true),
        ] {
            let given = batches(rows);
            let (parts, on_disk) = divided(&given, limit_bytes).await;
            let how = format!("{rows} rows in {limit_bytes} bytes");
            assert_eq!(parts.len() > 1, in_parts, "{how}");
            assert_eq!(on_disk > 0, spills, "{how}");
            let mut part_of_key = BTreeMap::new();
            let mut found = BTreeMap::new();
            for (part, batches) in parts.iter().enumerate() {
                for batch in batches {
                    let keys = batch.column(1).as_primitive::<Int64Type>();
                    let numbers = batch.column(2).as_primitive::<Int64Type>().values();
                    let words = batch.column(0).as_string::<i32>();
                    for ((key, number), word) in keys.iter().zip(numbers).zip(words) {
                        assert_eq!(*part_of_key.entry(key).or_insert(part), part, "{how}");
                        let row = (key, word.unwrap().to_owned());
                        assert_eq!(found.insert(*number, row), None, "{how}");
                    }
                }
            }
            assert_eq!(found.len() as i64, rows, "{how}");
            for (number, (key, word)) in found {
                assert_eq!(key, (number % 101 != 0).then_some(number * 7919 % 9_973));
                assert_eq!(word, format!("word {}", number % 77));
            }
        }
    }
}
