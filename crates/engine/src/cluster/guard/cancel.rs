//! `POST /api/cancel/JOB_ID`: a person gives a job up.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use ballista_core::JobId;

use super::{Ledger, Reason};
use crate::cluster::metrics;
use crate::cluster::scheduler::Server;
use crate::cluster::status::{ClusterView, refused};

#[derive(Clone)]
struct Desk {
    server: Server,
    view: ClusterView,
    ledger: Ledger,
}

/// The route. Answers 202 once the cancellation is under way, 404 for a job nobody knows, 409 for
/// one that has ended.
pub(crate) fn routes(server: Server, view: ClusterView, ledger: Ledger) -> Router {
    Router::new()
        .route("/api/cancel/{job_id}", post(cancel))
        .with_state(Desk {
            server,
            view,
            ledger,
        })
}

async fn cancel(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    let found = match desk.view.job(&id).await {
        Ok(found) => found,
        Err(reason) => return refused(StatusCode::INTERNAL_SERVER_ERROR, reason),
    };
    let Some(found) = found else {
        return refused(StatusCode::NOT_FOUND, format!("there is no job {id}"));
    };
    if found.job.state.has_ended() {
        return refused(
            StatusCode::CONFLICT,
            format!("the job {id} has ended already"),
        );
    }
    let job = JobId::from(id);
    desk.ledger.record(&job, Reason::Asked);
    metrics::guard_action("asked");
    tracing::info!(job = %job, "job cancelled by request");
    match desk.server.cancel_job(job).await {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}
