//! `POST /drain`: an executor is asked to leave without harm, for example before Kubernetes stops
//! its pod. The answer comes when it is safe to end the process.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use tokio::sync::watch;

use super::security::Role;
use super::{Outgoing, SecurityParams};

/// How far the leaving is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Working,
    Wanted,
    Done,
}

/// The wish that an executor leaves, and whether it may go. Cloning gives the same one.
#[derive(Debug, Clone)]
pub(crate) struct Drain {
    phase: watch::Sender<Phase>,
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            phase: watch::Sender::new(Phase::Working),
        }
    }
}

impl Drain {
    /// Ends when somebody asks the executor to leave.
    pub(crate) async fn wanted(&self) {
        self.reach(Phase::Wanted).await;
    }

    /// Nobody needs the executor any more.
    pub(crate) fn done(&self) {
        self.phase.send_replace(Phase::Done);
    }

    /// `POST /drain`. Who may ask is for the gate to say.
    pub(crate) fn routes(&self) -> Router {
        Router::new()
            .route("/drain", post(drain))
            .with_state(self.clone())
    }

    async fn reach(&self, wanted: Phase) {
        let there = |phase: &Phase| *phase == wanted || *phase == Phase::Done;
        // The sender lives in `self`, so the channel is open.
        let _ = self.phase.subscribe().wait_for(there).await;
    }
}

async fn drain(State(drain): State<Drain>) -> (StatusCode, &'static str) {
    drain.phase.send_if_modified(|phase| {
        let first = *phase == Phase::Working;
        if first {
            *phase = Phase::Wanted;
        }
        first
    });
    drain.reach(Phase::Done).await;
    (StatusCode::OK, "drained\n")
}

/// An executor that could not be asked to leave.
#[derive(Debug, thiserror::Error)]
#[error("the executor at {url} was not drained: {reason}")]
pub struct DrainError {
    /// Its address.
    pub url: String,
    /// Why.
    pub reason: String,
}

/// Asks the executor on this machine that listens on `bind`, whose health port is `port`, and whose
/// certificates are those of `security`, to leave, and waits until it is safe to end its process, at most `longest`.
///
/// # Errors
/// [`DrainError`] when nobody answers there, or not in time.
pub async fn request_drain(
    bind: IpAddr,
    port: u16,
    security: &SecurityParams,
    longest: Duration,
) -> Result<(), DrainError> {
    let scheme = security.scheme();
    let host = match bind {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let url = format!("{scheme}://{}/drain", SocketAddr::new(host, port));
    let failed = |reason: String| DrainError {
        url: url.clone(),
        reason,
    };
    let client = Outgoing::of_daemon(security, Role::Executor)
        .map_err(|e| failed(e.to_string()))?
        .web(Role::Executor)
        .timeout(longest)
        .build()
        .map_err(|e| failed(super::client::innermost(&e)))?;
    let answer = client.post(&url).send().await;
    let answer = answer.map_err(|e| failed(super::client::innermost(&e)))?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(failed(status.to_string())),
    }
}
