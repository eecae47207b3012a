//! How an executor leaves without harm.

use std::future::Future;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ballista_core::serde::protobuf::executor_status::Status;
use ballista_core::serde::protobuf::{
    ExecutorStatus, ExecutorStoppedParams, GetJobStatusParams, HeartBeatParams, job_status,
};
use ballista_executor::executor_server::TERMINATING;

use super::{CLOSE_TIMEOUT, Running};
use crate::cluster::tasks::is_silence;

/// How often a leaving executor asks whether it is still needed.
const DRAIN_POLL: Duration = Duration::from_millis(250);

/// How long a leaving executor must not have been needed before it goes.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long the scheduler must not have answered before nobody needs the results of its jobs.
const SILENCE: Duration = Duration::from_secs(30);

/// Whether a leaving executor may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needed {
    Yes,
    No,
    /// The scheduler does not answer.
    Unknown,
}

impl Running {
    /// Takes no new tasks, waits until nobody needs this executor any more, and says goodbye. The
    /// process takes no tasks afterwards: Ballista's flag is global.
    pub(super) async fn leave(&mut self, longest: Duration) {
        // Heartbeats go on, and tell from now on that the executor is leaving.
        TERMINATING.store(true, Ordering::Release);
        let running_tasks = self.executor.active_task_count();
        tracing::info!(running_tasks, "executor is draining");
        let id = self.executor.metadata.id.clone();
        let status = ExecutorStatus {
            status: Some(Status::Terminating(String::new())),
        };
        let leaving = HeartBeatParams {
            executor_id: id.clone(),
            metrics: Vec::new(),
            status: Some(status),
            metadata: Some(self.executor.metadata.clone()),
        };
        told(self.scheduler.heart_beat_from_executor(leaving)).await;
        if tokio::time::timeout(longest, self.unneeded())
            .await
            .is_err()
        {
            let running_tasks = self.executor.active_task_count();
            tracing::warn!(running_tasks, "executor stops although it is needed");
        }
        let stopped = ExecutorStoppedParams {
            executor_id: id,
            reason: "asked to stop".to_owned(),
        };
        told(self.scheduler.executor_stopped(stopped)).await;
        self.drain.done();
    }

    /// Ends when no task runs here and every job with results here has ended, and has stayed so for
    /// a while: tasks may be on their way when the scheduler learns that none are wanted, and
    /// clients fetch results after the end of their job.
    async fn unneeded(&mut self) {
        let (mut idle_since, mut heard) = (Instant::now(), Instant::now());
        while idle_since.elapsed() < FAREWELL {
            let needed = self.needed().await;
            if needed != Needed::Unknown {
                heard = Instant::now();
            }
            if needed == Needed::Yes || needed == Needed::Unknown && heard.elapsed() < SILENCE {
                idle_since = Instant::now();
            }
            tokio::time::sleep(DRAIN_POLL).await;
        }
    }

    async fn needed(&mut self) -> Needed {
        if self.executor.active_task_count() > 0 {
            return Needed::Yes;
        }
        for job in jobs_in(self.work.path()) {
            match self.is_running(job).await {
                Some(true) => return Needed::Yes,
                Some(false) => {}
                None => return Needed::Unknown,
            }
        }
        Needed::No
    }

    /// Whether the scheduler says that the job goes on; nothing when it does not say.
    async fn is_running(&mut self, job_id: String) -> Option<bool> {
        let asked = self.scheduler.get_job_status(GetJobStatusParams { job_id });
        match tokio::time::timeout(CLOSE_TIMEOUT, asked).await {
            Ok(Ok(answer)) => Some(matches!(
                answer.into_inner().status.and_then(|job| job.status),
                Some(job_status::Status::Running(_) | job_status::Status::Queued(_))
            )),
            // One that hears and does not know the job has no need of it.
            Ok(Err(error)) if !is_silence(&error) => Some(false),
            Ok(Err(_)) | Err(_) => None,
        }
    }
}

/// Gives a message to the scheduler, which may be gone.
async fn told<T>(message: impl Future<Output = Result<T, tonic::Status>>) {
    match tokio::time::timeout(CLOSE_TIMEOUT, message).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the scheduler was not told"),
        Err(_) => tracing::warn!("the scheduler was not told in time"),
    }
}

/// The jobs with results in the folder: each has a folder of its own.
fn jobs_in(work: &std::path::Path) -> Vec<String> {
    // A folder that cannot be read holds nothing for anybody.
    let entries = std::fs::read_dir(work).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}
