//! The memory pools of running tasks.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use datafusion::execution::memory_pool::MemoryPool;

/// Remembers pools for as long as somebody uses them.
#[derive(Default)]
pub(crate) struct Pools {
    pools: Mutex<Vec<Weak<dyn MemoryPool>>>,
}

impl Pools {
    /// Remembers a pool.
    pub(crate) fn add(&self, pool: &Arc<dyn MemoryPool>) {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|pool| pool.strong_count() > 0);
        pools.push(Arc::downgrade(pool));
    }

    /// What operators hold of them all, in bytes.
    pub(crate) fn reserved(&self) -> usize {
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let alive = pools.iter().filter_map(Weak::upgrade);
        alive.map(|pool| pool.reserved()).sum()
    }
}

#[cfg(test)]
mod tests {
    use datafusion::execution::memory_pool::MemoryConsumer;

    use super::*;

    #[test]
    fn what_is_held_is_told_until_the_pool_goes() {
        let pools = Pools::default();
        let (first, second) = (crate::memory::pool(1 << 20), crate::memory::pool(1 << 20));
        pools.add(&first);
        pools.add(&second);
        let held = MemoryConsumer::new("a").register(&first);
        held.grow(1000);
        let other = MemoryConsumer::new("b").register(&second);
        other.grow(234);
        assert_eq!(pools.reserved(), 1234);
        drop((held, first));
        assert_eq!(pools.reserved(), 234);
    }
}
