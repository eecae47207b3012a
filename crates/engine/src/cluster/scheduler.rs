//! The scheduler: plans jobs and hands their tasks to executors.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::serde::protobuf::scheduler_grpc_server::SchedulerGrpcServer;
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::{SchedulerConfig, TaskDistributionPolicy};
use ballista_scheduler::scheduler_process::create_scheduler;
use ballista_scheduler::scheduler_server::SchedulerServer;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use tokio::net::TcpListener;
use tonic::service::RoutesBuilder;

use super::guard::{self, GuardedCluster, Ledger};
use super::metrics::{self, SchedulerMetrics};
use super::security::{self, Need, Role, Security};
use super::status::{self, ClusterView};
use super::{ClusterError, SchedulerParams, health, journal, ports};
use crate::codec::{EngineLogicalCodec, EnginePhysicalCodec};
use crate::planner::{EnginePlanner, Exchange};
use crate::session;

/// Partitions of a session that does not say how many it wants.
const DEFAULT_PARTITIONS: usize = 16;

/// Where the page of the library below is put, which has to be somewhere.
const STOCK_PAGE: &str = "/api/tui";

/// How often a draining scheduler looks whether its jobs have ended.
const DRAIN_POLL: Duration = Duration::from_millis(200);

/// How long clients have to learn that their job has ended (they ask every
/// 50 ms) before connections close.
const FAREWELL: Duration = Duration::from_millis(500);

/// How long open connections may take to close after the drain.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

pub(super) type Server = SchedulerServer<LogicalPlanNode, PhysicalPlanNode>;

