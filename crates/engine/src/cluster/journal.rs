//! One line in the log for every job that begins and for every job that ends, with its run and
//! its id. Whoever looks for a run in the logs of scheduler and executors looks for `run_id`.

use ballista_core::serde::protobuf::job_status::Status;
use ballista_scheduler::cluster::JobStateEvent;
use futures::StreamExt;

use super::scheduler::Server;
use super::status::{ClusterView, JobDetail, JobState};

/// The run and the step of a job's name, `<run>/<step>`.
pub(super) fn run_and_step(name: &str) -> (&str, &str) {
    name.split_once('/').unwrap_or((name, ""))
}

/// Follows the jobs of `server`; ends with it. Ends are told by the view ([`ended`]), which sees
/// also those of which no word came through.
pub(super) async fn watch(server: Server, view: ClusterView) {
    let mut events = match server.job_state_events().await {
        Ok(events) => events,
        Err(error) => {
            tracing::warn!(%error, "the log will tell of jobs only when somebody asks for them");
            return;
        }
    };
    while let Some(event) = events.next().await {
        let job = match event {
            JobStateEvent::JobAcquired { job_id, .. } => {
                if let Ok(Some(detail)) = view.job(job_id.as_ref()).await {
                    planned(&detail);
                }
                continue;
            }
            JobStateEvent::JobUpdated { job_id, status } => match status.status {
                Some(Status::Successful(_) | Status::Failed(_)) => job_id,
                _ => continue,
            },
            _ => continue,
        };
        if let Err(error) = view.job(job.as_ref()).await {
            tracing::debug!(%job, error, "the end of a job cannot be told");
        }
    }
}

fn planned(detail: &JobDetail) {
    let job = &detail.job;
    let (run_id, step) = run_and_step(&job.name);
    let stages = job.stages.total;
    tracing::info!(run_id, step, job_id = job.id, stages, "job planned");
}

/// Says that a job has ended.
pub(super) fn ended(detail: &JobDetail) {
    let job = &detail.job;
    let (run_id, step) = run_and_step(&job.name);
    let state = job.state.name();
    let seconds = job
        .ended_at
        .zip(job.submitted_at)
        .map(|(end, begin)| (end - begin).as_seconds_f64());
    match (job.state, &job.error) {
        (JobState::Failed, Some(error)) => {
            tracing::warn!(
                run_id,
                step,
                job_id = job.id,
                state,
                seconds,
                error,
                "job ended"
            );
        }
        _ => tracing::info!(run_id, step, job_id = job.id, state, seconds, "job ended"),
    }
}
