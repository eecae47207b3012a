//! The scheduler's interface over HTTP, from the client's side.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::security::Role;
use super::status::{ClusterStatus, JobDetail, Refusal};
use super::{Access, Outgoing};
use crate::error::EngineError;

/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a question to the scheduler has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// Nobody answers.
    #[error("no scheduler answers at {url} ({reason})")]
    Unreachable {
        /// The address.
        url: String,
        /// The transport's own words.
        reason: String,
    },
    /// The scheduler does not do what was asked.
    #[error("the scheduler refused: {reason}")]
    Refused {
        /// The status of the answer, for example 403.
        status: u16,
        /// The scheduler's own words.
        reason: String,
    },
    /// What answers is no scheduler of ours.
    #[error("what answers at {url} is no scheduler of this version: {reason}")]
    Strange {
        /// The address.
        url: String,
        /// What does not fit.
        reason: String,
    },
}

impl From<ApiError> for EngineError {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Unreachable { url, reason } => Self::SchedulerUnreachable { url, reason },
            other => Self::Cluster {
                action: "asking the scheduler".to_owned(),
                reason: other.to_string(),
            },
        }
    }
}

/// Asks a scheduler for its state, and to give jobs up. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct SchedulerApi {
    client: reqwest::Client,
    base: String,
}

impl SchedulerApi {
    /// Contacts nothing yet. `scheduler` is an address as in [`crate::Mode::Cluster`].
    ///
    /// # Errors
    /// [`EngineError::Configuration`] for what is no address.
    pub fn new(scheduler: &str, access: &Access) -> Result<Self, EngineError> {
        let configuration = |reason: String| EngineError::Configuration { reason };
        let base = super::scheduler_url(scheduler).map_err(configuration)?;
        let outgoing =
            Outgoing::of_client(access, &base).map_err(|e| configuration(e.to_string()))?;
        Self::of(&base, &outgoing)
    }

    /// The same, reaching the scheduler at `base` as all of this client does.
    pub(crate) fn of(base: &str, outgoing: &Outgoing) -> Result<Self, EngineError> {
        let client = outgoing
            .web(Role::Scheduler)
            .timeout(ANSWER_TIMEOUT)
            .build()
            .map_err(|e| EngineError::Configuration {
                reason: super::client::innermost(&e),
            })?;
        Ok(Self {
            client,
            base: base.to_owned(),
        })
    }

    /// The cluster, its executors and jobs.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn cluster(&self) -> Result<ClusterStatus, ApiError> {
        let answer = self.send(self.client.get(self.url("status"))).await?;
        self.read(accepted(answer).await?).await
    }

    /// One job; nothing when the scheduler does not know it.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn job(&self, id: &str) -> Result<Option<JobDetail>, ApiError> {
        self.ask(self.client.get(self.url(&format!("status/{id}"))))
            .await
    }

    /// The same from the job's own client: once it has asked, the scheduler gives the job up when it
    /// does not ask again.
    pub(super) async fn attend(&self, id: &str) -> Result<Option<JobDetail>, ApiError> {
        self.ask(self.client.post(self.url(&format!("attend/{id}"))))
            .await
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<Option<JobDetail>, ApiError> {
        let answer = self.send(request).await?;
        if answer.status() == reqwest::StatusCode::NOT_FOUND {
            // Other servers know other things not.
            return self.read::<Refusal>(answer).await.map(|_| None);
        }
        self.read(accepted(answer).await?).await.map(Some)
    }

    /// Gives a job up. It has been heard when this returns; the job ends a moment later.
    ///
    /// # Errors
    /// [`ApiError`]; [`ApiError::Refused`] for a job that is not known or has ended.
    pub async fn cancel(&self, id: &str) -> Result<(), ApiError> {
        let url = self.url(&format!("cancel/{id}"));
        let answer = self.send(self.client.post(url)).await?;
        accepted(answer).await.map(|_| ())
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/{path}", self.base)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<reqwest::Response, ApiError> {
        request.send().await.map_err(|e| ApiError::Unreachable {
            url: self.base.clone(),
            reason: super::client::innermost(&e),
        })
    }

    async fn read<T: DeserializeOwned>(&self, answer: reqwest::Response) -> Result<T, ApiError> {
        let strange = |reason: String| ApiError::Strange {
            url: self.base.clone(),
            reason,
        };
        let bytes = answer.bytes().await.map_err(|e| strange(e.to_string()))?;
        serde_json::from_slice(&bytes).map_err(|e| strange(e.to_string()))
    }
}

async fn accepted(answer: reqwest::Response) -> Result<reqwest::Response, ApiError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    // Without words the status speaks.
    let body = answer.bytes().await.unwrap_or_default();
    let reason = match serde_json::from_slice::<Refusal>(&body) {
        Ok(refusal) => refusal.error,
        // The gate speaks plainly.
        Err(_) if matches!(status.as_u16(), 401 | 403) => format!(
            "{}; a token is given with --token-file FILE or JOBS_TOKEN_FILE",
            String::from_utf8_lossy(&body).trim()
        ),
        Err(_) => status.to_string(),
    };
    Err(ApiError::Refused {
        status: status.as_u16(),
        reason,
    })
}
