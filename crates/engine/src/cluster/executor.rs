//! The executor: runs tasks, keeps their shuffle files, serves them to others.

mod flight;
mod leave;

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow_flight::flight_service_server::FlightServiceServer;
use axum::Router;
use ballista_core::error::BallistaError;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_core::serde::BallistaCodec;
use ballista_core::serde::protobuf::ExecutorRegistration;
use ballista_core::serde::protobuf::executor_grpc_server::ExecutorGrpcServer;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_executor::execution_engine::ExecutionEngine;
use ballista_executor::executor::Executor;
use ballista_executor::executor_process::{ExecutorProcessConfig, structure_executor_metadata};
use ballista_executor::health::ExecutorHealth;
use ballista_executor::metrics::LoggingMetricsCollector;
use ballista_executor::runtime_cache::{DefaultSessionRuntimeCache, MemoryPoolPolicy};
use ballista_executor::shutdown::ShutdownNotifier;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::service::Routes;
use tonic::transport::Channel;

use self::flight::Shuffles;
use super::drain::Drain;
use super::find::find_scheduler;
use super::metrics::{self, ExecutorMetrics, Measured, Pools};
use super::security::{self, Need, Outgoing, Role, Security, Sockets};
use super::tasks::Tasks;
use super::{ClusterError, ExecutorParams, health, ports, spans};
use crate::codec::{EngineLogicalCodec, EnginePhysicalCodec};
use crate::memory;
use crate::planner::{EnginePlanner, Exchange};
use crate::session;
use crate::work::WorkFolder;

/// Sessions whose footers and stores an executor keeps at hand.
const CACHED_SESSIONS: usize = 16;

/// How long the answer to a drain may take to leave, when there was nothing to drain.
const ANSWER: Duration = Duration::from_millis(200);

/// How long servers may take to close after the drain.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Where an executor listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExecutorAddresses {
    /// Data exchange (Arrow Flight).
    pub flight: SocketAddr,
    /// Tasks.
    pub grpc: SocketAddr,
    /// `/healthz`, `/readyz`.
    pub health: Option<SocketAddr>,
}

