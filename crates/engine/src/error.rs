//! What can go wrong, told apart by what the user can do about it.

use datafusion::common::DataFusionError;
use datafusion::parquet::errors::ParquetError;

use crate::cluster::JobError;
use crate::stores::StoreError;

/// Every failure of the engine. Each message is one paragraph: what happened,
/// where, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The parameters of the engine make no sense together.
    #[error("the engine cannot start: {reason}")]
    Configuration {
        /// What is wrong and what would be right.
        reason: String,
    },
    /// Cluster mode: nobody answers at the scheduler's address.
    #[error(
        "no scheduler answers at {url} ({reason}); check that the scheduler runs, that the host \
         and port are right (default port 50050) and that a firewall lets this machine through"
    )]
    SchedulerUnreachable {
        /// The address that was tried.
        url: String,
        /// The transport's own words.
        reason: String,
    },
    /// Cluster mode: the scheduler does not let us in.
    #[error(
        "the scheduler at {url} refuses: {reason}; give a token that may do this with \
         --token-file FILE or JOBS_TOKEN_FILE"
    )]
    SchedulerRefuses {
        /// The address.
        url: String,
        /// What it said.
        reason: String,
    },
    /// The cluster accepted the work and could not finish it.
    #[error(
        "{action} failed on the cluster: {reason}; the scheduler's and executors' logs hold the \
         details, and every file must be reachable from all of them under the same URL"
    )]
    Cluster {
        /// What was being done, for example `query` or `write table events`.
        action: String,
        /// The innermost message.
        reason: String,
    },
    /// A job of the cluster ended without a result, for a reason that is known.
    #[error("{action} failed on the cluster: {reason}")]
    Job {
        /// What was being done, for example `query` or `write table events`.
        action: String,
        /// What happened and what to do.
        reason: String,
    },
    /// Operators wanted more memory than they may have and could not spill.
    #[error(
        "{action} needs more memory than the limit of {limit} allows ({reason}); raise \
         --memory-limit, or lower --threads so that each thread's share grows"
    )]
    MemoryLimit {
        /// What was being done.
        action: String,
        /// The limit, written for people.
        limit: String,
        /// Which operator asked for how much.
        reason: String,
    },
    /// A file to read is missing, unreadable or damaged.
    #[error("cannot read {what}: {reason}")]
    Read {
        /// Table or URL.
        what: String,
        /// The innermost message.
        reason: String,
        /// The chain below.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// A file cannot be written.
    #[error("cannot write {what}: {reason}; check that the place exists, is writable and has room")]
    Write {
        /// Table or URL.
        what: String,
        /// The innermost message.
        reason: String,
        /// The chain below.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The query cannot be planned: syntax, an unknown name, types that do not
    /// meet, a parameter that was not given.
    #[error("invalid SQL in {action}: {reason}")]
    InvalidSql {
        /// What was being done.
        action: String,
        /// The planner's message.
        reason: String,
    },
    /// The query was valid and failed on the data, for example a cast.
    #[error("{action} failed: {reason}")]
    Execution {
        /// What was being done.
        action: String,
        /// The innermost message.
        reason: String,
        /// The chain below.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// A URL that no store serves, or a store that cannot be set up.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the engine was doing when DataFusion failed; decides how the failure is
/// told.
pub(crate) struct Doing<'a> {
    /// For people: `query`, `create view x`, `write table x`.
    pub(crate) action: &'a str,
    /// The place written to, when the action writes.
    pub(crate) target: Option<&'a str>,
    /// Whether the plan ran on a cluster (standalone included).
    pub(crate) distributed: bool,
    /// The memory limit in bytes, where this process sets it.
    pub(crate) memory_limit_bytes: Option<usize>,
}

/// Turns DataFusion's error into ours.
pub(crate) fn classify(error: DataFusionError, doing: &Doing<'_>) -> EngineError {
    let action = doing.action.to_owned();
    let error = match told_already(error, &action) {
        Ok(told) => return told,
        Err(error) => error,
    };
    let root = error.find_root();
    let reason = paragraph(&root.message());
    let boxed = |e: DataFusionError| -> Option<Box<dyn std::error::Error + Send + Sync>> {
        Some(Box::new(e))
    };
    if matches!(root, DataFusionError::ResourcesExhausted(_))
        || reason.contains("ResourcesExhausted")
        || reason.contains("Resources exhausted")
    {
        let limit = doing
            .memory_limit_bytes
            .map_or_else(|| "the executors".to_owned(), crate::memory::in_words);
        return EngineError::MemoryLimit {
            action,
            limit,
            reason,
        };
    }
    match root {
        DataFusionError::SQL(..)
        | DataFusionError::Plan(_)
        | DataFusionError::SchemaError(..)
        | DataFusionError::NotImplemented(_)
        | DataFusionError::Configuration(_)
            if !is_job_failure(&reason) =>
        {
            EngineError::InvalidSql { action, reason }
        }
        DataFusionError::ObjectStore(_)
        | DataFusionError::IoError(_)
        | DataFusionError::ParquetError(_) => match doing.target {
            Some(target) if !is_about_reading(root) => EngineError::Write {
                what: target.to_owned(),
                reason,
                source: boxed(error),
            },
            _ => EngineError::Read {
                what: format!("the input of {action}"),
                reason,
                source: boxed(error),
            },
        },
        _ if doing.distributed => EngineError::Cluster { action, reason },
        _ => EngineError::Execution {
            action,
            reason,
            source: boxed(error),
        },
    }
}

/// What our own client of a cluster says needs no other words; gives back any other error.
fn told_already(error: DataFusionError, action: &str) -> Result<EngineError, DataFusionError> {
    let DataFusionError::External(inner) = error else {
        return Err(error);
    };
    match inner.downcast::<JobError>() {
        Ok(job) => Ok(match *job {
            JobError::Engine(error) => *error,
            job => EngineError::Job {
                action: action.to_owned(),
                reason: job.to_string(),
            },
        }),
        Err(inner) => Err(DataFusionError::External(inner)),
    }
}

/// Whether the message tells of a job that ran on a cluster and failed, rather
/// than of a plan that was refused here.
fn is_job_failure(reason: &str) -> bool {
    reason.starts_with("Job ") && reason.contains("failed")
}

/// Inside a write, these roots still speak of the input.
fn is_about_reading(root: &DataFusionError) -> bool {
    match root {
        DataFusionError::ObjectStore(e) => {
            matches!(e.as_ref(), datafusion::object_store::Error::NotFound { .. })
        }
        DataFusionError::ParquetError(e) => {
            matches!(e.as_ref(), ParquetError::EOF(_) | ParquetError::General(_))
        }
        _ => false,
    }
}

/// The message on one line and of bearable length. Messages from a cluster
/// arrive as the debug text of nested errors, with escaped line ends.
fn paragraph(text: &str) -> String {
    const MOST: usize = 600;
    let text = text
        .split(DataFusionError::BACK_TRACE_SEP)
        .next()
        .unwrap_or(text);
    let text = text.replace("\\n", " ").replace("\\\"", "\"");
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.truncate(words.trim_end_matches('.').len());
    match words.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}
