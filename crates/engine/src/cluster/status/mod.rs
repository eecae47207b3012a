//! The state of the cluster and its jobs: a page for people at `/`, and for programs
//! `GET /api/status` and `GET /api/status/JOB_ID`.
//!
//! Everything is read from the scheduler's memory at the moment of the question; nothing is
//! recorded on the side. A scheduler that starts again knows no earlier job.

mod executors;
mod job;
mod model;
mod page;
pub(super) mod rows;
mod view;
mod words;

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub(crate) use executors::active_vcores;
pub use model::{
    ClusterStatus, ExecutorState, ExecutorStatus, JobDetail, JobState, JobStatus, StageCounts,
    StageState, StageStatus, TaskCounts, TaskError, Vcores,
};
pub(crate) use view::{ClusterView, Snapshot};

/// The scheduler's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "a server tells how long ago something was; no result depends on it"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

const UNKNOWN_JOB: &str =
    "the scheduler knows no such job; it forgets jobs an hour after their end";

/// `GET /api/status`, `GET /api/status/{job_id}`, `POST /api/attend/{job_id}`, and the page.
pub(super) fn routes(view: ClusterView) -> Router {
    Router::new()
        .route("/api/status", get(cluster))
        .route("/api/status/{job_id}", get(job))
        .route("/api/attend/{job_id}", post(attend))
        .with_state(view.clone())
        .merge(page::routes(view))
}

async fn cluster(State(view): State<ClusterView>) -> Response {
    match view.cluster().await {
        Ok(status) => Json(status).into_response(),
        Err(reason) => refused(StatusCode::INTERNAL_SERVER_ERROR, reason),
    }
}

/// Asks for a job as its client, which will ask again within seconds; when it does not, the job is
/// given up.
async fn attend(view: State<ClusterView>, id: Path<String>) -> Response {
    view.attend(&id);
    job(view, id).await
}

async fn job(State(view): State<ClusterView>, Path(id): Path<String>) -> Response {
    match view.job(&id).await {
        Ok(Some(detail)) => Json(detail.as_ref()).into_response(),
        Ok(None) => refused(StatusCode::NOT_FOUND, UNKNOWN_JOB.to_owned()),
        Err(reason) => refused(StatusCode::INTERNAL_SERVER_ERROR, reason),
    }
}

/// The body of an answer that is none.
#[derive(Serialize, Deserialize)]
pub(super) struct Refusal {
    pub(super) error: String,
}

pub(super) fn refused(status: StatusCode, error: String) -> Response {
    (status, Json(Refusal { error })).into_response()
}
