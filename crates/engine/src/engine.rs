//! The facade: tables and queries, the same in every mode.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::dataframe::DataFrame;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::SessionState;
use datafusion::execution::context::QueryPlanner;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use datafusion::scalar::ScalarValue;
use object_store::ObjectStore;

use crate::cluster::{self, Jobs, LocalCluster, LocalPlanner};
use crate::error::{Doing, EngineError, classify};
use crate::memory;
use crate::parameters::{DEFAULT_MAX_MESSAGE_SIZE_BYTES, EngineParams, Mode};
use crate::planner::{EnginePlanner, Exchange};
use crate::session;
use crate::stores;
use crate::tables;
use crate::work::WorkFolder;

/// Values for the `$name` placeholders of a query. A name the query does not
/// use is ignored; one it uses and that is missing here is an error.
pub type Params<'a> = &'a [(&'a str, ScalarValue)];

/// The rows of a query.
#[derive(Debug, Clone)]
pub struct QueryResult {
    /// The columns, known also when there are no rows. No view types: text is
    /// `Utf8`.
    pub schema: SchemaRef,
    /// The rows, every batch of exactly `schema`. Their division into batches
    /// carries no meaning.
    pub batches: Vec<RecordBatch>,
}

impl QueryResult {
    /// Number of rows in all batches.
    pub fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// For each column of the schema its arrays, one per batch. Each column can be let go of by
    /// itself then, where batches would keep all of them. Copies no rows.
    pub fn into_columns(self) -> Vec<Vec<ArrayRef>> {
        let mut columns = vec![Vec::with_capacity(self.batches.len()); self.schema.fields().len()];
        for batch in self.batches {
            let (_, arrays, _) = batch.into_parts();
            for (column, array) in columns.iter_mut().zip(arrays) {
                column.push(array);
            }
        }
        columns
    }
}

/// What [`Engine::materialise`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Rows in all parts together.
    pub rows: u64,
}

/// A session that runs SQL, embedded, standalone or on a cluster.
///
/// Cloning is cheap and gives the same session: the same tables, the same
/// memory limit. The work folder goes with the last clone, or with
/// [`Engine::close`].
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    mode: Mode,
    threads: usize,
    /// The limit this process sets; `None` on a cluster, whose executors have
    /// their own.
    memory_limit_bytes: Option<usize>,
    context: SessionContext,
    /// The jobs of cluster mode.
    jobs: Option<Jobs>,
    /// What jobs are called on a cluster.
    job_name: Mutex<String>,
    /// The servers of standalone mode.
    local: Option<LocalCluster>,
    /// Declared after `context`: spill files are gone before their folder is.
    _work: Option<WorkFolder>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("mode", &self.inner.mode)
            .field("threads", &self.inner.threads)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Starts a session.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] for a thread count or limit that cannot
    /// be, [`EngineError::Write`] when the work folder cannot be made,
    /// [`EngineError::SchedulerUnreachable`] in cluster mode, within seconds.
    pub async fn open(params: EngineParams) -> Result<Self, EngineError> {
        let threads = threads(&params)?;
        let message_size = params
            .max_message_size_bytes
            .unwrap_or(DEFAULT_MAX_MESSAGE_SIZE_BYTES);
        let limit = params
            .memory_limit_bytes
            .unwrap_or_else(memory::default_memory_limit_bytes);
        if limit < 1 << 20 {
            return Err(EngineError::Configuration {
                reason: format!("a memory limit of {limit} bytes is less than 1 MiB"),
            });
        }
        let parent = params.work_dir.clone().unwrap_or_else(std::env::temp_dir);
        let inner = match &params.mode {
            Mode::Embedded => {
                let work = work_folder(&parent)?;
                let config = session::embedded_config(threads, limit, message_size);
                let runtime =
                    session::runtime(Some(work.path().to_owned()), Some(memory::pool(limit)))
                        .map_err(start_failed)?;
                Inner {
                    context: context(session::session_state(
                        config,
                        runtime,
                        Arc::new(EnginePlanner(Exchange::Memory)),
                    )),
                    memory_limit_bytes: Some(limit),
                    jobs: None,
                    job_name: Mutex::default(),
                    local: None,
                    _work: Some(work),
                    mode: params.mode,
                    threads,
                }
            }
            Mode::Standalone => {
                let local = LocalCluster::start(threads, limit, message_size, parent)
                    .await
                    .map_err(|e| EngineError::Configuration {
                        reason: e.to_string(),
                    })?;
                Inner {
                    context: standalone(&local, session::standalone_config(threads, message_size))?,
                    memory_limit_bytes: Some(limit),
                    jobs: None,
                    job_name: Mutex::default(),
                    local: Some(local),
                    _work: None,
                    mode: params.mode,
                    threads,
                }
            }
            Mode::Cluster { scheduler } => {
                let url = cluster::scheduler_url(scheduler)
                    .map_err(|reason| EngineError::Configuration { reason })?;
                let outgoing = cluster::Outgoing::of_client(&params.access, &url).map_err(|e| {
                    EngineError::Configuration {
                        reason: e.to_string(),
                    }
                })?;
                cluster::connect(&url, &outgoing).await?;
                Inner {
                    context: client(
                        &url,
                        outgoing.of(session::remote_config(threads, message_size)),
                    )?,
                    memory_limit_bytes: None,
                    jobs: Some(Jobs::new(&url, outgoing, params.cluster, message_size)?),
                    job_name: Mutex::default(),
                    local: None,
                    _work: None,
                    mode: params.mode,
                    threads,
                }
            }
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Where the work runs.
    pub fn mode(&self) -> &Mode {
        &self.inner.mode
    }

    /// Parallel partitions that queries are planned with.
    pub fn threads(&self) -> usize {
        self.inner.threads
    }

    /// Memory that this process may take for work of its own beside the engine's: the limit it was
    /// given or, on a cluster, the default of this machine.
    pub fn memory_limit_bytes(&self) -> usize {
        let limit = self.inner.memory_limit_bytes;
        limit.unwrap_or_else(memory::default_memory_limit_bytes)
    }

    /// Registers the Parquet file, or all `.parquet` files of the folder, at
    /// `url` as `table`, in place of an earlier table of that name. Contacts the
    /// store and reads the footers.
    pub async fn register_parquet(&self, table: &str, url: &str) -> Result<(), EngineError> {
        tables::register_parquet(self, table, url).await
    }

    /// Registers a provider as `table`, in place of an earlier table of that
    /// name. Outside embedded mode the codecs must know the provider; memory
    /// tables are unknown to them.
    pub fn register_table(
        &self,
        table: &str,
        provider: Arc<dyn TableProvider>,
    ) -> Result<(), EngineError> {
        let action = format!("register table {table}");
        let context = &self.inner.context;
        context
            .deregister_table(table)
            .and_then(|_| context.register_table(table, provider))
            .map_err(|e| self.told(e, &action, None))?;
        Ok(())
    }

    /// Registers a query as `table`; it runs whenever the table is read.
    pub async fn create_view(
        &self,
        table: &str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<(), EngineError> {
        let action = format!("create view {table}");
        let frame = self
            .plan(sql, params)
            .await
            .map_err(|e| self.told(e, &action, None))?;
        self.register_table(table, frame.into_view())
    }

    /// Runs a query and brings its rows here. Dropping the future gives the query
    /// up, on a cluster as well.
    pub async fn query(&self, sql: &str, params: Params<'_>) -> Result<QueryResult, EngineError> {
        let rows = async {
            let frame = self.plan(sql, params).await?;
            let schema = tables::without_views(frame.schema().as_arrow());
            let batches = self.run(frame).await?;
            let batches = batches
                .iter()
                .map(|b| conform(b, &schema))
                .collect::<DataFusionResult<_>>()?;
            Ok(QueryResult { schema, batches })
        };
        rows.await.map_err(|e| self.told(e, "query", None))
    }

    /// Runs a query, writes its rows as Parquet parts into the folder at `url`
    /// and registers them as `table`.
    ///
    /// The folder belongs to the table: Parquet files left in it by an
    /// interrupted run are removed first. How rows fall into parts, and the
    /// parts' names, vary; the rows do not. A result without rows is written as
    /// one part that carries the schema. In cluster mode the executors write, so
    /// the URL must mean the same place to all of them.
    pub async fn materialise(
        &self,
        table: &str,
        sql: &str,
        params: Params<'_>,
        url: &str,
    ) -> Result<Written, EngineError> {
        tables::materialise(self, table, sql, params, url).await
    }

    /// The columns of a registered table.
    pub async fn table_schema(&self, table: &str) -> Result<SchemaRef, EngineError> {
        let provider = self.inner.context.table_provider(table).await;
        provider
            .map(|provider| provider.schema())
            .map_err(|e| self.told(e, &format!("look up table {table}"), None))
    }

    /// What the queries that follow are called on a cluster, `<run>/<step>`: the name stands in
    /// the scheduler's status and beside the log lines of scheduler and executors. Clones of this
    /// engine share it.
    pub fn name_jobs(&self, name: &str) {
        let mut current = self.job_name();
        name.clone_into(&mut current);
    }

    fn job_name(&self) -> MutexGuard<'_, String> {
        // A name is whole also when a thread panicked.
        let name = self.inner.job_name.lock();
        name.unwrap_or_else(PoisonError::into_inner)
    }

    /// The store that serves a URL or path, and the place in it.
    pub fn store(
        &self,
        url: &str,
    ) -> Result<(Arc<dyn ObjectStore>, object_store::path::Path), EngineError> {
        let resolved = stores::resolve(url)?;
        Ok((resolved.store, resolved.path))
    }

    /// Ends the session: what runs in this process for it is stopped, its files
    /// are removed, a cluster has heard of the queries given up. Where clones are left, that happens with the last one;
    /// dropping it does the same without waiting for the end.
    pub async fn close(self) {
        if let Some(jobs) = &self.inner.jobs {
            jobs.close().await;
        }
        if let Some(inner) = Arc::into_inner(self.inner)
            && let Some(local) = &inner.local
        {
            local.close().await;
        }
    }

    /// The session, for the modules of this crate.
    pub(crate) fn context(&self) -> &SessionContext {
        &self.inner.context
    }

    /// Plans a query: reading only, parameters bound.
    pub(crate) async fn plan(&self, sql: &str, params: Params<'_>) -> DataFusionResult<DataFrame> {
        let reading = SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false);
        let frame = self.inner.context.sql_with_options(sql, reading).await?;
        let values: Vec<(String, ScalarValue)> = params
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        frame.with_param_values(values)
    }

    /// Runs a planned query. On a cluster its job is sent again when it is lost, and cancelled when
    /// the caller stops waiting.
    pub(crate) async fn run(&self, frame: DataFrame) -> DataFusionResult<Vec<RecordBatch>> {
        // A copy: the lock is not held while the query runs.
        let name = self.job_name().clone();
        match &self.inner.jobs {
            Some(jobs) => jobs.run(frame, &name).await,
            None => frame.collect().await,
        }
    }

    /// DataFusion's error in our words.
    pub(crate) fn told(
        &self,
        error: DataFusionError,
        action: &str,
        target: Option<&str>,
    ) -> EngineError {
        let doing = Doing {
            action,
            target,
            distributed: self.inner.mode != Mode::Embedded,
            memory_limit_bytes: self.inner.memory_limit_bytes,
        };
        classify(error, &doing)
    }
}

