//! One job, from what the scheduler holds of it.

use std::collections::BTreeMap;

use ballista_core::serde::protobuf::failed_task::FailedReason;
use ballista_core::serde::protobuf::job_status::Status;
use ballista_core::serde::protobuf::{JobStatus as Reported, task_status};
use ballista_scheduler::state::execution_graph::ExecutionGraphBox;
use ballista_scheduler::state::execution_stage::{ExecutionStage, TaskInfo};
use chrono::{DateTime, Utc};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::MetricsSet;

use super::executors::Busy;
use super::model::{
    JobDetail, JobState, JobStatus, StageCounts, StageState, StageStatus, TaskCounts, TaskError,
};
use super::rows::{self, Rows};

/// What the scheduler says of a job that was cancelled.
const CANCELLED: &str = "Cancelled";

/// Most different errors told of one stage.
const ERRORS_TOLD: usize = 10;

/// The moment of milliseconds since 1970, where 0 stands for none.
pub(super) fn time_of(millis: u64) -> Option<DateTime<Utc>> {
    let millis = i64::try_from(millis).ok().filter(|&millis| millis > 0)?;
    DateTime::from_timestamp_millis(millis)
}

/// A job of which only the state is known: it is not planned yet, or could not be.
pub(super) fn without_plan(reported: &Reported) -> JobDetail {
    JobDetail {
        job: summary(reported, &[]),
        stage_list: Vec::new(),
    }
}

/// A job that was planned.
pub(super) fn planned(graph: &ExecutionGraphBox) -> JobDetail {
    let mut rows_read = 0;
    let mut stage_list = Vec::with_capacity(graph.stage_count());
    for (id, stage) in graph.stages() {
        let (status, rows) = stage_status(*id, stage);
        rows_read += rows.from_sources;
        stage_list.push(status);
    }
    stage_list.sort_by_key(|stage| stage.id);
    let mut job = summary(graph.status(), &stage_list);
    job.rows_read = rows_read;
    JobDetail { job, stage_list }
}

/// Adds the vcores that the job's tasks hold.
pub(super) fn add_busy(graph: &ExecutionGraphBox, busy: &mut Busy) {
    for stage in graph.stages().values() {
        let ExecutionStage::Running(stage) = stage else {
            continue;
        };
        for task in &stage.task_infos {
            if let task_status::Status::Running(running) = &task.task_status {
                *busy.entry(running.executor_id.clone()).or_default() += task.vcores_consumed;
            }
        }
    }
}

fn summary(reported: &Reported, stages: &[StageStatus]) -> JobStatus {
    let started_at = stages.iter().filter_map(|stage| stage.started_at).min();
    let (state, submitted, ended, rows, error) = match &reported.status {
        Some(Status::Running(job)) if started_at.is_some() => {
            (JobState::Running, job.queued_at, 0, None, None)
        }
        Some(Status::Running(job)) => (JobState::Queued, job.queued_at, 0, None, None),
        Some(Status::Queued(job)) => (JobState::Queued, job.queued_at, 0, None, None),
        Some(Status::Successful(job)) => {
            let rows = job
                .partition_location
                .iter()
                .filter_map(|part| u64::try_from(part.partition_stats.as_ref()?.num_rows).ok())
                .sum();
            let state = JobState::Succeeded;
            (state, job.queued_at, job.ended_at, Some(rows), None)
        }
        Some(Status::Failed(job)) => {
            let state = if job.error == CANCELLED {
                JobState::Cancelled
            } else {
                JobState::Failed
            };
            let error = (state == JobState::Failed).then(|| job.error.trim().to_owned());
            (state, job.queued_at, job.ended_at, None, error)
        }
        None => (JobState::Queued, 0, 0, None, None),
    };
    JobStatus {
        id: reported.job_id.clone(),
        name: reported.job_name.clone(),
        state,
        submitted_at: time_of(submitted),
        started_at,
        ended_at: time_of(ended),
        stages: StageCounts {
            total: stages.len(),
            done: stages
                .iter()
                .filter(|stage| stage.state == StageState::Succeeded)
                .count(),
        },
        tasks: stages
            .iter()
            .fold(TaskCounts::default(), |sum, stage| TaskCounts {
                total: sum.total + stage.tasks.total,
                running: sum.running + stage.tasks.running,
                done: sum.done + stage.tasks.done,
                failed: sum.failed + stage.tasks.failed,
            }),
        rows_read: 0,
        rows,
        error,
        retry: false,
    }
}

