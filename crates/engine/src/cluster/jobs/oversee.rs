//! Watching a job from outside while it runs.

use std::sync::Arc;
use std::time::Duration;

use datafusion::physical_plan::ExecutionPlan;
use tokio::time::Instant;

use super::trouble::{JobError, Trouble};
use super::watch::job_of;
use crate::cluster::SchedulerApi;
use crate::cluster::status::{ExecutorState, JobStatus};
use crate::parameters::{ClusterEvent, ClusterParams};

/// How soon the job is looked for after it was sent.
const FIRST_POLL: Duration = Duration::from_millis(50);

/// How often the scheduler is asked.
const POLL: Duration = Duration::from_millis(500);

/// Longest silence of a scheduler that its job survives.
const SILENCE: Duration = Duration::from_secs(30);

/// How often in a row a scheduler may not know the job before it counts as started again.
const UNKNOWN: u32 = 4;

/// Tells the listener how the job goes on; ends only when it should be given up.
pub(super) async fn oversee(
    api: &SchedulerApi,
    plan: &Arc<dyn ExecutionPlan>,
    params: &ClusterParams,
) -> Trouble {
    let id = loop {
        // The scheduler's answer to the submission has a time-out of its own.
        match job_of(plan) {
            Some(id) => break id.to_string(),
            None => tokio::time::sleep(FIRST_POLL).await,
        }
    };
    let mut last = Last::now();
    loop {
        match api.attend(&id).await {
            Ok(Some(detail)) => {
                last.heard = Instant::now();
                last.unknown = 0;
                if let Some(listener) = &params.listener {
                    listener.tell(&ClusterEvent::Progress(&detail.job));
                }
                if let Some(trouble) = last.judge(api, &detail.job, params).await {
                    return trouble;
                }
            }
            Ok(None) => {
                last.unknown += 1;
                if last.unknown >= UNKNOWN {
                    let reason =
                        "the scheduler does not know the job any more; it was started again";
                    return Trouble::Passing(reason.to_owned());
                }
            }
            Err(error) if last.heard.elapsed() > SILENCE => {
                return Trouble::Passing(error.to_string());
            }
            Err(_) => {}
        }
        tokio::time::sleep(POLL).await;
    }
}

/// When something was last seen.
struct Last {
    heard: Instant,
    unknown: u32,
    progress: Instant,
    /// What progress is measured by.
    seen: Option<(usize, usize, usize, u64)>,
    /// Since when there is no executor.
    alone: Option<Instant>,
}

impl Last {
    fn now() -> Self {
        Self {
            heard: Instant::now(),
            unknown: 0,
            progress: Instant::now(),
            seen: None,
            alone: None,
        }
    }

    /// Whether the job should be given up.
    async fn judge(
        &mut self,
        api: &SchedulerApi,
        job: &JobStatus,
        params: &ClusterParams,
    ) -> Option<Trouble> {
        let seen = (
            job.stages.done,
            job.tasks.running,
            job.tasks.done,
            job.rows_read,
        );
        if self.seen != Some(seen) || job.state.has_ended() {
            self.seen = Some(seen);
            self.progress = Instant::now();
        }
        if job.tasks.running > 0 || job.state.has_ended() {
            self.alone = None;
        } else if let Some(trouble) = self.wait_for_executors(api, params).await {
            return Some(trouble);
        }
        // Waiting for executors, or behind other jobs, is not being stuck.
        if job.tasks.running > 0 && self.progress.elapsed() > params.stall_timeout {
            return Some(Trouble::Passing(format!(
                "it showed no progress for {} s",
                params.stall_timeout.as_secs()
            )));
        }
        None
    }

    async fn wait_for_executors(
        &mut self,
        api: &SchedulerApi,
        params: &ClusterParams,
    ) -> Option<Trouble> {
        let cluster = api.cluster().await.ok()?;
        let mut states = cluster.executors.iter().map(|executor| executor.state);
        if states.any(|state| state == ExecutorState::Active) {
            self.alone = None;
            return None;
        }
        let since = match self.alone {
            Some(since) => since,
            None => {
                if let Some(listener) = &params.listener {
                    listener.tell(&ClusterEvent::NoExecutors);
                }
                *self.alone.insert(Instant::now())
            }
        };
        (since.elapsed() > params.queue_timeout).then(|| {
            Trouble::Final(
                JobError::NoExecutors {
                    waited_seconds: params.queue_timeout.as_secs(),
                }
                .into(),
            )
        })
    }
}
