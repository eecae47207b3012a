//! What the scheduler asks of an executor.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ballista_core::serde::protobuf::executor_grpc_server::ExecutorGrpc;
use ballista_core::serde::protobuf::{
    CancelTasksParams, CancelTasksResult, LaunchMultiTaskParams, LaunchMultiTaskResult,
    LaunchTaskParams, LaunchTaskResult, RemoveJobDataParams, RemoveJobDataResult,
    StopExecutorParams, StopExecutorResult,
};
use ballista_core::serde::scheduler::TaskDefinition;
use ballista_core::serde::scheduler::from_proto::{get_task_definition, get_task_definition_vec};
use tonic::{Request, Response, Status};

use super::{Received, Tasks};

impl Tasks {
    async fn take(&self, scheduler: &str, task: TaskDefinition) -> Result<(), Status> {
        let received = Received {
            scheduler: scheduler.to_owned(),
            task,
        };
        let taken = self.received.send(received).await;
        taken.map_err(|_| Status::unavailable("the executor is stopping"))
    }
}

#[tonic::async_trait]
impl ExecutorGrpc for Tasks {
    async fn launch_task(
        &self,
        request: Request<LaunchTaskParams>,
    ) -> Result<Response<LaunchTaskResult>, Status> {
        let params = request.into_inner();
        let functions = &self.executor.function_registry;
        for task in params.tasks {
            let task = get_task_definition(
                task,
                self.executor.runtime_producer.clone(),
                self.executor.produce_config(),
                functions.scalar_functions.clone(),
                functions.aggregate_functions.clone(),
                functions.window_functions.clone(),
                functions.higher_order_functions.clone(),
                self.codec.clone(),
            )
            .map_err(|e| Status::invalid_argument(e.to_string()))?;
            self.take(&params.scheduler_endpoint, task).await?;
        }
        Ok(Response::new(LaunchTaskResult { success: true }))
    }

    async fn launch_multi_task(
        &self,
        request: Request<LaunchMultiTaskParams>,
    ) -> Result<Response<LaunchMultiTaskResult>, Status> {
        let params = request.into_inner();
        let functions = &self.executor.function_registry;
        let mut failed_jobs = BTreeSet::new();
        for multi_task in params.multi_tasks {
            let job = multi_task.job_id.clone();
            let tasks = get_task_definition_vec(
                multi_task,
                self.executor.runtime_producer.clone(),
                self.executor.produce_config(),
                functions.scalar_functions.clone(),
                functions.aggregate_functions.clone(),
                functions.window_functions.clone(),
                functions.higher_order_functions.clone(),
                self.codec.clone(),
            );
            match tasks {
                Ok(tasks) => {
                    for task in tasks {
                        self.take(&params.scheduler_endpoint, task).await?;
                    }
                }
                Err(error) => {
                    tracing::error!(job, %error, "tasks that cannot be decoded");
                    failed_jobs.insert(job);
                }
            }
        }
        Ok(Response::new(LaunchMultiTaskResult {
            failed_jobs: failed_jobs.into_iter().collect(),
        }))
    }

    async fn stop_executor(
        &self,
        request: Request<StopExecutorParams>,
    ) -> Result<Response<StopExecutorResult>, Status> {
        let params = request.into_inner();
        if params.executor_id == self.executor.metadata.id {
            tracing::info!(reason = params.reason, "told to stop by the scheduler");
            // Nobody listens any more when the executor stops already.
            let _ = self.stop.send(params.force).await;
        } else {
            tracing::warn!(
                executor = params.executor_id,
                "told to stop under another name"
            );
        }
        Ok(Response::new(StopExecutorResult {}))
    }

    async fn cancel_tasks(
        &self,
        request: Request<CancelTasksParams>,
    ) -> Result<Response<CancelTasksResult>, Status> {
        let mut cancelled = true;
        for task in request.into_inner().task_infos {
            let asked = self.executor.cancel_task(
                task.job_id.into(),
                task.stage_id as usize,
                task.task_id as usize,
            );
            if let Err(error) = asked.await {
                tracing::error!(%error, "a task cannot be cancelled");
                cancelled = false;
            }
        }
        Ok(Response::new(CancelTasksResult { cancelled }))
    }

    async fn remove_job_data(
        &self,
        request: Request<RemoveJobDataParams>,
    ) -> Result<Response<RemoveJobDataResult>, Status> {
        let params = request.into_inner();
        let work = Path::new(self.executor.work_dir());
        for folder in folders(work, &params.job_id, &params.remove_stage_ids)? {
            match tokio::fs::remove_dir_all(&folder).await {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Status::internal(format!(
                        "cannot remove the data of job {}: {e}",
                        params.job_id
                    )));
                }
                _ => {}
            }
        }
        Ok(Response::new(RemoveJobDataResult {}))
    }
}

/// Refuses what is no name of a job: names become parts of paths, and must not lead elsewhere.
pub(in crate::cluster) fn check_job_name(job: &str) -> Result<(), Status> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match !job.is_empty() && job.chars().all(plain) {
        true => Ok(()),
        false => Err(Status::invalid_argument("this is no name of a job")),
    }
}

/// The folders of these stages of a job, or of the whole job when none are named.
fn folders(work: &Path, job: &str, stages: &[u32]) -> Result<Vec<PathBuf>, Status> {
    check_job_name(job)?;
    let folder = work.join(job);
    if stages.is_empty() {
        return Ok(vec![folder]);
    }
    let stages = stages.iter().map(|stage| folder.join(stage.to_string()));
    Ok(stages.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_jobs_are_removed() {
        let work = Path::new("/w");
        assert_eq!(folders(work, "a-B_1", &[]).unwrap(), [work.join("a-B_1")]);
        assert_eq!(
            folders(work, "j", &[2, 3]).unwrap(),
            [work.join("j/2"), work.join("j/3")]
        );
        for job in ["", ".", "..", "../x", "/etc", "a/b"] {
            assert!(folders(work, job, &[]).is_err(), "{job}");
        }
    }
}