fn stage_status(id: usize, stage: &ExecutionStage) -> (StageStatus, Rows) {
    let none: &[MetricsSet] = &[];
    let (state, total, tasks, metrics) = match stage {
        ExecutionStage::UnResolved(_) => {
            (StageState::Waiting, partitions(stage.plan()), &[][..], none)
        }
        ExecutionStage::Resolved(stage) => (StageState::Running, stage.partitions, &[][..], none),
        ExecutionStage::Running(stage) => (
            StageState::Running,
            stage.partitions,
            stage.task_infos.as_slice(),
            stage.stage_metrics.as_deref().unwrap_or(none),
        ),
        ExecutionStage::Successful(stage) => (
            StageState::Succeeded,
            stage.partitions,
            stage.task_infos.as_slice(),
            stage.stage_metrics.as_slice(),
        ),
        ExecutionStage::Failed(stage) => (
            StageState::Failed,
            stage.partitions,
            stage.task_infos.as_slice(),
            stage.stage_metrics.as_deref().unwrap_or(none),
        ),
    };
    let rows = if tasks.is_empty() {
        Rows::default()
    } else {
        rows::of_stage(stage.plan(), metrics)
    };
    let ended = matches!(state, StageState::Succeeded | StageState::Failed);
    let status = StageStatus {
        id,
        state,
        tasks: counts(total, tasks),
        started_at: moment(tasks, |task| task.launch_time).min(),
        ended_at: moment(tasks, |task| task.finish_time)
            .max()
            .filter(|_| ended),
        rows_read: rows.from_sources + rows.from_stages,
        rows_written: rows.written,
        spilled_bytes: rows::spilled(metrics),
        errors: errors(tasks),
    };
    (status, rows)
}

fn moment(
    tasks: &[TaskInfo],
    of: impl Fn(&TaskInfo) -> u128,
) -> impl Iterator<Item = DateTime<Utc>> {
    tasks
        .iter()
        .filter_map(move |task| time_of(u64::try_from(of(task)).ok()?))
}

/// The partitions a stage that is not ready yet will work on, as far as they are known.
fn partitions(plan: &dyn ExecutionPlan) -> usize {
    // The root writes; what it writes is divided as its input is.
    let children = plan.children();
    let work = children.first().map_or(plan, |child| child.as_ref());
    work.properties().output_partitioning().partition_count()
}

fn counts(total: usize, tasks: &[TaskInfo]) -> TaskCounts {
    let mut counts = TaskCounts {
        total,
        ..Default::default()
    };
    for task in tasks {
        let partitions = task.global_input_partition_ids.len();
        match &task.task_status {
            task_status::Status::Running(_) => counts.running += partitions,
            task_status::Status::Successful(_) => counts.done += partitions,
            task_status::Status::Failed(failed) => match failed.failed_reason {
                Some(FailedReason::TaskKilled(_)) => {}
                _ => counts.failed += partitions,
            },
        }
    }
    counts
}

fn errors(tasks: &[TaskInfo]) -> Vec<TaskError> {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for task in tasks {
        if let task_status::Status::Failed(failed) = &task.task_status
            && !matches!(failed.failed_reason, Some(FailedReason::TaskKilled(_)))
        {
            *counted.entry(&failed.error).or_default() += 1;
        }
    }
    counted
        .into_iter()
        .take(ERRORS_TOLD)
        .map(|(error, tasks)| TaskError {
            error: error.to_owned(),
            tasks,
        })
        .collect()
}
