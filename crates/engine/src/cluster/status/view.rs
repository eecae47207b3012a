//! Reads the scheduler's state.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ballista_core::JobId;
use ballista_scheduler::cluster::{ClusterState, JobState as Jobs};
use ballista_scheduler::state::task_manager::JobInfoCache;
use chrono::TimeDelta;

use super::executors::{self, Busy};
use super::job::{self, time_of};
use super::model::{ClusterStatus, ExecutorStatus, JobDetail, JobState, JobStatus};
use crate::cluster::guard::Ledger;
use crate::cluster::scheduler::Server;

/// Ended jobs that an answer lists.
const ENDED_LISTED: usize = 200;

/// The scheduler, to be asked what it knows. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct ClusterView {
    server: Server,
    cluster: Arc<dyn ClusterState>,
    jobs: Arc<dyn Jobs>,
    draining: Arc<AtomicBool>,
    /// Why jobs were given up.
    ledger: Ledger,
    /// What was said of jobs that have ended: it does not change any more, and finding it out
    /// copies all the scheduler holds of them.
    ended: Arc<Mutex<HashMap<JobId, Arc<JobDetail>>>>,
    on_end: Arc<dyn Fn(&JobDetail) + Send + Sync>,
}

/// How long a job that has ended is remembered at least.
const FORGETTING: TimeDelta = TimeDelta::minutes(10);

/// Everything that is worth knowing at one moment.
pub(crate) struct Snapshot {
    pub(crate) executors: Vec<ExecutorStatus>,
    /// Newest first.
    pub(crate) jobs: Vec<Arc<JobDetail>>,
    pub(crate) runnable_tasks: usize,
}

impl Snapshot {
    /// How many jobs are in a state.
    pub(crate) fn jobs_in(&self, state: JobState) -> usize {
        let jobs = self.jobs.iter();
        jobs.filter(|detail| detail.job.state == state).count()
    }
}

impl ClusterView {
    /// A view of `server`, whose state is kept in `cluster` and `jobs`. `on_end` is called once
    /// for every job that has ended, when the view first sees that it has.
    pub(crate) fn new(
        server: Server,
        cluster: Arc<dyn ClusterState>,
        jobs: Arc<dyn Jobs>,
        draining: Arc<AtomicBool>,
        ledger: Ledger,
        on_end: impl Fn(&JobDetail) + Send + Sync + 'static,
    ) -> Self {
        Self {
            server,
            cluster,
            jobs,
            draining,
            ledger,
            ended: Arc::default(),
            on_end: Arc::new(on_end),
        }
    }

    /// Whether the scheduler takes work.
    pub(crate) fn is_ready(&self) -> bool {
        !self.draining.load(Ordering::Acquire) && self.server.is_ready()
    }

    /// The cluster, its executors and jobs.
    pub(crate) async fn cluster(&self) -> Result<ClusterStatus, String> {
        let now = super::now();
        let snapshot = self.snapshot().await?;
        let mut ended = 0;
        let listed = snapshot.jobs.iter().filter(|detail| {
            ended += usize::from(detail.job.state.has_ended());
            !detail.job.state.has_ended() || ended <= ENDED_LISTED
        });
        let jobs: Vec<JobStatus> = listed.map(|detail| detail.job.clone()).collect();
        let started = u64::try_from(self.server.start_time).unwrap_or(0);
        Ok(ClusterStatus {
            at: now,
            started_at: time_of(started).unwrap_or(now),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ready: self.is_ready(),
            vcores: executors::active_vcores(&snapshot.executors),
            queued_jobs: snapshot.jobs_in(JobState::Queued),
            running_jobs: snapshot.jobs_in(JobState::Running),
            runnable_tasks: snapshot.runnable_tasks,
            executors: snapshot.executors,
            jobs,
        })
    }

    /// One job, or nothing when there is none of that id.
    pub(crate) async fn job(&self, id: &str) -> Result<Option<Arc<JobDetail>>, String> {
        let running = self.server.state.task_manager.get_running_job_cache();
        let id = JobId::from(id.to_owned());
        self.detail(&id, running.get(&id)).await
    }

    /// The client of a job is there.
    pub(crate) fn attend(&self, id: &str) {
        self.ledger.attend(&JobId::from(id.to_owned()));
    }

    /// Everything at this moment.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, String> {
        let running = self.server.state.task_manager.get_running_job_cache();
        let mut busy = Busy::new();
        let mut runnable_tasks = 0;
        for job in running.values() {
            let graph = job.execution_graph.read().await;
            job::add_busy(&graph, &mut busy);
            runnable_tasks += graph.available_tasks();
        }
        let ids = self.jobs.get_all_jobs().await.map_err(|e| e.to_string())?;
        let mut jobs = Vec::with_capacity(ids.len());
        for id in &ids {
            jobs.extend(self.detail(id, running.get(id)).await?);
        }
        jobs.sort_by(|a, b| {
            let key = |detail: &JobDetail| (detail.job.submitted_at, detail.job.id.clone());
            key(b).cmp(&key(a))
        });
        // One that ended since the ids were read is not to be forgotten, or it would end twice.
        let lately = super::now() - FORGETTING;
        self.remembered()
            .retain(|id, detail| ids.contains(id) || detail.job.ended_at >= Some(lately));
        Ok(Snapshot {
            executors: self.executors(&busy).await,
            jobs,
            runnable_tasks,
        })
    }

    async fn executors(&self, busy: &Busy) -> Vec<ExecutorStatus> {
        let now = super::now();
        let timeout = self.server.state.config.executor_timeout_seconds;
        let known = self.cluster.registered_executor_metadata().await;
        let mut executors: Vec<ExecutorStatus> = known
            .into_iter()
            .map(|metadata| {
                let heartbeat = self.cluster.get_executor_heartbeat(&metadata.id);
                let busy = busy.get(&metadata.id).copied().unwrap_or(0);
                executors::status(metadata, heartbeat.as_ref(), busy, now, timeout)
            })
            .collect();
        executors.sort_by(|a, b| a.id.cmp(&b.id));
        executors
    }

    async fn detail(
        &self,
        id: &JobId,
        running: Option<&JobInfoCache>,
    ) -> Result<Option<Arc<JobDetail>>, String> {
        if let Some(running) = running {
            let graph = running.execution_graph.read().await;
            return Ok(Some(self.with_reason(id, job::planned(&graph))));
        }
        if let Some(ended) = self.remembered().get(id) {
            return Ok(Some(Arc::clone(ended)));
        }
        let status = self.jobs.get_job_status(id).await;
        let Some(status) = status.map_err(|e| e.to_string())? else {
            return Ok(None);
        };
        let graph = self.jobs.get_execution_graph(id).await;
        let detail = match graph.map_err(|e| e.to_string())? {
            Some(graph) => job::planned(&graph),
            None => job::without_plan(&status),
        };
        let detail = self.with_reason(id, detail);
        if detail.job.state.has_ended() {
            let earlier = self.remembered().insert(id.clone(), Arc::clone(&detail));
            if earlier.is_none() {
                (self.on_end)(&detail);
            }
        }
        Ok(Some(detail))
    }

    /// Adds why a job was given up, if it was.
    fn with_reason(&self, id: &JobId, mut detail: JobDetail) -> Arc<JobDetail> {
        if let Some(reason) = self.ledger.reason(id) {
            detail.job.error = Some(reason.to_string());
            detail.job.retry = reason.retry();
        }
        Arc::new(detail)
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, HashMap<JobId, Arc<JobDetail>>> {
        // The map is whole after every statement, also when a thread panicked.
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
