//! `/healthz` (the process runs) and `/readyz` (it can take work).

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

/// The two routes; `ready` is asked on every request.
pub(crate) fn routes(ready: impl Fn() -> bool + Send + Sync + 'static) -> Router {
    let ready = Arc::new(ready);
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route(
            "/readyz",
            get(move || {
                let ready = ready();
                async move {
                    if ready {
                        (StatusCode::OK, "ready\n")
                    } else {
                        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
                    }
                }
            }),
        )
}