fn threads(params: &EngineParams) -> Result<usize, EngineError> {
    match params.threads {
        Some(0) => Err(EngineError::Configuration {
            reason: "0 threads are too few".to_owned(),
        }),
        Some(threads) => Ok(threads),
        None if matches!(params.mode, Mode::Cluster { .. }) => Ok(16),
        None => Ok(std::thread::available_parallelism().map_or(1, |n| n.get())),
    }
}

fn work_folder(parent: &Path) -> Result<WorkFolder, EngineError> {
    WorkFolder::create(parent).map_err(|e| EngineError::Write {
        what: format!("the work folder in {}", parent.display()),
        reason: e.to_string(),
        source: Some(Box::new(e)),
    })
}

/// A session whose queries become jobs of the scheduler at `url`.
fn client(url: &str, config: SessionConfig) -> Result<SessionContext, EngineError> {
    let planner = cluster::planner(url, &config);
    planned_elsewhere(planner, config)
}

/// A session whose queries become jobs in this process.
fn standalone(
    cluster: &LocalCluster,
    config: SessionConfig,
) -> Result<SessionContext, EngineError> {
    let planner = LocalPlanner::new(cluster::planner(cluster.url(), &config), cluster);
    planned_elsewhere(Arc::new(planner), config)
}

fn planned_elsewhere(
    planner: Arc<dyn QueryPlanner + Send + Sync>,
    config: SessionConfig,
) -> Result<SessionContext, EngineError> {
    let runtime = session::runtime(None, None).map_err(start_failed)?;
    Ok(context(session::session_state(config, runtime, planner)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the engine is what makes sessions"
)]
fn context(state: SessionState) -> SessionContext {
    SessionContext::new_with_state(state)
}

fn start_failed(error: DataFusionError) -> EngineError {
    EngineError::Configuration {
        reason: error.strip_backtrace(),
    }
}

/// The batch with exactly the columns of `schema`: plans may narrow whether a
/// column can be null and widen text to views, and that must not show.
pub(crate) fn conform(batch: &RecordBatch, schema: &SchemaRef) -> DataFusionResult<RecordBatch> {
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| {
            if column.data_type() == field.data_type() {
                Ok(Arc::clone(column))
            } else {
                cast(column, field.data_type())
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    let rows = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &rows,
    )?)
}
