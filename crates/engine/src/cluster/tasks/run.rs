//! Running tasks, on threads of their own, so that a busy executor still
//! answers.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ballista_core::error::BallistaError;
use ballista_core::serde::protobuf::{FailedTask, SuccessfulTask, TaskStatus, task_status};
use ballista_core::serde::scheduler::{TaskDefinition, TaskKey};
use ballista_executor::execution_engine::{ExecutionEngine, QueryStageExecutor};
use ballista_executor::executor::Executor;
use datafusion::execution::TaskContext;
use futures::FutureExt;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::{Ended, Parts, Received, Tasks};
use crate::cluster::THREAD_STACK_BYTES;

/// Runs what arrives until the executor ends.
pub(super) async fn run(
    tasks: Tasks,
    mut queue: mpsc::Receiver<Received>,
    ended: mpsc::Sender<Ended>,
    mut parts: Parts,
) {
    let threads = match Threads::new(tasks.executor.vcores) {
        Ok(threads) => threads,
        Err(error) => {
            tracing::error!(%error, "no threads for tasks");
            // Everybody may have gone already.
            let _ = parts.end.send(());
            return;
        }
    };
    loop {
        let Received { scheduler, task } = tokio::select! {
            received = queue.recv() => match received {
                Some(received) => received,
                None => return,
            },
            () = parts.shutdown.recv() => return,
        };
        let (executor, ended) = (Arc::clone(&tasks.executor), ended.clone());
        let engine = Arc::clone(&tasks.engine);
        threads.spawn(async move {
            let blank = blank(&task);
            let running = run_task(&executor, engine.as_ref(), task, blank.clone());
            let status = or_failed(&executor.metadata.id, blank, running).await;
            // Nobody is told when the executor ends.
            let _ = ended.send(Ended { scheduler, status }).await;
        });
    }
}

/// A runtime that may be dropped anywhere.
struct Threads(Option<Runtime>);

impl Threads {
    fn new(threads: usize) -> std::io::Result<Self> {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("task")
            .thread_stack_size(THREAD_STACK_BYTES)
            .enable_all()
            .build()
            .map(|runtime| Self(Some(runtime)))
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.0 {
            runtime.spawn(task);
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// The status of a task that begins now.
fn blank(task: &TaskDefinition) -> TaskStatus {
    TaskStatus {
        task_id: task.task_id as u32,
        job_id: task.job_id.clone().into(),
        stage_id: task.stage_id as u32,
        stage_attempt_num: task.stage_attempt_num as u32,
        launch_time: task.launch_time,
        start_exec_time: milliseconds(),
        end_exec_time: 0,
        metrics: Vec::new(),
        status: None,
    }
}

/// Makes a panic a failure of the task: without a report the scheduler would take the task for
/// running for ever.
async fn or_failed(
    executor: &str,
    blank: TaskStatus,
    running: impl Future<Output = TaskStatus>,
) -> TaskStatus {
    match AssertUnwindSafe(running).catch_unwind().await {
        Ok(status) => status,
        Err(panic) => {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
            let reason = format!("the task panicked: {}", words.unwrap_or("without words"));
            TaskStatus {
                end_exec_time: milliseconds(),
                status: Some(failed(executor, BallistaError::General(reason))),
                ..blank
            }
        }
    }
}

/// Runs a task to its end.
async fn run_task(
    executor: &Executor,
    engine: &dyn ExecutionEngine,
    task: TaskDefinition,
    mut status: TaskStatus,
) -> TaskStatus {
    let key = TaskKey {
        job_id: task.job_id.clone(),
        stage_id: task.stage_id,
        task_id: task.task_id,
    };
    tracing::debug!(job = %task.job_id, stage = task.stage_id, task = task.task_id, "task begins");
    let outcome = match prepare(executor, engine, task) {
        Ok((stage, context)) => {
            let done = executor
                .execute_query_stage(key, Arc::clone(&stage), context)
                .await;
            status.metrics = metrics(stage.as_ref());
            done.and_then(|partitions| {
                Ok(SuccessfulTask {
                    executor_id: executor.metadata.id.clone(),
                    partitions,
                    runtime_stats: stage.collect_runtime_stats_reports(),
                    task_column_stats: stage.collect_column_stats(),
                    // What later stages rest on: without it the task has failed.
                    window_state: stage.collect_window_state_reports()?,
                })
            })
        }
        Err(error) => {
            tracing::warn!(
                job = status.job_id, stage = status.stage_id, task = status.task_id, %error,
                "task cannot begin"
            );
            Err(error)
        }
    };
    status.end_exec_time = milliseconds();
    status.status = Some(match outcome {
        Ok(done) => task_status::Status::Successful(done),
        Err(error) => failed(&executor.metadata.id, error),
    });
    status
}

/// The failure of a task, with the name of the executor it happened on.
fn failed(executor: &str, error: BallistaError) -> task_status::Status {
    let mut failed = FailedTask::from(error);
    failed.error = format!("on executor {executor}: {}", failed.error);
    task_status::Status::Failed(failed)
}

type Prepared = (Arc<dyn QueryStageExecutor>, Arc<TaskContext>);

fn prepare(
    executor: &Executor,
    engine: &dyn ExecutionEngine,
    task: TaskDefinition,
) -> Result<Prepared, BallistaError> {
    let identity = format!(
        "TID {}/{}.{}/{}.{}",
        task.job_id, task.stage_id, task.stage_attempt_num, task.task_id, task.task_attempt_num
    );
    let stage = engine.create_query_stage_exec(
        task.job_id,
        task.stage_id,
        task.task_id,
        task.global_output_partition_ids,
        task.plan,
        executor.work_dir(),
        &task.session_config,
    )?;
    let runtime = executor.produce_runtime_for_session(
        &task.session_id,
        &task.session_config,
        task.vcores_consumed,
    )?;
    let functions = task.function_registry;
    let context = TaskContext::new(
        Some(identity),
        task.session_id,
        task.session_config,
        functions.scalar_functions.clone(),
        functions.higher_order_functions.clone(),
        functions.aggregate_functions.clone(),
        functions.window_functions.clone(),
        runtime,
    );
    Ok((stage, Arc::new(context)))
}

/// What the plan's operators measured; nothing when one of them speaks in
/// numbers the protocol does not know.
fn metrics(
    stage: &dyn QueryStageExecutor,
) -> Vec<ballista_core::serde::protobuf::OperatorMetricsSet> {
    let sets = stage.collect_plan_metrics().into_iter();
    sets.map(TryInto::try_into)
        .collect::<Result<_, BallistaError>>()
        .unwrap_or_default()
}

/// The present moment, which the scheduler shows.
fn milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_is_reported_as_failed() {
        let blank = TaskStatus {
            task_id: 7,
            ..Default::default()
        };
        let status = or_failed("e-1", blank, async { panic!("no room for the log") }).await;
        assert_eq!(status.task_id, 7);
        let Some(task_status::Status::Failed(failed)) = status.status else {
            panic!("{:?}", status.status);
        };
        assert!(failed.error.contains("no room for the log"), "{failed:?}");
        assert!(failed.error.contains("on executor e-1"), "{failed:?}");
    }
}
