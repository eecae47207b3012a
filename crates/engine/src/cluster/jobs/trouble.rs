//! What can become of a job, and whether sending it again helps.

use arrow::array::RecordBatch;
use datafusion::error::DataFusionError;

use crate::cluster::ApiError;
use crate::cluster::status::{JobDetail, JobState};
use crate::error::EngineError;
use crate::memory;

/// Why an attempt gave nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The cluster was the trouble; another attempt may do.
    Passing(String),
    /// The query is, or somebody stopped it.
    Final(DataFusionError),
}

/// A job that ended without a result, in words for people.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobError {
    /// Every attempt was lost.
    #[error(
        "lost after {attempts} attempt(s), the last because {reason}; look at the executors (their \
         logs, memory and disks), then run the job again"
    )]
    GaveUp {
        /// How many there were.
        attempts: usize,
        /// What happened to the last.
        reason: String,
    },
    /// Somebody stopped it.
    #[error("the job {job} was cancelled: {reason}; nothing of it was used")]
    Cancelled {
        /// Its id.
        job: String,
        /// Why.
        reason: String,
    },
    /// No executor came.
    #[error(
        "no executor is registered at the scheduler, and none came within {waited_seconds} s; \
         start executors, or give them longer with --queue-timeout"
    )]
    NoExecutors {
        /// How long was waited.
        waited_seconds: u64,
    },
    /// The plan does not fit into a message.
    #[error(
        "the plan of the query takes {}, and messages may have {}; raise --max-message-size on \
         the scheduler and the executors and in this client, or read fewer files at once",
        memory::in_words(*bytes),
        memory::in_words(*limit)
    )]
    TooLarge {
        /// The plan's size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Told by the engine itself.
    #[error(transparent)]
    Engine(Box<EngineError>),
}

impl From<JobError> for DataFusionError {
    fn from(error: JobError) -> Self {
        Self::External(Box::new(error))
    }
}

/// Decides about a result after asking the scheduler for its job; `found` is its answer, nothing
/// when no job was made.
pub(super) fn judge(
    result: Result<Vec<RecordBatch>, DataFusionError>,
    found: Option<Result<Option<JobDetail>, ApiError>>,
) -> Result<Vec<RecordBatch>, Trouble> {
    let told = |result: &Result<Vec<RecordBatch>, DataFusionError>| match result {
        Ok(_) => "its success cannot be confirmed".to_owned(),
        Err(error) => error.strip_backtrace(),
    };
    let job = match found {
        Some(Ok(Some(detail))) => detail.job,
        Some(Ok(None)) => {
            return Err(Trouble::Passing(
                "the scheduler does not know the job any more; it was started again".to_owned(),
            ));
        }
        Some(Err(error)) => {
            return Err(Trouble::Passing(format!("{error}, and {}", told(&result))));
        }
        None => {
            return result.map_err(|error| match is_transport(&error.to_string()) {
                true => Trouble::Passing(error.strip_backtrace()),
                false => Trouble::Final(error),
            });
        }
    };
    if job.retry {
        let reason = job
            .error
            .unwrap_or_else(|| "an executor was lost".to_owned());
        return Err(Trouble::Passing(reason));
    }
    match (result, job.state) {
        (Ok(batches), _) => Ok(batches),
        (Err(_), JobState::Cancelled) => Err(Trouble::Final(
            JobError::Cancelled {
                job: job.id,
                reason: job
                    .error
                    .unwrap_or_else(|| "somebody asked for it".to_owned()),
            }
            .into(),
        )),
        (Err(error), JobState::Failed) => {
            let reason = job.error.unwrap_or_else(|| error.strip_backtrace());
            if is_loss(&reason) || is_transport(&reason) {
                Err(Trouble::Passing(reason))
            } else {
                Err(Trouble::Final(error))
            }
        }
        // The job ended well, or goes on: what failed is the way from it to us.
        (Err(error), _) => Err(Trouble::Passing(format!(
            "its result could not be fetched: {}",
            error.strip_backtrace()
        ))),
    }
}

/// Whether a failure of a job tells of an executor that went.
fn is_loss(reason: &str) -> bool {
    [
        // The scheduler's words for results of an earlier stage that cannot be fetched.
        "most recent failure reason: FetchPartitionError",
        "FetchFailed",
        "FetchPartitionError",
        "has failed 1 times",
        "all executors were lost",
        "task could not be prepared or was rejected by executor",
        "ExecutorLost",
    ]
    .iter()
    .any(|words| reason.contains(words))
}

/// Whether a message tells of a connection that broke.
fn is_transport(reason: &str) -> bool {
    [
        "transport error",
        "Unavailable",
        "Connection refused",
        "connection error",
        "broken pipe",
        "Timeout expired",
        "deadline has elapsed",
    ]
    .iter()
    .any(|words| reason.contains(words))
}
