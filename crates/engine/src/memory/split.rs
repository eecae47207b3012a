//! A pool with room set aside for what cannot spill.

use std::fmt;

use datafusion::error::Result;
use datafusion::execution::memory_pool::{
    FairSpillPool, GreedyMemoryPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};

/// One part in this many is kept for operators that cannot spill.
const UNSPILLABLE_PARTS: usize = 4;

/// Three quarters of the memory are shared fairly by operators that spill (sorts, aggregates,
/// joins); the last quarter is for those that cannot (merges, Parquet writers), first come, first
/// served.
///
/// In one common pool the former may fill it to the brim and still be within their fair share;
/// then the first writer behind them fails for want of a few MiB, although everything before it
/// could have spilled.
#[derive(Debug)]
pub(crate) struct SplitPool {
    spillable: FairSpillPool,
    unspillable: GreedyMemoryPool,
    limit_bytes: usize,
}

impl SplitPool {
    /// A pool of `limit_bytes` in all.
    pub(crate) fn new(limit_bytes: usize) -> Self {
        let unspillable = limit_bytes / UNSPILLABLE_PARTS;
        Self {
            spillable: FairSpillPool::new(limit_bytes - unspillable),
            unspillable: GreedyMemoryPool::new(unspillable),
            limit_bytes,
        }
    }

    fn part(&self, consumer: &MemoryConsumer) -> &dyn MemoryPool {
        if consumer.can_spill() {
            &self.spillable
        } else {
            &self.unspillable
        }
    }
}

impl fmt::Display for SplitPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} + {}", self.spillable, self.unspillable)
    }
}

impl MemoryPool for SplitPool {
    fn name(&self) -> &str {
        "split"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.part(consumer).register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.part(consumer).unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.part(reservation.consumer())
            .grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.part(reservation.consumer())
            .shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.part(reservation.consumer())
            .try_grow(reservation, additional)
    }

    fn reserved(&self) -> usize {
        self.spillable.reserved() + self.unspillable.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit_bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_cannot_spill_has_room_left_by_what_can() {
        let pool: Arc<dyn MemoryPool> = Arc::new(SplitPool::new(400));
        let sort = MemoryConsumer::new("sort")
            .with_can_spill(true)
            .register(&pool);
        let writer = MemoryConsumer::new("writer").register(&pool);
        sort.try_grow(300).unwrap();
        assert!(
            sort.try_grow(1).is_err(),
            "a sort may not take the writer's part"
        );
        writer.try_grow(100).unwrap();
        assert!(writer.try_grow(1).is_err());
        assert_eq!(pool.reserved(), 400);
        drop((sort, writer));
        assert_eq!(pool.reserved(), 0);
    }
}
