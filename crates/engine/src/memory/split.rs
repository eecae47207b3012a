//! A fair pool with room set aside for what cannot spill.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};

/// One part in this many is out of bounds for operators that can spill.
const KEPT_PARTS: usize = 4;

/// What an exchange has of the share of another operator: its rows are on their way, and it asks for
/// more only when they are not taken.
const EXCHANGE_WEIGHT: usize = 1;
const WEIGHT: usize = 4;

/// Operators that spill (sorts, aggregates, joins) have equal shares of at most three quarters of
/// the memory, exchanges a quarter of such a share, and each is sure of its own; the rest, and
/// whatever they leave, is for those that cannot spill (merges, Parquet writers), first come, first
/// served.
///
/// DataFusion's fair pool gives the former all that the latter do not hold yet; then the first
/// writer behind them fails for want of a few MiB, although everything before it could have
/// spilled.
#[derive(Debug)]
pub(crate) struct SplitPool {
    limit_bytes: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Sum over those that can spill.
    weights: usize,
    spillable_bytes: usize,
    unspillable_bytes: usize,
}

impl SplitPool {
    /// A pool of `limit_bytes` in all.
    pub(crate) fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The numbers are whole after every statement, also when a thread panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an operator that spills may hold.
    fn share(&self, state: &State, consumer: &MemoryConsumer) -> usize {
        let kept = state.unspillable_bytes.max(self.limit_bytes / KEPT_PARTS);
        let shared = self.limit_bytes.saturating_sub(kept) as u128;
        // At most what is shared, so it fits again.
        (shared * weight(consumer) as u128 / state.weights.max(WEIGHT) as u128) as usize
    }
}

/// How much of the memory it has if it can spill.
fn weight(consumer: &MemoryConsumer) -> usize {
    if consumer.name().starts_with("RepartitionExec[") {
        EXCHANGE_WEIGHT
    } else {
        WEIGHT
    }
}

impl State {
    fn part(&mut self, reservation: &MemoryReservation) -> &mut usize {
        if reservation.consumer().can_spill() {
            &mut self.spillable_bytes
        } else {
            &mut self.unspillable_bytes
        }
    }
}

fn refused(name: &str, additional: usize, available: usize) -> DataFusionError {
    DataFusionError::ResourcesExhausted(format!(
        "{name} asks for {additional} bytes more, {available} are free for it"
    ))
}

impl fmt::Display for SplitPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, reserved, limit) = (self.name(), self.reserved(), self.limit_bytes);
        write!(f, "{name}(used: {reserved}, pool_size: {limit})")
    }
}

impl MemoryPool for SplitPool {
    fn name(&self) -> &str {
        "split"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        if consumer.can_spill() {
            self.state().weights += weight(consumer);
        }
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        if consumer.can_spill() {
            let mut state = self.state();
            state.weights = state.weights.saturating_sub(weight(consumer));
        }
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        *self.state().part(reservation) += additional;
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let mut state = self.state();
        let part = state.part(reservation);
        *part = part.saturating_sub(shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let mut state = self.state();
        let available = if reservation.consumer().can_spill() {
            self.share(&state, reservation.consumer())
                .saturating_sub(reservation.size())
        } else {
            self.limit_bytes
                .saturating_sub(state.unspillable_bytes + state.spillable_bytes)
        };
        if additional > available {
            return Err(refused(
                reservation.consumer().name(),
                additional,
                available,
            ));
        }
        *state.part(reservation) += additional;
        Ok(())
    }

    fn reserved(&self) -> usize {
        let state = self.state();
        state.spillable_bytes + state.unspillable_bytes
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit_bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn spills(pool: &Arc<dyn MemoryPool>, name: &str) -> MemoryReservation {
        MemoryConsumer::new(name)
            .with_can_spill(true)
            .register(pool)
    }

    #[test]
    fn what_cannot_spill_has_room_left_by_what_can() {
        let pool: Arc<dyn MemoryPool> = Arc::new(SplitPool::new(400));
        let sort = spills(&pool, "sort");
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
    }

    #[test]
    fn everybody_who_spills_is_sure_of_a_share() {
        let pool: Arc<dyn MemoryPool> = Arc::new(SplitPool::new(400));
        let (first, second) = (spills(&pool, "first"), spills(&pool, "second"));
        first.try_grow(150).unwrap();
        assert!(first.try_grow(1).is_err(), "half of three quarters");
        second.try_grow(150).unwrap();
        drop(first);
        second.try_grow(150).unwrap();
    }

    #[test]
    fn an_exchange_has_a_quarter_of_a_share() {
        let pool: Arc<dyn MemoryPool> = Arc::new(SplitPool::new(600));
        let (rows, exchange) = (spills(&pool, "rows"), spills(&pool, "RepartitionExec[1]"));
        rows.try_grow(360).unwrap();
        assert!(rows.try_grow(1).is_err());
        exchange.try_grow(90).unwrap();
        assert!(exchange.try_grow(1).is_err());
    }
}
