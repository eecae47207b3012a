//! The guard: no result of a job that lost an executor is ever used.
//!
//! When an executor disappears in the middle of a job, Ballista runs the lost tasks again, but
//! what survivors had already handed on stays registered and is read twice: the job succeeds with
//! repeated rows, or never ends. So every running job is cancelled at once and its client told to
//! run it again.

use ballista_scheduler::cluster::ClusterStateEvent;
use futures::StreamExt;

use super::metrics;
use super::scheduler::Server;

/// Cancels running jobs whenever an executor is removed; ends with the scheduler.
pub(super) async fn watch(server: Server) {
    let mut events = match server.cluster_state_events().await {
        Ok(events) => events,
        Err(error) => {
            tracing::error!(%error, "the cluster cannot be watched for lost executors");
            return;
        }
    };
    while let Some(event) = events.next().await {
        let ClusterStateEvent::RemovedExecutor { executor_id } = event else {
            continue;
        };
        for job in server.state.task_manager.get_running_job_cache().keys() {
            metrics::guard_action("executor_lost");
            tracing::warn!(executor = executor_id, job = %job, "an executor was lost; job cancelled");
            if let Err(error) = server.cancel_job(job.clone()).await {
                tracing::error!(%error, job = %job, "the job cannot be cancelled");
            }
        }
    }
}
