//! `jobs status` and `jobs cancel`: looking at a cluster, and giving up one of its queries.

use std::time::Duration;

use engine::EngineError;
use engine::cluster::status::{ClusterStatus, JobDetail};
use engine::cluster::{ApiError, SchedulerApi};
use indicatif::HumanBytes;
use pipeline::{Failure, FailureKind};

use crate::args::{CancelArgs, OutputFormat, StatusArgs};
use crate::output;
use crate::progress::progress;

/// How long a cancelled query may take to end before we leave it to itself.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(200);

/// Prints the state of a cluster or of one query.
pub(super) async fn status(args: StatusArgs) -> Result<(), Failure> {
    let api = SchedulerApi::new(&args.scheduler, &args.access.into())?;
    match &args.job {
        None => {
            let cluster = api.cluster().await.map_err(failure)?;
            match args.format {
                OutputFormat::Json => output::json(&cluster),
                OutputFormat::Table => print_cluster(&cluster),
            }
        }
        Some(id) => {
            let job = find(&api, id).await?;
            match args.format {
                OutputFormat::Json => output::json(&job),
                OutputFormat::Table => print_job(&job),
            }
        }
    }
}

/// Gives a query up and waits until it has ended.
pub(super) async fn cancel(args: CancelArgs) -> Result<(), Failure> {
    let api = SchedulerApi::new(&args.scheduler, &args.access.into())?;
    api.cancel(&args.job).await.map_err(failure)?;
    let ended = async {
        loop {
            let job = find(&api, &args.job).await?.job;
            if job.state.has_ended() {
                return Ok(job);
            }
            tokio::time::sleep(POLL).await;
        }
    };
    match tokio::time::timeout(PATIENCE, ended).await {
        Ok(Ok(job)) => output::line(&format!("{} {}", job.id, job.state.name())),
        Ok(Err(failure)) => Err(failure),
        Err(_) => output::line(&format!("{} is being cancelled", args.job)),
    }
}

async fn find(api: &SchedulerApi, id: &str) -> Result<JobDetail, Failure> {
    api.job(id).await.map_err(failure)?.ok_or_else(|| {
        Failure::usage(format!(
            "the scheduler knows no job {id}; `jobs status` lists those it knows"
        ))
    })
}

/// What the scheduler refuses is a matter of the question.
fn failure(error: ApiError) -> Failure {
    match &error {
        ApiError::Refused {
            status: 404 | 409,
            reason,
        } => Failure::usage(reason.clone()),
        ApiError::Refused { .. } => Failure::new(FailureKind::Cluster, error.to_string()),
        _ => EngineError::from(error).into(),
    }
}

fn print_cluster(cluster: &ClusterStatus) -> Result<(), Failure> {
    output::line(&format!(
        "scheduler {} since {}, {}; {} of {} vcores busy, {} queued and {} running queries",
        cluster.version,
        cluster.started_at.format("%Y-%m-%d %H:%M:%S UTC"),
        if cluster.ready { "ready" } else { "not ready" },
        cluster.vcores.busy,
        cluster.vcores.total,
        cluster.queued_jobs,
        cluster.running_jobs,
    ))?;
    let mut executors = output::table(&["executor", "where", "state", "vcores", "memory"]);
    for executor in &cluster.executors {
        executors.add_row([
            executor.id.clone(),
            format!("{}:{}", executor.host, executor.port),
            executor.state.name().to_owned(),
            format!("{} of {}", executor.vcores.busy, executor.vcores.total),
            executor
                .memory_bytes
                .map_or_else(String::new, |bytes| HumanBytes(bytes).to_string()),
        ]);
    }
    if !cluster.executors.is_empty() {
        output::line(&executors.to_string())?;
    }
    let mut jobs = output::table(&["query", "name", "state", "submitted (UTC)", "progress"]);
    for job in &cluster.jobs {
        let submitted = job
            .submitted_at
            .map_or_else(String::new, |at| at.format("%Y-%m-%d %H:%M:%S").to_string());
        jobs.add_row([
            job.id.clone(),
            job.name.clone(),
            job.state.name().to_owned(),
            submitted,
            progress(job),
        ]);
    }
    match cluster.jobs.is_empty() {
        true => output::line("no queries"),
        false => output::line(&jobs.to_string()),
    }
}

fn print_job(job: &JobDetail) -> Result<(), Failure> {
    let head = &job.job;
    output::line(&format!("{} {} {}", head.id, head.name, head.state.name()))?;
    output::line(&progress(head))?;
    if let Some(error) = &head.error {
        output::line(error)?;
    }
    let mut stages = output::table(&["stage", "state", "tasks", "rows in", "rows out"]);
    for stage in &job.stage_list {
        stages.add_row([
            stage.id.to_string(),
            stage.state.name().to_owned(),
            format!("{} of {}", stage.tasks.done, stage.tasks.total),
            output::count(stage.rows_read),
            output::count(stage.rows_written),
        ]);
        for error in &stage.errors {
            output::line(&format!("stage {}: {}", stage.id, error.error))?;
        }
    }
    match job.stage_list.is_empty() {
        true => Ok(()),
        false => output::line(&stages.to_string()),
    }
}
