//! Making one row of many.

use std::sync::Arc;

use datafusion::arrow::array::{BinaryArray, Int32Array, RecordBatch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_plan::repartition::REPARTITION_RANDOM_STATE;

use super::bytes::Block;
use super::held::Held;
use super::numbered::{Numbered, by_part};
use super::pool::memory_of_partition;

/// Rows that are packed together, if they go to few partitions: few enough for the cache.
const BLOCK_ROWS: usize = 1 << 17;

/// Rows of each partition, if there are many of these: their texts and widths are written once for
/// so many.
const PARTITION_ROWS: usize = 1 << 12;

/// However few rows it is: a packed row travels in one piece.
const BLOCK_BYTES: usize = 16 << 20;

/// Rows on their way into an exchange.
pub(super) struct Packer {
    numbered: Numbered,
    packed_schema: SchemaRef,
    /// Where the keys stand.
    keys: Vec<usize>,
    /// What says where to go, for each partition.
    targets: Arc<[i32]>,
    /// Not packed yet, with numbers for texts in the same columns.
    block: Vec<RecordBatch>,
    block_rows: usize,
    reservation: MemoryReservation,
}

impl Packer {
    pub(super) fn new(
        schema: SchemaRef,
        packed_schema: SchemaRef,
        keys: Vec<usize>,
        targets: Arc<[i32]>,
        context: &TaskContext,
    ) -> Self {
        let reservation = MemoryConsumer::new("rows to be packed").register(context.memory_pool());
        Self {
            numbered: Numbered::new(schema, &keys, memory_of_partition(context)),
            packed_schema,
            keys,
            targets,
            block: Vec::new(),
            block_rows: 0,
            reservation,
        }
    }

    /// Takes rows; gives those before them, packed, when they are enough.
    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        if batch.num_rows() == 0 {
            return Ok(None);
        }
        let batch = self.numbered.batch(batch)?;
        let bytes = batch.get_array_memory_size();
        let enough = BLOCK_ROWS.max(self.targets.len() * PARTITION_ROWS);
        let first = self.block.first();
        let packed = if first.is_some_and(|first| first.schema() != batch.schema())
            || self.block_rows >= enough
            || self.reservation.size() + bytes > BLOCK_BYTES
            || self.reservation.try_grow(bytes).is_err()
        {
            let packed = self.pack()?;
            // One batch has to be held.
            self.reservation.grow(bytes);
            packed
        } else {
            None
        };
        self.block_rows += batch.num_rows();
        self.block.push(batch);
        Ok(packed)
    }

    /// The rows that there are, packed; none if there are none.
    pub(super) fn pack(&mut self) -> Result<Option<RecordBatch>> {
        if self.block.is_empty() {
            return Ok(None);
        }
        let n = self.targets.len();
        let state = REPARTITION_RANDOM_STATE.random_state();
        let part = |hash| partition_of(hash, n);
        let (block, rows) = by_part(&self.block, &self.keys, state, n, part)?;
        self.block.clear();
        self.block_rows = 0;
        let rows: Vec<&[u32]> = rows.iter().map(Vec::as_slice).collect();
        let texts = self.numbered.texts()?;
        let held = Held::divided(&block, &rows)?;
        drop(block);
        let held = self.targets.iter().zip(held);
        let held = held.filter(|(_, held)| held.num_rows() > 0);
        let packed = held.map(|(to, held)| Ok((*to, Block::write(&held, &texts)?)));
        let packed: Vec<(i32, Vec<u8>)> = packed.collect::<Result<_>>()?;
        self.reservation.free();
        let to = Int32Array::from_iter_values(packed.iter().map(|(to, _)| *to));
        let rows = BinaryArray::from_iter_values(packed.iter().map(|(_, rows)| rows));
        let schema = Arc::clone(&self.packed_schema);
        let packed = RecordBatch::try_new(schema, vec![Arc::new(to), Arc::new(rows)])?;
        Ok(Some(packed))
    }
}

/// Where an exchange sends rows whose keys have this hash.
pub(super) fn partition_of(hash: u64, n: usize) -> usize {
    // Less than `n`.
    (hash % n as u64) as usize
}