/// Runs a scheduler until `shutdown` ends, then waits for running jobs (at most
/// the drain timeout) and stops. `listening` is called once with the address.
///
/// One port serves clients and executors (gRPC), the REST interface under
/// `/api` and `/healthz`, `/readyz`.
pub async fn serve_scheduler(
    params: SchedulerParams,
    listening: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ClusterError> {
    let drain = params.drain_timeout;
    let scheduler = Scheduler::bind(params).await?;
    listening(scheduler.address);
    scheduler.serve(shutdown, drain).await
}

/// A scheduler that listens and is not served yet.
pub(crate) struct Scheduler {
    pub(crate) address: SocketAddr,
    server: Server,
    listener: TcpListener,
    router: Router,
    security: Security,
    draining: Arc<AtomicBool>,
}

impl Scheduler {
    /// Takes the port, starts the scheduler's own tasks.
    pub(crate) async fn bind(params: SchedulerParams) -> Result<Self, ClusterError> {
        let security = Security::load(&params.security, Role::Scheduler, params.bind)?;
        let (listener, address) = ports::listen(params.bind, params.port).await?;
        let config = Arc::new(config(&params, address, &security)?);
        config.validate().map_err(stopped)?;
        let cluster = BallistaCluster::new_from_config(&config)
            .await
            .map_err(stopped)?;
        let ledger = Ledger::default();
        let guarded = Arc::new(GuardedCluster::new(cluster.cluster_state(), ledger.clone()));
        let (cluster_state, job_state) = (cluster.cluster_state(), cluster.job_state());
        let cluster = BallistaCluster::new(Arc::clone(&guarded) as _, cluster.job_state());
        let server: Server = create_scheduler(cluster, Arc::clone(&config))
            .await
            .map_err(stopped)?;
        guarded.watch(server.clone());
        tokio::spawn(guard::watch_clients(server.clone(), ledger.clone()));
        let draining = Arc::new(AtomicBool::new(false));
        let metrics = Arc::new(SchedulerMetrics::new()?);
        let counting = Arc::clone(&metrics);
        let view = ClusterView::new(
            server.clone(),
            cluster_state,
            job_state,
            Arc::clone(&draining),
            ledger.clone(),
            move |job| {
                counting.ended(job);
                journal::ended(job);
            },
        );
        tokio::spawn(journal::watch(server.clone(), view.clone()));
        let router = routes(&server, params.max_message_size_bytes, &view, metrics)
            .merge(guard::routes(server.clone(), view, ledger));
        let router = security.gate.guard(router, Need::of_scheduler);
        Ok(Self {
            address,
            server,
            listener,
            router,
            security,
            draining,
        })
    }

    /// The scheduler itself, to ask whether it is ready.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// Serves until `shutdown`, then drains.
    pub(crate) async fn serve(
        self,
        shutdown: impl Future<Output = ()> + Send,
        drain: Duration,
    ) -> Result<(), ClusterError> {
        let _sockets = self.security.outgoing.until_dropped();
        let (close, closed) = tokio::sync::oneshot::channel::<()>();
        let closed = async {
            // A dropped sender closes as well.
            let _ = closed.await;
        };
        let mut serving = tokio::spawn(security::serve(
            self.listener,
            self.security.tls,
            self.router,
            closed,
        ));
        tokio::select! {
            ended = &mut serving => return Err(ClusterError::Stopped {
                role: "scheduler",
                reason: format!("{ended:?}"),
            }),
            () = shutdown => {}
        }
        self.draining.store(true, Ordering::Release);
        tracing::info!(
            running_jobs = self.server.running_job_number(),
            "scheduler is draining"
        );
        let busy = self.server.running_job_number() + self.server.pending_job_number() > 0;
        let drained = async {
            while self.server.running_job_number() + self.server.pending_job_number() > 0 {
                tokio::time::sleep(DRAIN_POLL).await;
            }
        };
        if tokio::time::timeout(drain, drained).await.is_err() {
            tracing::warn!(
                running_jobs = self.server.running_job_number(),
                "scheduler stops with jobs unfinished"
            );
        }
        if busy {
            tokio::time::sleep(FAREWELL).await;
        }
        drop(close);
        // Executors keep their connections open for ever; they notice and retry.
        if tokio::time::timeout(CLOSE_TIMEOUT, &mut serving)
            .await
            .is_err()
        {
            serving.abort();
        }
        tracing::info!("scheduler stopped");
        Ok(())
    }
}

fn config(
    params: &SchedulerParams,
    address: SocketAddr,
    security: &Security,
) -> Result<SchedulerConfig, ClusterError> {
    let message_size = params.max_message_size_bytes;
    let wire_size = ports::wire_size(message_size)?;
    let host = match &params.advertise_host {
        Some(host) => host.clone(),
        None if params.bind.is_unspecified() => {
            return Err(ClusterError::Parameters(format!(
                "a scheduler that listens on {} must be told the name executors reach it by \
                 (--advertise-host)",
                params.bind
            )));
        }
        None => ports::host(params.bind),
    };
    let expire = (params.executor_timeout_seconds / 4).max(1);
    let mut config = SchedulerConfig::default()
        .with_hostname(host)
        .with_port(address.port())
        .with_scheduler_policy(TaskSchedulingPolicy::PushStaged)
        .with_task_distribution(TaskDistributionPolicy::RoundRobin)
        .with_grpc_server_max_decoding_message_size(wire_size)
        .with_grpc_server_max_encoding_message_size(wire_size)
        .with_grpc_client_max_message_size(wire_size)
        .with_finished_job_data_clean_up_interval_seconds(600)
        .with_no_executors_grace_period_seconds(params.executor_timeout_seconds.max(60))
        .with_remove_executor_wait_secs(30)
        .with_override_config_producer(Arc::new(move || {
            session::session_config(DEFAULT_PARTITIONS, message_size)
        }))
        .with_override_session_builder(Arc::new(|config| {
            Ok(session::session_state(
                config,
                session::runtime(None, None)?,
                Arc::new(EnginePlanner(Exchange::Files)),
            ))
        }));
    config.bind_host = params.bind.to_string();
    config.override_create_grpc_client_endpoint = security.outgoing.hook();
    // By default a page of others may ask in a browser's name.
    config.cors_allowed_origins = format!("http://{address}");
    config.min_ready_executors = params.min_ready_executors;
    // A shuffle that cannot be fetched ends the job: running its stage again would leave what
    // survivors had already handed on in place, and rows would come twice.
    config.stage_max_failures = 1;
    config.executor_timeout_seconds = params.executor_timeout_seconds;
    config.expire_dead_executor_interval_seconds = expire;
    config.override_logical_codec = Some(Arc::new(EngineLogicalCodec::default()));
    config.override_physical_codec = Some(Arc::new(EnginePhysicalCodec::default()));
    // The stock page at `/` sends browsers to a site of others.
    config.web_tui_route = STOCK_PAGE.to_owned();
    Ok(config)
}

fn routes(
    server: &Server,
    message_size: usize,
    view: &ClusterView,
    metrics: Arc<SchedulerMetrics>,
) -> Router {
    let grpc = SchedulerGrpcServer::new(server.clone())
        .max_decoding_message_size(message_size)
        .max_encoding_message_size(message_size);
    let mut services = RoutesBuilder::default();
    services.add_service(grpc);
    let asked = view.clone();
    let measured = view.clone();
    let gather = move || {
        let (view, metrics) = (measured.clone(), Arc::clone(&metrics));
        async move { metrics.gather(&view).await }
    };
    let ready = move || asked.is_ready();
    ballista_scheduler::api::get_routes(Arc::new(server.clone()))
        .layer(middleware::from_fn(without_stock_page))
        .merge(services.routes().into_axum_router())
        .merge(health::routes(ready))
        .merge(status::routes(view.clone()))
        .merge(metrics::routes(gather))
}

/// Nobody is sent to a site of others, also not from where the stock page was put.
async fn without_stock_page(request: Request, next: Next) -> Response {
    if request.uri().path() == STOCK_PAGE {
        return StatusCode::NOT_FOUND.into_response();
    }
    next.run(request).await
}

fn stopped(error: ballista_core::error::BallistaError) -> ClusterError {
    ClusterError::Stopped {
        role: "scheduler",
        reason: error.to_string(),
    }
}
