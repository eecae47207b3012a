//! Rows divided by key into parts that are looked at one after the other.

use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, StringArray};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::common::hash_utils::RandomState;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, SpillMetrics};
use datafusion::physical_plan::spill::SpillManager;
use datafusion::physical_plan::spill::spill_pool::{SpillPoolSink, spsc_channel};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::stream;

use super::bytes::Block;
use super::held::Held;
use super::numbered::{Numbered, by_part};
use super::pool::memory_of_partition;

/// How many parts there are in memory: what an aggregate keeps for one of them is small beside the
/// memory while a partition has some thousand million rows.
const PARTS: usize = 256;

/// Parts next to each other go to the same files, of which a partition has so many open at once, and
/// all partitions at most [`OPEN_FILES`]: a process is usually allowed 1,024.
const FILES: usize = 64;
const OPEN_FILES: usize = 512;

/// Parts next to each other are one while they have no more rows than these: each costs the start of
/// an aggregate. A small partition is one part.
const PART_ROWS: usize = 1 << 17;

/// Memory of a partition for each row of such a part: many times what an aggregate keeps for a group,
/// so that its results are small beside the memory of those who get them.
const MEMORY_PER_ROW: usize = 24 << 10;

/// Rows that are divided at once: few enough for the cache, enough for batches worth handling.
const BLOCK_ROWS: usize = 1 << 17;

/// Rows of a batch on disk: fewer, and packing them takes longer.
const SPILLED_ROWS: usize = 1 << 15;

/// A file of spilled rows goes when it has been read, so there are several of them.
const FILE_BYTES: usize = 128 << 20;

/// Another seed than those of exchanges and hash tables, so that a part has keys of all their
/// places.
const SEED: u64 = 0x5eed_0f9a_2765_1e75;

/// The rows of a partition as they come in.
pub(super) struct Splitter {
    /// Where the keys stand.
    keys: Vec<usize>,
    numbered: Numbered,
    /// Not divided yet, with numbers for texts in the same columns.
    block: Vec<RecordBatch>,
    block_rows: usize,
    /// Rows in memory by part; none until the partition turns out to be large.
    parts: Option<Vec<Vec<Held>>>,
    held_bytes: usize,
    /// As [`PART_ROWS`], or fewer when there is little memory.
    part_rows: usize,
    /// How many files there are once there are some.
    n_files: usize,
    /// Rows on disk, of several parts each.
    files: Vec<Option<(SpillPoolSink, SendableRecordBatchStream)>>,
    reservation: MemoryReservation,
    spills: Arc<SpillManager>,
}

/// The rows of some keys.
pub(super) enum Part {
    OnDisk(SendableRecordBatchStream),
    InMemory {
        schema: SchemaRef,
        texts: Arc<[Option<StringArray>]>,
        held: Vec<Held>,
        memory: MemoryReservation,
    },
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
        let partitions = context.session_config().target_partitions().max(1);
        let memory = memory_of_partition(context);
        Self {
            numbered: Numbered::new(schema, &keys, memory),
            keys,
            block: Vec::new(),
            block_rows: 0,
            parts: None,
            held_bytes: 0,
            part_rows: (memory / MEMORY_PER_ROW).min(PART_ROWS),
            n_files: (OPEN_FILES / partitions).clamp(1, FILES),
            files: Vec::new(),
            reservation,
            spills: Arc::new(spills),
        }
    }

    /// Takes rows. Those that memory has no room for go to disk.
    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let batch = self.numbered.batch(batch)?;
        self.push_numbered(batch)
    }

    /// The same with rows that have been packed for their way here.
    pub(super) fn push_block(&mut self, block: &Block) -> Result<()> {
        let Self { numbered, .. } = self;
        let schema = Arc::clone(numbered.schema());
        let batch =
            block.batch_in_numbers(&schema, |place, texts| numbered.numbers(place, texts))?;
        self.push_numbered(batch)
    }

    fn push_numbered(&mut self, batch: RecordBatch) -> Result<()> {
        let first = self.block.first();
        if first.is_some_and(|first| first.schema() != batch.schema()) {
            self.divide()?;
        }
        let bytes = batch.get_array_memory_size();
        if self.reservation.try_grow(bytes).is_err() {
            self.divide()?;
            if self.reservation.try_grow(bytes).is_err() {
                self.spill()?;
                // One batch has to be held.
                self.reservation.grow(bytes);
            }
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
        if !self.block.is_empty() {
            let state = RandomState::with_seed(SEED);
            let (block, rows) = by_part(&self.block, &self.keys, &state, PARTS, part_of)?;
            self.block.clear();
            self.block_rows = 0;
            let rows: Vec<&[u32]> = rows.iter().map(Vec::as_slice).collect();
            let none = || (0..PARTS).map(|_| Vec::new()).collect();
            let parts = self.parts.get_or_insert_with(none);
            for (part, held) in parts.iter_mut().zip(Held::divided(&block, &rows)?) {
                if held.num_rows() > 0 {
                    self.held_bytes += held.bytes();
                    part.push(held);
                }
            }
        }
        // What is not there takes no room any more.
        let gone = self.reservation.size().saturating_sub(self.held_bytes);
        self.reservation.shrink(gone);
        Ok(())
    }

    /// Writes all rows that are held.
    fn spill(&mut self) -> Result<()> {
        tracing::debug!(bytes = self.held_bytes, "rows in parts go to disk");
        let texts = self.texts()?;
        self.files.resize_with(self.n_files, || None);
        let parts = self.parts.iter_mut().flatten();
        for (part, held) in parts.enumerate() {
            let new = || spsc_channel(FILE_BYTES, Arc::clone(&self.spills));
            let held = std::mem::take(held);
            let mut rest = held.as_slice();
            while !rest.is_empty() {
                let (together, later) = rest.split_at(as_many(rest, SPILLED_ROWS));
                rest = later;
                let (file, _) = self.files[part * self.n_files / PARTS].get_or_insert_with(new);
                file.push_batch(&Held::batch(together, self.numbered.schema(), &texts)?)?;
            }
        }
        self.held_bytes = 0;
        self.reservation.free();
        Ok(())
    }

    /// The texts of each column that has had numbers for them.
    fn texts(&self) -> Result<Arc<[Option<StringArray>]>, ArrowError> {
        Ok(self.numbered.texts()?.into())
    }

    /// The parts; of a small partition, one.
    pub(super) fn finish(mut self) -> Result<Vec<Part>> {
        if self.parts.is_none() && self.block_rows <= self.part_rows {
            let mut held = Vec::with_capacity(self.block.len());
            for batch in &self.block {
                let rows: Vec<u32> = (0..).take(batch.num_rows()).collect();
                held.extend(Held::divided(batch, &[&rows])?);
            }
            return Ok(vec![Part::InMemory {
                texts: self.texts()?,
                schema: Arc::clone(self.numbered.schema()),
                held,
                memory: self.reservation,
            }]);
        }
        self.divide()?;
        if !self.files.is_empty() {
            // What memory there is is for the aggregate and those behind it.
            self.spill()?;
            let files = self.files.into_iter().flatten();
            // Without its writer a file is complete.
            return Ok(files.map(|(_, rows)| Part::OnDisk(rows)).collect());
        }
        let texts = self.texts()?;
        let mut parts = Vec::new();
        let mut rest = self.parts.unwrap_or_default().into_iter().peekable();
        while let Some(mut held) = rest.next() {
            let rows_of = |held: &[Held]| held.iter().map(Held::num_rows).sum::<usize>();
            let mut rows = rows_of(&held);
            while let Some(next) = rest.next_if(|next| rows + rows_of(next) <= self.part_rows) {
                rows += rows_of(&next);
                held.extend(next);
            }
            let bytes: usize = held.iter().map(Held::bytes).sum();
            parts.push(Part::InMemory {
                schema: Arc::clone(self.numbered.schema()),
                texts: Arc::clone(&texts),
                held,
                memory: self.reservation.split(bytes.min(self.reservation.size())),
            });
        }
        Ok(parts)
    }
}

