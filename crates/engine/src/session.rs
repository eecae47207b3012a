//! The one session all roles share: client, scheduler and executor plan and run
//! with the same functions, rules, stores and codecs.
//!
//! Embedded runs use it too, with the restrictions a cluster has (sort-merge
//! joins, which spill, before hash joins, which do not; no view types; scalar
//! subqueries as joins), so that a query that plans here plans there.

use std::path::PathBuf;
use std::sync::Arc;

use ballista_core::config::{
    BALLISTA_SHUFFLE_COMPRESSION_CODEC, BALLISTA_SHUFFLE_SORT_BASED_MEMORY_LIMIT_PER_TASK_BYTES,
};
use ballista_core::extension::{
    SessionConfigExt, ballista_aggregate_functions, ballista_scalar_functions,
    ballista_window_functions,
};
use ballista_core::optimizer::ballista_default_optimizer_rules;
use datafusion::error::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;

use crate::codec::{EngineLogicalCodec, EnginePhysicalCodec};
use crate::functions;
use crate::keyed::KeyRows;
use crate::stores::Registry;

/// Rows a Parquet writer of a step table gathers before it writes them.
const STEP_ROW_GROUP_ROWS: usize = 131_072;

/// Rows that a task has in memory for an exchange before it writes them.
const EXCHANGE_BYTES: usize = 32 << 20;

/// Settings that every session starts from.
///
/// `partitions` is the parallelism queries are planned with;
/// `max_message_size_bytes` the limit of the gRPC clients this session opens.
/// The same two values on every role give the same plans.
pub fn session_config(partitions: usize, max_message_size_bytes: usize) -> SessionConfig {
    SessionConfig::new_with_ballista()
        .with_target_partitions(partitions.max(1))
        .with_ballista_grpc_client_max_message_size(max_message_size_bytes)
        .with_ballista_logical_extension_codec(Arc::new(EngineLogicalCodec::default()))
        .with_ballista_physical_extension_codec(Arc::new(EnginePhysicalCodec::default()))
        // `timestamp with time zone` is UTC wherever the machine stands.
        .set_str("datafusion.execution.time_zone", "UTC")
        // Ballista's adaptive planner makes new stages without end when an input turns out empty
        // below an outer join (a log without brands, say): plan once.
        .set_str("ballista.planner.adaptive.enabled", "false")
        // Step tables are read once or twice and then deleted: quick to pack, and no more than
        // this many rows in a writer's memory.
        .set_str("datafusion.execution.parquet.compression", "lz4_raw")
        // Rows that wait to be exchanged are written when they take so much: while it is little,
        // they lie in memory that has been touched before.
        .set_usize(
            BALLISTA_SHUFFLE_SORT_BASED_MEMORY_LIMIT_PER_TASK_BYTES,
            EXCHANGE_BYTES,
        )
        // What is spilled is mostly ids, nulls and zeros.
        .set_str("datafusion.execution.spill_compression", "lz4_frame")
        .set_usize(
            "datafusion.execution.parquet.max_row_group_size",
            STEP_ROW_GROUP_ROWS,
        )
}

/// The settings of a session whose jobs run on a remote scheduler: the client
/// asks for the state of its job (every 50 ms) rather than being told, because
/// only then does it know the job early enough to cancel it.
pub(crate) fn remote_config(partitions: usize, max_message_size_bytes: usize) -> SessionConfig {
    session_config(partitions, max_message_size_bytes).set_str("ballista.client.pull", "true")
}

/// The settings of a session whose cluster is this process: exchanges go through files that nobody
/// sends anywhere, so nothing is gained by packing them.
pub(crate) fn standalone_config(partitions: usize, max_message_size_bytes: usize) -> SessionConfig {
    session_config(partitions, max_message_size_bytes)
        .set_str(BALLISTA_SHUFFLE_COMPRESSION_CODEC, "none")
}

/// The settings of a session that runs inside this process alone.
///
/// On top of [`session_config`]: partitions are spread by rows after a scan that
/// cannot be split (a cluster pays a shuffle for that, a process nothing), and
/// what an operator holds at the least (a batch, a sort's reserve, a writer's
/// row group) shrinks with the memory each thread can get: a plan of many joins
/// has dozens of operators at work, and each must get along with its share.
pub(crate) fn embedded_config(
    threads: usize,
    memory_limit_bytes: usize,
    max_message_size_bytes: usize,
) -> SessionConfig {
    const USUAL_RESERVE: usize = 10 << 20;
    const USUAL_BATCH_ROWS: usize = 8192;
    let per_thread = memory_limit_bytes / threads.max(1);
    let batch_rows = (per_thread / 40_000).clamp(256, USUAL_BATCH_ROWS);
    let row_group_rows = (per_thread / 1_200).clamp(USUAL_BATCH_ROWS, STEP_ROW_GROUP_ROWS);
    session_config(threads, max_message_size_bytes)
        .with_round_robin_repartition(true)
        .with_batch_size(batch_rows)
        .with_sort_spill_reservation_bytes((per_thread / 16).min(USUAL_RESERVE))
        .set_usize(
            "datafusion.execution.parquet.max_row_group_size",
            row_group_rows,
        )
}

/// The state built from `config`: our functions beside all of DataFusion's
/// (nested ones included), the rules Ballista needs, our stores.
///
/// `planner` is Ballista's on a client, and our own where plans are made. Lists of functions are given whole, because Ballista's own upgrade of a
/// state replaces them and drops what it does not know.
pub fn session_state(
    config: SessionConfig,
    runtime: Arc<RuntimeEnv>,
    planner: Arc<dyn QueryPlanner + Send + Sync>,
) -> SessionState {
    let mut scalars = ballista_scalar_functions();
    scalars.extend(functions::scalar_functions());
    let mut aggregates = ballista_aggregate_functions();
    aggregates.extend(functions::aggregate_functions());
    let mut rules = ballista_default_optimizer_rules();
    // The last: what is pruned and pushed down by then is what the exchange carries.
    rules.push(Arc::new(KeyRows));
    SessionStateBuilder::new()
        .with_default_features()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_optimizer_rules(rules)
        .with_scalar_functions(scalars)
        .with_aggregate_functions(aggregates)
        .with_window_functions(ballista_window_functions())
        .with_query_planner(planner)
        .build()
}

/// The surroundings of a session: our stores, the folder spills go to, the
/// memory operators may hold (unbounded without a pool).
pub fn runtime(
    spill_folder: Option<PathBuf>,
    pool: Option<Arc<dyn MemoryPool>>,
) -> Result<Arc<RuntimeEnv>> {
    let mut builder = RuntimeEnvBuilder::new()
        .with_object_store_registry(Arc::new(Registry))
        // A listing kept from an earlier query would miss files written since.
        .with_object_list_cache_limit(0);
    if let Some(folder) = spill_folder {
        builder = builder.with_temp_file_path(folder);
    }
    if let Some(pool) = pool {
        builder = builder.with_memory_pool(pool);
    }
    builder.build_arc()
}
