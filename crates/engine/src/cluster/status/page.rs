//! The page for people: `/` and `/jobs/{job_id}`.
//!
//! Rendered here, whole, without a script and without anything from elsewhere; the browser is told
//! to allow nothing else. What clients and executors said (names, errors) is escaped.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};

use super::model::{
    ClusterStatus, ExecutorState, ExecutorStatus, JobDetail, JobState, JobStatus, StageState,
    StageStatus, TaskCounts, TaskError,
};
use super::view::ClusterView;
use super::words::{self, NONE};

const STYLE: &str = include_str!("../../../templates/status/status.css");

/// Nothing but this page and its style sheet; nobody may frame it.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
];

/// `GET /`, `GET /jobs/{job_id}` and their style sheet.
pub(super) fn routes(view: ClusterView) -> Router {
    Router::new()
        .route("/", get(cluster))
        .route("/jobs/{job_id}", get(job))
        .route("/status.css", get(style))
        .with_state(view)
}

async fn style() -> Response {
    (HEADERS, [(header::CONTENT_TYPE, "text/css")], STYLE).into_response()
}

async fn cluster(State(view): State<ClusterView>) -> Response {
    match view.cluster().await {
        Ok(status) => page(StatusCode::OK, &ClusterPage::of(&status)),
        Err(reason) => failed(StatusCode::INTERNAL_SERVER_ERROR, "No status", reason),
    }
}

async fn job(State(view): State<ClusterView>, Path(id): Path<String>) -> Response {
    match view.job(&id).await {
        Ok(Some(detail)) => page(StatusCode::OK, &JobPage::of(&detail, super::now())),
        Ok(None) => {
            let reason = super::UNKNOWN_JOB.to_owned();
            failed(StatusCode::NOT_FOUND, "No such job", reason)
        }
        Err(reason) => failed(StatusCode::INTERNAL_SERVER_ERROR, "No status", reason),
    }
}

fn page(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (status, HEADERS, Html(text)).into_response(),
        Err(error) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            HEADERS,
            error.to_string(),
        )
            .into_response(),
    }
}

fn failed(status: StatusCode, title: &'static str, reason: String) -> Response {
    let missing = MissingPage {
        version: env!("CARGO_PKG_VERSION"),
        at: words::moment(super::now()),
        refreshes: false,
        json: String::new(),
        title,
        reason,
    };
    page(status, &missing)
}

#[derive(Template)]
#[template(path = "status/missing.html")]
struct MissingPage {
    version: &'static str,
    at: String,
    refreshes: bool,
    json: String,
    title: &'static str,
    reason: String,
}

#[derive(Template)]
#[template(path = "status/cluster.html")]
struct ClusterPage {
    version: String,
    at: String,
    refreshes: bool,
    json: String,
    ready: bool,
    busy: u32,
    vcores: u32,
    running_jobs: usize,
    queued_jobs: usize,
    runnable_tasks: usize,
    uptime: String,
    executors: Vec<ExecutorRow>,
    jobs: Vec<JobRow>,
}

impl ClusterPage {
    fn of(status: &ClusterStatus) -> Self {
        let at = status.at;
        Self {
            version: status.version.clone(),
            at: words::moment(at),
            refreshes: true,
            json: String::new(),
            ready: status.ready,
            busy: status.vcores.busy,
            vcores: status.vcores.total,
            running_jobs: status.running_jobs,
            queued_jobs: status.queued_jobs,
            runnable_tasks: status.runnable_tasks,
            uptime: words::duration(at - status.started_at),
            executors: status
                .executors
                .iter()
                .map(|executor| ExecutorRow::of(executor, at))
                .collect(),
            jobs: status.jobs.iter().map(|job| JobRow::of(job, at)).collect(),
        }
    }
}

struct ExecutorRow {
    address: String,
    state: &'static str,
    tone: &'static str,
    busy: u32,
    vcores: u32,
    memory: String,
    peak: String,
    heard: String,
    id: String,
}