/// How many of some held rows make a batch of so many rows, or nearly.
fn as_many(held: &[Held], rows: usize) -> usize {
    let mut sum = 0;
    let enough = held.iter().position(|held| {
        sum += held.num_rows();
        sum >= rows
    });
    enough.map_or(held.len(), |last| last + 1)
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
        match self {
            Self::OnDisk(_) => false,
            Self::InMemory { held, .. } => held.is_empty(),
        }
    }

    /// The rows in batches of about so many. Memory is given back as they go.
    pub(super) fn into_stream(self, batch_rows: usize) -> SendableRecordBatchStream {
        let (schema, texts, held, memory) = match self {
            Self::OnDisk(rows) => return rows,
            Self::InMemory {
                schema,
                texts,
                held,
                memory,
            } => (schema, texts, held, memory),
        };
        let of = Arc::clone(&schema);
        let mut held = held.into_iter();
        let batches = std::iter::from_fn(move || {
            let many = as_many(held.as_slice(), batch_rows);
            let together: Vec<Held> = held.by_ref().take(many).collect();
            if together.is_empty() {
                return None;
            }
            let bytes: usize = together.iter().map(Held::bytes).sum();
            memory.shrink(bytes.min(memory.size()));
            Some(Held::batch(&together, &of, &texts).map_err(Into::into))
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, stream::iter(batches)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array, StringArray};
    use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema};
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use futures::TryStreamExt;

    use super::*;
    use crate::memory;

    /// Batches of a key that is sometimes missing, a number of its own for each row, and one of so
    /// many texts.
    fn batches(rows: i64, texts: i64) -> Vec<RecordBatch> {
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
                    numbers.clone().map(|n| format!("word {}", n % texts)),
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
            splitter.push(batch).unwrap();
        }
        let parts = splitter.finish().unwrap();
        let on_disk = parts
            .iter()
            .filter(|part| matches!(part, Part::OnDisk(_)))
            .count();
        let mut rows = Vec::new();
        for part in parts {
            rows.push(part.into_stream(8192).try_collect().await.unwrap());
        }
        assert_eq!(pool.reserved(), 0);
        (rows, on_disk)
    }

    #[tokio::test]
    async fn every_row_is_in_the_part_of_its_key_in_memory_and_on_disk() {
        for (rows, texts, limit_bytes, in_parts, spills) in [
            (1_000, 77, 1 << 30, false, false),
            (50_000, 77, 1 << 30, true, false),
            (300_000, 77, 1 << 30, true, false),
            (300_000, 77, 4 << 20, true, false),
            (300_000, 77, 1 << 20, true, true),
            (20_000, 77, 1 << 17, true, true),
            (300_000, 77, 1 << 12, true, true),
            // More texts than get numbers.
            (200_000, 90_000, 1 << 30, true, false),
            (200_000, 90_000, 4 << 20, true, true),
        ] {
            let given = batches(rows, texts);
            let (parts, on_disk) = divided(&given, limit_bytes).await;
            let how = format!("{rows} rows of {texts} texts in {limit_bytes} bytes");
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
                assert_eq!(word, format!("word {}", number % texts));
            }
        }
    }
}
