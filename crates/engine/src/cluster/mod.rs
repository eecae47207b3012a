//! The server side: a scheduler and an executor that plan and run with the
//! session of this crate, for the two daemons and for standalone mode.
//!
//! Tasks are pushed by the scheduler (pulling cannot be cancelled and is slow).
//! One limit governs every message on every role. What is protected how is said
//! in SECURITY.md; the rules are in [`security`].

mod api;
mod client;
mod drain;
mod executor;
mod find;
mod guard;
mod health;
mod jobs;
mod journal;
mod local;
mod metrics;
mod ports;
mod results;
mod scheduler;
mod security;
mod spans;
pub mod status;
mod tasks;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use crate::parameters::DEFAULT_MAX_MESSAGE_SIZE_BYTES;

pub use api::{ApiError, SchedulerApi};
pub(crate) use client::{connect, planner, scheduler_url};
pub use drain::{DrainError, request_drain};
pub use executor::{ExecutorAddresses, serve_executor};
pub(crate) use jobs::{JobError, Jobs};
pub(crate) use local::LocalCluster;
pub(crate) use results::LocalPlanner;
pub use scheduler::serve_scheduler;
pub(crate) use security::Outgoing;
pub use security::{Access, Redacting, SecurityParams, TlsFiles, folders, redact, text};
pub use status::JobStatus;

/// Stack of the threads that plan and run queries, in bytes (32 MiB): deep plans
/// are walked by recursion.
pub const THREAD_STACK_BYTES: usize = 32 << 20;

/// Messages of the libraries below that an operator wants to see. For
/// `tracing_subscriber::EnvFilter`.
pub const LOG_FILTER: &str = "info,ballista_core=warn,ballista_scheduler=warn,\
     ballista_executor=warn,datafusion=warn,h2=warn,hyper=warn,tonic=warn,tower=warn";

/// A server that could not start or did not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// An address that cannot be listened on.
    #[error("cannot listen on {address}: {reason}; choose another port, or 0 for a free one")]
    Bind {
        /// Host and port.
        address: String,
        /// The system's own words.
        reason: String,
    },
    /// The work folder cannot be made.
    #[error("cannot use the work folder {}: {reason}", path.display())]
    WorkFolder {
        /// The folder.
        path: PathBuf,
        /// The system's own words.
        reason: String,
    },
    /// An executor found no scheduler in time.
    #[error(
        "no scheduler answers at {url} after {waited:?} ({reason}); is it running, and is the address right?"
    )]
    NoScheduler {
        /// The address tried.
        url: String,
        /// How long.
        waited: Duration,
        /// The transport's own words.
        reason: String,
    },
    /// Parameters that make no sense together.
    #[error("{0}")]
    Parameters(String),
    /// The scheduler or executor failed.
    #[error("the {role} stopped: {reason}")]
    Stopped {
        /// `scheduler` or `executor`.
        role: &'static str,
        /// What it said.
        reason: String,
    },
}

/// Parameters of [`serve_scheduler`].
#[derive(Debug, Clone)]
pub struct SchedulerParams {
    /// Address to listen on; the loopback by default.
    pub bind: IpAddr,
    /// Port to listen on: gRPC, REST and health together. 0 = a free one.
    pub port: u16,
    /// Name or address under which executors reach the scheduler; `bind` when
    /// `None`. Needed when `bind` is `0.0.0.0`.
    pub advertise_host: Option<String>,
    /// Executors that must be there before `/readyz` says yes.
    pub min_ready_executors: usize,
    /// Limit of every gRPC message, in bytes; the same on all roles.
    pub max_message_size_bytes: usize,
    /// Seconds without a heartbeat after which an executor counts as lost.
    pub executor_timeout_seconds: u64,
    /// Longest wait for running jobs when asked to stop.
    pub drain_timeout: Duration,
    /// Certificates, tokens, folders.
    pub security: SecurityParams,
}

impl Default for SchedulerParams {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 50050,
            advertise_host: None,
            min_ready_executors: 1,
            max_message_size_bytes: DEFAULT_MAX_MESSAGE_SIZE_BYTES,
            executor_timeout_seconds: 20,
            drain_timeout: Duration::from_secs(60),
            security: SecurityParams::default(),
        }
    }
}

/// Parameters of [`serve_executor`].
#[derive(Debug, Clone)]
pub struct ExecutorParams {
    /// The scheduler, `http://host:50050`.
    pub scheduler: String,
    /// Address to listen on; the loopback by default.
    pub bind: IpAddr,
    /// Name or address under which the scheduler, other executors and clients
    /// reach this one; `bind` when `None`.
    pub advertise_host: Option<String>,
    /// Port of the data exchange (Arrow Flight). 0 = a free one.
    pub port: u16,
    /// Port on which tasks arrive. 0 = a free one.
    pub grpc_port: u16,
    /// Port of `/healthz` and `/readyz`. 0 = a free one, `None` = no health server.
    pub health_port: Option<u16>,
    /// Partitions worked on at once; all cores when `None`.
    pub vcores: Option<usize>,
    /// Memory for operators, in bytes, shared evenly by the vcores; 70 % of what
    /// the machine or the cgroup allows when `None`.
    pub memory_limit_bytes: Option<usize>,
    /// Folder for spills and shuffles; a folder of its own is made inside, what
    /// dead executors left there is removed.
    pub work_dir: PathBuf,
    /// Limit of every gRPC message, in bytes; the same on all roles.
    pub max_message_size_bytes: usize,
    /// Seconds between heartbeats.
    pub heartbeat_seconds: u64,
    /// Longest wait for the scheduler at the start.
    pub connect_timeout: Duration,
    /// Longest wait for running tasks when asked to stop.
    pub drain_timeout: Duration,
    /// Certificates, tokens, folders.
    pub security: SecurityParams,
}

impl Default for ExecutorParams {
    fn default() -> Self {
        Self {
            scheduler: "http://127.0.0.1:50050".to_owned(),
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            advertise_host: None,
            port: 50051,
            grpc_port: 50052,
            health_port: Some(50053),
            vcores: None,
            memory_limit_bytes: None,
            work_dir: std::env::temp_dir(),
            max_message_size_bytes: DEFAULT_MAX_MESSAGE_SIZE_BYTES,
            heartbeat_seconds: 5,
            connect_timeout: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(60),
            security: SecurityParams::default(),
        }
    }
}
