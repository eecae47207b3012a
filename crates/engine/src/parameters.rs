//! What a caller may choose when it opens an engine.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::cluster::{Access, JobStatus};

/// Largest message any of our gRPC clients and servers takes, in bytes
/// (128 MiB): a task carries its whole plan, and a plan over the limit would be
/// sent again and again without ever starting.
pub const DEFAULT_MAX_MESSAGE_SIZE_BYTES: usize = 128 * 1024 * 1024;

/// Where the work runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Mode {
    /// Plain DataFusion inside this process, on every core given.
    #[default]
    Embedded,
    /// A scheduler and an executor of our own inside this process, talking over
    /// the loopback: the cluster's way of running, on one machine.
    Standalone,
    /// A scheduler elsewhere. Everything read and written must be reachable
    /// from this process, the scheduler and every executor under the same URL.
    Cluster {
        /// `http://host:50050`; `df://host:50050` is understood as well, and
        /// the port may be left out (50050).
        scheduler: String,
    },
}

/// Parameters of [`crate::Engine::open`]. The default is embedded, all cores,
/// 70 % of the memory this process may use.
#[derive(Debug, Clone, Default)]
pub struct EngineParams {
    /// Where the work runs.
    pub mode: Mode,
    /// Parallel partitions, at least 1; all cores when `None`. In cluster mode
    /// this is the number of partitions a query is planned with, 16 when `None`.
    pub threads: Option<usize>,
    /// Memory that operators may hold, in bytes, at least 1 MiB. Operators over
    /// it spill to `work_dir`. `None` = 70 % of what the machine or the cgroup
    /// allows. A cluster's executors have limits of their own.
    pub memory_limit_bytes: Option<usize>,
    /// Local folder for spills and shuffles; a folder of our own is made inside
    /// it and removed again. `None` = the system's temporary folder.
    pub work_dir: Option<PathBuf>,
    /// Limit of every gRPC message, in bytes; must be the same on all roles of
    /// a cluster. `None` = [`DEFAULT_MAX_MESSAGE_SIZE_BYTES`].
    pub max_message_size_bytes: Option<usize>,
    /// What a cluster is shown and known by; cluster mode alone.
    pub access: Access,
    /// How to deal with a cluster; without meaning in the other modes.
    pub cluster: ClusterParams,
}

/// How a client deals with a cluster that loses executors, has none, or gets stuck.
#[derive(Debug, Clone)]
pub struct ClusterParams {
    /// How often a query is sent again after an executor or the scheduler was lost.
    pub max_retries: usize,
    /// Longest wait for an executor while there is none.
    pub queue_timeout: Duration,
    /// Longest time in which a job may show no progress at all before it is given up and sent
    /// again: no task begun or ended, no rows read.
    pub stall_timeout: Duration,
    /// Is told how jobs go on.
    pub listener: Option<ClusterListener>,
}

impl Default for ClusterParams {
    fn default() -> Self {
        Self {
            max_retries: 5,
            queue_timeout: Duration::from_secs(120),
            stall_timeout: Duration::from_secs(900),
            listener: None,
        }
    }
}

/// What a client may want to show of its jobs.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClusterEvent<'a> {
    /// How far the present job is.
    Progress(&'a JobStatus),
    /// No executor is there to run the job; the wait has begun.
    NoExecutors,
    /// The present job was lost and is sent again.
    Retry {
        /// Why.
        reason: &'a str,
        /// Which repetition it is, from 1.
        retry: usize,
        /// How many there may be.
        of: usize,
    },
}

/// Called with every [`ClusterEvent`], from async code: it must return at once.
#[derive(Clone)]
pub struct ClusterListener(Arc<dyn Fn(&ClusterEvent<'_>) + Send + Sync>);

impl ClusterListener {
    /// A listener that calls `hear`.
    pub fn new(hear: impl Fn(&ClusterEvent<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hear))
    }

    pub(crate) fn tell(&self, event: &ClusterEvent<'_>) {
        (self.0)(event);
    }
}

impl fmt::Debug for ClusterListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClusterListener")
    }
}