/// Runs an executor until `shutdown` ends, `POST /drain` asks it to leave, or the
/// scheduler tells it to stop: takes no new tasks then, waits until its running
/// tasks and the jobs that need its results have ended (at most the drain
/// timeout), removes its files. `listening` is called once it is registered.
pub async fn serve_executor(
    params: ExecutorParams,
    listening: impl FnOnce(ExecutorAddresses),
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ClusterError> {
    spans::follow();
    let mut shutdown = std::pin::pin!(shutdown);
    let drain = params.drain_timeout;
    let asked = Drain::default();
    let mut running = tokio::select! {
        started = Running::start(params, asked.clone()) => started?,
        // Asked to stop while waiting for the scheduler: nothing to drain.
        () = &mut shutdown => return Ok(()),
        () = asked.wanted() => {
            asked.done();
            // Who asked is answered before the process ends.
            tokio::time::sleep(ANSWER).await;
            return Ok(());
        }
    };
    listening(running.addresses);
    let ended = tokio::select! {
        reason = running.failed() => Err(reason),
        () = shutdown => Ok(()),
        () = asked.wanted() => Ok(()),
    };
    running.leave(drain).await;
    running.close().await;
    ended
}

/// An executor that is registered and takes tasks.
pub(crate) struct Running {
    pub(crate) addresses: ExecutorAddresses,
    executor: Arc<Executor>,
    scheduler: SchedulerGrpcClient<Channel>,
    drain: Drain,
    shutdown: ShutdownNotifier,
    stop: tokio::sync::mpsc::Receiver<bool>,
    servers: Vec<JoinHandle<()>>,
    work: WorkFolder,
    _sockets: Sockets,
}

impl Running {
    /// Listens, finds the scheduler, registers.
    pub(crate) async fn start(params: ExecutorParams, drain: Drain) -> Result<Self, ClusterError> {
        let vcores = match params.vcores {
            Some(0) => return Err(ClusterError::Parameters("0 vcores are too few".to_owned())),
            Some(vcores) => vcores,
            None => std::thread::available_parallelism().map_or(1, |n| n.get()),
        };
        let message_size = params.max_message_size_bytes;
        ports::wire_size(message_size)?;
        let work = WorkFolder::create(&params.work_dir).map_err(|e| ClusterError::WorkFolder {
            path: params.work_dir.clone(),
            reason: e.to_string(),
        })?;
        let work_path = work.path().to_string_lossy().into_owned();
        let security = Security::load(&params.security, Role::Executor, params.bind)?;
        let sockets = security.outgoing.until_dropped();
        let health = ExecutorHealth::new();
        let shutdown = ShutdownNotifier::new();
        let mut servers = Vec::new();

        let limit = params
            .memory_limit_bytes
            .unwrap_or_else(memory::default_memory_limit_bytes);
        let pools = Arc::new(Pools::default());
        let metrics = Arc::new(ExecutorMetrics::new(
            vcores,
            limit,
            work.path().to_owned(),
            Arc::clone(&pools),
        )?);
        let gate = security.gate.clone();
        let tls = security.tls.clone();
        let mut serve = |listener: TcpListener, router: Router| {
            let mut notice = shutdown.subscribe_for_shutdown();
            let serving = security::serve(listener, tls.clone(), router, async move {
                notice.recv().await;
            });
            servers.push(tokio::spawn(serving));
        };
        let (flight_listener, flight) = ports::listen(params.bind, params.port).await?;
        let (tasks_listener, grpc) = ports::listen(params.bind, params.grpc_port).await?;
        let health_address = match params.health_port {
            None => None,
            Some(port) => {
                let (listener, address) = ports::listen(params.bind, port).await?;
                let asked = health.clone();
                let measured = Arc::clone(&metrics);
                let gather = move || std::future::ready(measured.gather());
                let routes = health::routes(move || asked.is_ready())
                    .merge(metrics::routes(gather))
                    .merge(drain.routes());
                serve(listener, gate.guard(routes, Need::of_health));
                Some(address)
            }
        };

        let scheduler = find_scheduler(&params, &security.outgoing).await?;
        let engine: Arc<dyn ExecutionEngine> = Arc::new(Measured::new(metrics));
        let executor = Arc::new(executor(
            &params,
            registration(&params, vcores, flight, grpc),
            &work_path,
            vcores,
            limit,
            &pools,
            &security.outgoing,
            Arc::clone(&engine),
        )?);

        let service = FlightServiceServer::new(Shuffles::new(work_path))
            .max_decoding_message_size(message_size)
            .max_encoding_message_size(message_size);
        let routes = Routes::new(service).into_axum_router();
        serve(flight_listener, gate.guard(routes, Need::of_flight));

        let codec: BallistaCodec<LogicalPlanNode, PhysicalPlanNode> = BallistaCodec::new(
            Arc::new(EngineLogicalCodec::default()),
            Arc::new(EnginePhysicalCodec::default()),
        );
        let (stop_sender, stop) = tokio::sync::mpsc::channel(4);
        let (tasks, queue) = Tasks::new(
            Arc::clone(&executor),
            engine,
            codec,
            scheduler.clone(),
            security.outgoing,
            message_size,
            stop_sender,
            health,
        );
        let service = ExecutorGrpcServer::new(tasks.clone())
            .max_decoding_message_size(message_size)
            .max_encoding_message_size(message_size);
        let routes = Routes::new(service).into_axum_router();
        serve(tasks_listener, gate.guard(routes, Need::of_tasks));
        let heartbeat = Duration::from_secs(params.heartbeat_seconds.max(1));
        tasks
            .start(queue, heartbeat, &shutdown)
            .await
            .map_err(stopped)?;
        let addresses = ExecutorAddresses {
            flight,
            grpc,
            health: health_address,
        };
        Ok(Self {
            addresses,
            executor,
            scheduler,
            shutdown,
            stop,
            servers,
            work,
            _sockets: sockets,
            drain,
        })
    }

    /// Where its tasks keep what they hand on.
    pub(crate) fn work_dir(&self) -> &Path {
        self.work.path()
    }

    /// Ends when the scheduler sends the executor away or a server dies, which
    /// is also what happens after five heartbeats without an answer.
    async fn failed(&mut self) -> ClusterError {
        let reason = tokio::select! {
            _ = self.stop.recv() => "the scheduler told it to stop".to_owned(),
            (ended, _, _) = futures::future::select_all(&mut self.servers) => match ended {
                Ok(()) => "the scheduler did not answer its heartbeats".to_owned(),
                Err(error) => error.to_string(),
            },
        };
        ClusterError::Stopped {
            role: "executor",
            reason,
        }
    }

    /// Stops the servers and removes the files.
    pub(crate) async fn close(self) {
        let ShutdownNotifier {
            notify_shutdown,
            mut shutdown_complete_rx,
            shutdown_complete_tx,
            ..
        } = self.shutdown;
        // Without listeners left there is nobody to notify.
        let _ = notify_shutdown.send(());
        drop(notify_shutdown);
        drop(shutdown_complete_tx);
        let complete = async {
            // The channel carries nothing; it closes when all parts are done.
            while shutdown_complete_rx.recv().await.is_some() {}
        };
        if tokio::time::timeout(CLOSE_TIMEOUT, complete).await.is_err() {
            tracing::warn!("executor closes without waiting for its parts");
        }
        for server in self.servers {
            server.abort();
        }
        tracing::info!("executor stopped");
    }
}

/// What the scheduler is told of this executor.
fn registration(
    params: &ExecutorParams,
    vcores: usize,
    flight: SocketAddr,
    grpc: SocketAddr,
) -> ExecutorRegistration {
    // Without a name, and listening everywhere, the executor is known by the
    // address the scheduler sees it come from.
    let host = match &params.advertise_host {
        Some(host) => Some(host.clone()),
        None if params.bind.is_unspecified() => None,
        None => Some(ports::host(params.bind)),
    };
    let config = ExecutorProcessConfig {
        external_host: host,
        port: flight.port(),
        grpc_port: grpc.port(),
        ..Default::default()
    };
    structure_executor_metadata(&Arc::new(config), vcores as u32)
}

/// The executor: our functions, stores, spill folder and memory shares.
#[expect(
    clippy::too_many_arguments,
    reason = "the parts of an executor, told once"
)]
fn executor(
    params: &ExecutorParams,
    registration: ExecutorRegistration,
    work_path: &str,
    vcores: usize,
    limit: usize,
    pools: &Arc<Pools>,
    outgoing: &Outgoing,
    engine: Arc<dyn ExecutionEngine>,
) -> Result<Executor, ClusterError> {
    let share = limit / vcores;
    if share < 1 << 20 {
        return Err(ClusterError::Parameters(format!(
            "a memory limit of {limit} bytes leaves less than 1 MiB to each of {vcores} vcores"
        )));
    }
    // A task that works on n partitions holds n shares.
    let pools = Arc::clone(pools);
    let pool_policy: MemoryPoolPolicy = Arc::new(move |base, _, vcores| {
        let pool = memory::pool(share.saturating_mul(vcores.max(1) as usize));
        pools.add(&pool);
        RuntimeEnvBuilder::from_runtime_env(&base)
            .with_memory_pool(pool)
            .build_arc()
    });
    let spills = std::path::PathBuf::from(work_path);
    let base: ballista_core::RuntimeProducer =
        Arc::new(move |_| session::runtime(Some(spills.clone()), None));
    let (base_of_task, policy_of_task) = (Arc::clone(&base), Arc::clone(&pool_policy));
    let runtime_producer: ballista_core::RuntimeProducer =
        Arc::new(move |config| policy_of_task(base_of_task(config)?, config, 1));
    let message_size = params.max_message_size_bytes;
    let outgoing = outgoing.clone();
    let config_producer: ballista_core::ConfigProducer =
        Arc::new(move || outgoing.of(session::session_config(vcores, message_size)));
    let state = session::session_state(
        session::session_config(vcores, message_size),
        session::runtime(None, None).map_err(|e| ClusterError::Parameters(e.strip_backtrace()))?,
        Arc::new(EnginePlanner(Exchange::Files)),
    );
    let cache = DefaultSessionRuntimeCache::new(base, pool_policy, CACHED_SESSIONS);
    let executor = Executor::new(
        registration,
        work_path,
        runtime_producer,
        config_producer,
        Arc::new(BallistaFunctionRegistry::from(&state)),
        Arc::new(LoggingMetricsCollector::default()),
        vcores,
        engine,
    );
    Ok(executor.with_session_runtime_cache(Some(Arc::new(cache))))
}

fn stopped(error: BallistaError) -> ClusterError {
    ClusterError::Stopped {
        role: "executor",
        reason: error.to_string(),
    }
}
