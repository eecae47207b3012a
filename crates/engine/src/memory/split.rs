//! A pool with room set aside for what cannot spill.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};

/// One part in this many is out of bounds for operators that can spill.
const KEPT_PARTS: usize = 4;

/// Operators that spill (sorts, aggregates, joins) share at most three quarters of the memory
/// fairly; the rest, and whatever they leave, is for those that cannot spill (merges, Parquet
/// writers), first come, first served.
///
/// In DataFusion's fair pool the former may fill all of it within their fair share; then the first
/// writer behind them fails for want of a few MiB, although everything before it could have
/// spilled.
#[derive(Debug)]
pub(crate) struct SplitPool {
    fair: FairSpillPool,
    spillable: AtomicUsize,
    spillable_limit: usize,
    limit_bytes: usize,
}

impl SplitPool {
    /// A pool of `limit_bytes` in all.
    pub(crate) fn new(limit_bytes: usize) -> Self {
        Self {
            fair: FairSpillPool::new(limit_bytes),
            spillable: AtomicUsize::new(0),
            spillable_limit: limit_bytes - limit_bytes / KEPT_PARTS,
            limit_bytes,
        }
    }

    /// Counts more memory of operators that spill, unless that is over their part.
    fn take_spillable(&self, additional: usize) -> Result<()> {
        let more = |used: usize| {
            let total = used.checked_add(additional)?;
            (total <= self.spillable_limit).then_some(total)
        };
        self.spillable
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more)
            .map(drop)
            .map_err(|used| {
                DataFusionError::ResourcesExhausted(format!(
                    "{additional} bytes more for operators that spill, which hold {used} of at \
                     most {} bytes",
                    self.spillable_limit
                ))
            })
    }
}

impl fmt::Display for SplitPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "split {}", self.fair)
    }
}

impl MemoryPool for SplitPool {
    fn name(&self) -> &str {
        "split"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.fair.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.fair.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        if reservation.consumer().can_spill() {
            self.spillable.fetch_add(additional, Ordering::AcqRel);
        }
        self.fair.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        if reservation.consumer().can_spill() {
            self.spillable.fetch_sub(shrink, Ordering::AcqRel);
        }
        self.fair.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        if !reservation.consumer().can_spill() {
            return self.fair.try_grow(reservation, additional);
        }
        self.take_spillable(additional)?;
        let grown = self.fair.try_grow(reservation, additional);
        if grown.is_err() {
            self.spillable.fetch_sub(additional, Ordering::AcqRel);
        }
        grown
    }

    fn reserved(&self) -> usize {
        self.fair.reserved()
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
        let sort = MemoryConsumer::new("sort").with_can_spill(true);
        let sort = sort.register(&pool);
        let writer = MemoryConsumer::new("writer").register(&pool);
        sort.try_grow(300).unwrap();
        assert!(sort.try_grow(1).is_err(), "the last quarter is kept");
        writer.try_grow(100).unwrap();
        assert!(writer.try_grow(1).is_err());
        assert_eq!(pool.reserved(), 400);
        sort.shrink(200);
        writer.try_grow(200).unwrap();
        assert!(sort.try_grow(1).is_err(), "the pool is full");
        drop((sort, writer));
        assert_eq!(pool.reserved(), 0);
        let again = MemoryConsumer::new("again").with_can_spill(true);
        again.register(&pool).try_grow(300).unwrap();
    }
}
