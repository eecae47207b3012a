//! What the aggregates of parts may use of the memory.

use std::fmt;
use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use datafusion::execution::runtime_env::RuntimeEnv;

/// The memory of the aggregates of a partition's parts.
///
/// A part is small beside the memory, unless one key has most of the rows; an aggregate that had to
/// keep to an equal share with all operators of a large plan would spill the states of such a key
/// in pieces it cannot merge within that share. So it takes from what others leave.
#[derive(Debug)]
pub(super) struct PartPool {
    of_all: MemoryReservation,
    whole: Arc<dyn MemoryPool>,
}

impl PartPool {
    /// The context with this memory in place of its own.
    pub(super) fn within(context: &TaskContext, partition: usize) -> Arc<TaskContext> {
        let whole = Arc::clone(context.memory_pool());
        let of_all =
            MemoryConsumer::new(format!("aggregate in parts[{partition}]")).register(&whole);
        let runtime = RuntimeEnv {
            memory_pool: Arc::new(Self { of_all, whole }),
            ..RuntimeEnv::clone(&context.runtime_env())
        };
        Arc::new(TaskContext::new(
            context.task_id(),
            context.session_id(),
            context.session_config().clone(),
            context.scalar_functions().clone(),
            context.higher_order_functions().clone(),
            context.aggregate_functions().clone(),
            context.window_functions().clone(),
            Arc::new(runtime),
        ))
    }
}

impl fmt::Display for PartPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(used: {})", self.name(), self.reserved())
    }
}

impl MemoryPool for PartPool {
    fn name(&self) -> &str {
        "parts"
    }

    fn grow(&self, _: &MemoryReservation, additional: usize) {
        self.of_all.grow(additional);
    }

    fn shrink(&self, _: &MemoryReservation, shrink: usize) {
        self.of_all.shrink(shrink);
    }

    fn try_grow(&self, _: &MemoryReservation, additional: usize) -> Result<()> {
        self.of_all.try_grow(additional)
    }

    fn reserved(&self) -> usize {
        self.of_all.size()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.whole.memory_limit()
    }
}

/// What each partition has of a task's memory, if there is a limit.
pub(super) fn memory_of_partition(context: &TaskContext) -> usize {
    let partitions = context.session_config().target_partitions().max(1);
    match context.memory_pool().memory_limit() {
        MemoryLimit::Finite(bytes) => bytes / partitions,
        MemoryLimit::Infinite | MemoryLimit::Unknown => usize::MAX,
    }
}