impl ExecutorRow {
    fn of(executor: &ExecutorStatus, now: DateTime<Utc>) -> Self {
        let bytes = |bytes: Option<u64>| bytes.map_or_else(|| NONE.to_owned(), words::bytes);
        let heard = executor.last_heartbeat.map_or_else(
            || NONE.to_owned(),
            // Heartbeats are told in whole seconds.
            |last| format!("{} s ago", (now - last).num_seconds().max(0)),
        );
        Self {
            address: format!("{}:{}", executor.host, executor.port),
            state: executor.state.name(),
            tone: match executor.state {
                ExecutorState::Active => "good",
                ExecutorState::Leaving => "busy",
                ExecutorState::Silent => "bad",
            },
            busy: executor.vcores.busy,
            vcores: executor.vcores.total,
            memory: bytes(executor.memory_bytes),
            peak: bytes(executor.peak_memory_bytes),
            heard,
            id: executor.id.clone(),
        }
    }
}

struct JobRow {
    id: String,
    name: String,
    state: &'static str,
    tone: &'static str,
    accepted: String,
    waited: String,
    took: String,
    stages: String,
    tasks: String,
    tasks_done: usize,
    tasks_total: usize,
    rows_read: String,
}

impl JobRow {
    fn of(job: &JobStatus, now: DateTime<Utc>) -> Self {
        let until = job.ended_at.unwrap_or(now);
        Self {
            id: job.id.clone(),
            name: job.name.clone(),
            state: job.state.name(),
            tone: match job.state {
                JobState::Queued | JobState::Running => "busy",
                JobState::Succeeded => "good",
                JobState::Failed | JobState::Cancelled => "bad",
            },
            accepted: job
                .submitted_at
                .map_or_else(|| NONE.to_owned(), words::moment),
            waited: between(job.submitted_at, job.started_at.unwrap_or(until)),
            took: between(job.started_at, until),
            stages: format!("{} of {}", job.stages.done, job.stages.total),
            tasks: tasks(&job.tasks),
            tasks_done: job.tasks.done,
            tasks_total: job.tasks.total.max(1),
            rows_read: words::count(job.rows_read),
        }
    }
}

#[derive(Template)]
#[template(path = "status/job.html")]
struct JobPage {
    version: &'static str,
    at: String,
    refreshes: bool,
    json: String,
    job: JobRow,
    rows: String,
    error: Option<String>,
    stages: Vec<StageRow>,
}

impl JobPage {
    fn of(detail: &JobDetail, now: DateTime<Utc>) -> Self {
        let job = &detail.job;
        Self {
            version: env!("CARGO_PKG_VERSION"),
            at: words::moment(now),
            refreshes: !job.state.has_ended(),
            json: format!("/{}", job.id),
            rows: job.rows.map_or_else(|| NONE.to_owned(), words::count),
            error: job.error.clone(),
            stages: detail
                .stage_list
                .iter()
                .map(|stage| StageRow::of(stage, job.ended_at.unwrap_or(now)))
                .collect(),
            job: JobRow::of(job, now),
        }
    }
}

struct StageRow {
    id: usize,
    state: &'static str,
    tone: &'static str,
    tasks: String,
    tasks_done: usize,
    tasks_total: usize,
    failed: usize,
    took: String,
    rows_read: String,
    rows_written: String,
    spilled: String,
    errors: Vec<TaskError>,
}

impl StageRow {
    fn of(stage: &StageStatus, now: DateTime<Utc>) -> Self {
        Self {
            id: stage.id,
            state: stage.state.name(),
            tone: match stage.state {
                StageState::Waiting => "none",
                StageState::Running => "busy",
                StageState::Succeeded => "good",
                StageState::Failed => "bad",
            },
            tasks: tasks(&stage.tasks),
            tasks_done: stage.tasks.done,
            tasks_total: stage.tasks.total.max(1),
            failed: stage.tasks.failed,
            took: between(stage.started_at, stage.ended_at.unwrap_or(now)),
            rows_read: words::count(stage.rows_read),
            rows_written: words::count(stage.rows_written),
            spilled: match stage.spilled_bytes {
                0 => NONE.to_owned(),
                bytes => words::bytes(bytes),
            },
            errors: stage.errors.clone(),
        }
    }
}

fn between(from: Option<DateTime<Utc>>, to: DateTime<Utc>) -> String {
    from.map_or_else(|| NONE.to_owned(), |from| words::duration(to - from))
}

fn tasks(counts: &TaskCounts) -> String {
    let mut text = format!("{} of {}", counts.done, counts.total);
    if counts.running > 0 {
        text += &format!(", {} running", counts.running);
    }
    text
}
