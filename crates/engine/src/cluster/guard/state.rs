//! The state of the cluster, with an eye on executors that go.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use ballista_core::JobId;
use ballista_core::error::Result;
use ballista_core::serde::protobuf::{ExecutorHeartbeat, task_status};
use ballista_core::serde::scheduler::{ExecutorData, ExecutorMetadata};
use ballista_scheduler::cluster::{BoundTask, ClusterState, ClusterStateEventStream, ExecutorSlot};
use ballista_scheduler::config::TaskDistributionPolicy;
use ballista_scheduler::state::execution_graph::ExecutionGraphBox;
use ballista_scheduler::state::execution_stage::{ExecutionStage, TaskInfo};
use ballista_scheduler::state::task_manager::JobInfoCache;

use super::{Ledger, Reason};
use crate::cluster::metrics;
use crate::cluster::scheduler::Server;

/// Passes everything on to the state it wraps, and gives jobs up before an executor is removed.
///
/// Every way in which Ballista removes an executor (silence, a failed launch, its own farewell)
/// asks this state first and rolls the executor's tasks back only afterwards, so what is looked at
/// here is still as the executor left it.
pub(crate) struct GuardedCluster {
    inner: Arc<dyn ClusterState>,
    ledger: Ledger,
    server: OnceLock<Server>,
}

impl GuardedCluster {
    pub(crate) fn new(inner: Arc<dyn ClusterState>, ledger: Ledger) -> Self {
        Self {
            inner,
            ledger,
            server: OnceLock::new(),
        }
    }

    /// Names the scheduler whose jobs are watched; it is made after its state.
    pub(crate) fn watch(&self, server: Server) {
        // Set once, at the start.
        let _ = self.server.set(server);
    }

    /// Gives up all running jobs that have tasks or outputs on the executor.
    async fn give_up_jobs_on(&self, executor: &str) {
        let Some(server) = self.server.get() else {
            return;
        };
        for (job, cached) in server.state.task_manager.get_running_job_cache().iter() {
            // A graph that is being changed at this moment is not waited for: the one who holds it
            // may be the one who asks. The job then counts as affected.
            let affected = match cached.execution_graph.try_read() {
                Ok(graph) => uses(&graph, executor),
                Err(_) => true,
            };
            if affected {
                self.give_up(server, job, executor).await;
            }
        }
    }

    async fn give_up(&self, server: &Server, job: &JobId, executor: &str) {
        metrics::guard_action("executor_lost");
        tracing::warn!(executor, job = %job, "an executor was lost; job cancelled");
        // Before the cancellation, so that whoever sees the one finds the other.
        self.ledger.record(
            job,
            Reason::ExecutorLost {
                executor: executor.to_owned(),
            },
        );
        if let Err(error) = server.cancel_job(job.clone()).await {
            tracing::error!(%error, job = %job, "the job cannot be cancelled");
        }
    }
}

/// Whether a job has running tasks on an executor, or outputs of ended ones.
fn uses(graph: &ExecutionGraphBox, executor: &str) -> bool {
    let is_there = |task: &TaskInfo| match &task.task_status {
        task_status::Status::Running(task) => task.executor_id == executor,
        task_status::Status::Successful(task) => task.executor_id == executor,
        task_status::Status::Failed(_) => false,
    };
    graph.stages().values().any(|stage| match stage {
        ExecutionStage::UnResolved(_) | ExecutionStage::Resolved(_) => false,
        ExecutionStage::Running(stage) => stage.task_infos.iter().any(is_there),
        ExecutionStage::Successful(stage) => stage.task_infos.iter().any(is_there),
        ExecutionStage::Failed(stage) => stage.task_infos.iter().any(is_there),
    })
}

#[async_trait]
impl ClusterState for GuardedCluster {
    async fn init(&self) -> Result<()> {
        self.inner.init().await
    }

    async fn bind_schedulable_tasks(
        &self,
        distribution: TaskDistributionPolicy,
        active_jobs: Arc<HashMap<JobId, JobInfoCache>>,
        executors: Option<HashSet<String>>,
    ) -> Result<Vec<BoundTask>> {
        self.inner
            .bind_schedulable_tasks(distribution, active_jobs, executors)
            .await
    }

    async fn unbind_tasks(&self, executor_slots: Vec<ExecutorSlot>) -> Result<()> {
        self.inner.unbind_tasks(executor_slots).await
    }

    async fn register_executor(
        &self,
        metadata: ExecutorMetadata,
        spec: ExecutorData,
    ) -> Result<()> {
        self.inner.register_executor(metadata, spec).await
    }

    async fn save_executor_metadata(&self, metadata: ExecutorMetadata) -> Result<()> {
        self.inner.save_executor_metadata(metadata).await
    }

    async fn get_executor_metadata(&self, executor_id: &str) -> Result<ExecutorMetadata> {
        self.inner.get_executor_metadata(executor_id).await
    }

    async fn registered_executor_metadata(&self) -> Vec<ExecutorMetadata> {
        self.inner.registered_executor_metadata().await
    }

    async fn save_executor_heartbeat(&self, heartbeat: ExecutorHeartbeat) -> Result<()> {
        self.inner.save_executor_heartbeat(heartbeat).await
    }

    async fn remove_executor(&self, executor_id: &str) -> Result<()> {
        self.give_up_jobs_on(executor_id).await;
        self.inner.remove_executor(executor_id).await
    }

    fn executor_heartbeats(&self) -> HashMap<String, ExecutorHeartbeat> {
        self.inner.executor_heartbeats()
    }

    fn get_executor_heartbeat(&self, executor_id: &str) -> Option<ExecutorHeartbeat> {
        self.inner.get_executor_heartbeat(executor_id)
    }

    async fn cluster_state_events(&self) -> Result<ClusterStateEventStream> {
        self.inner.cluster_state_events().await
    }
}
