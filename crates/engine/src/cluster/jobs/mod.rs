//! Queries of this client as jobs of a remote scheduler: sent, overseen, verified, and sent again
//! when the cluster, not the query, was the trouble.
//!
//! A query here is read from files and leaves either rows in this process or files nobody looks at
//! before it has succeeded, so that sending it again is always safe.

mod oversee;
mod trouble;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use ballista_core::extension::SessionConfigExt;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion_proto::logical_plan::AsLogicalPlan;
use datafusion_proto::protobuf::LogicalPlanNode;
use prost::Message;

use self::oversee::oversee;
pub(crate) use self::trouble::JobError;
use self::trouble::{Trouble, judge};
use self::watch::{Cancellations, job_of};
use super::security::Sockets;
use super::{Outgoing, SchedulerApi, connect};
use crate::error::EngineError;
use crate::parameters::{ClusterEvent, ClusterParams};

/// The wait before the first repetition; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait before a repetition. Together the waits outlast the time after which a silent
/// executor counts as lost, so that the last attempts do not meet it any more.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// How long a scheduler that was there may be away, for example to start again.
const AWAY: Duration = Duration::from_secs(60);

/// Room in a message for what surrounds a plan.
const ENVELOPE_BYTES: usize = 1 << 20;

/// The scheduler, and how to deal with it.
pub(crate) struct Jobs {
    url: String,
    api: SchedulerApi,
    outgoing: Outgoing,
    _sockets: Sockets,
    params: ClusterParams,
    max_message_size_bytes: usize,
    cancellations: Cancellations,
}

impl Jobs {
    pub(crate) fn new(
        url: &str,
        outgoing: Outgoing,
        params: ClusterParams,
        max_message_size_bytes: usize,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            url: url.to_owned(),
            api: SchedulerApi::of(url, &outgoing)?,
            params,
            max_message_size_bytes,
            cancellations: Cancellations::new(url, outgoing.clone()),
            _sockets: outgoing.until_dropped(),
            outgoing,
        })
    }

    /// Runs a query to its end under this name. When the future is dropped the job is cancelled.
    pub(crate) async fn run(
        &self,
        frame: DataFrame,
        name: &str,
    ) -> Result<Vec<RecordBatch>, DataFusionError> {
        self.check_size(&frame)?;
        let most = self.params.max_retries;
        let mut wait = FIRST_WAIT;
        let mut retry = 1;
        loop {
            let reason = match self.attempt(frame.clone(), name).await {
                Ok(batches) => return Ok(batches),
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Passing(reason)) => reason,
            };
            if retry > most {
                return Err(JobError::GaveUp {
                    attempts: retry,
                    reason,
                }
                .into());
            }
            tracing::warn!(
                reason,
                retry,
                of = most,
                "the job was lost; it is sent again"
            );
            self.tell(&ClusterEvent::Retry {
                reason: &reason,
                retry,
                of: most,
            });
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
            self.find_scheduler().await?;
            retry += 1;
        }
    }

    /// Waits for the cancellations under way.
    pub(crate) async fn close(&self) {
        self.cancellations.close().await;
    }

    async fn attempt(&self, frame: DataFrame, name: &str) -> Result<Vec<RecordBatch>, Trouble> {
        let context = frame.task_ctx();
        let named = context
            .session_config()
            .clone()
            .with_ballista_job_name(name);
        let context = Arc::new(context.with_session_config(named));
        let plan = frame.create_physical_plan().await.map_err(Trouble::Final)?;
        let watched = self.cancellations.watch(&plan);
        let result = tokio::select! {
            result = collect(Arc::clone(&plan), context) => result,
            // Dropping the guard cancels what may still run.
            trouble = oversee(&self.api, &plan, &self.params) => return Err(trouble),
        };
        watched.finished();
        self.verify(&plan, result).await
    }

    /// Takes a result only when the scheduler, asked afterwards, stands by it.
    async fn verify(
        &self,
        plan: &Arc<dyn ExecutionPlan>,
        result: Result<Vec<RecordBatch>, DataFusionError>,
    ) -> Result<Vec<RecordBatch>, Trouble> {
        let job = job_of(plan);
        // Plans that need no executors, such as an EXPLAIN, make no job.
        if job.is_none() && result.is_ok() {
            return result.map_err(Trouble::Final);
        }
        let found = match &job {
            Some(job) => Some(self.api.job(job.as_ref()).await),
            None => None,
        };
        judge(result, found)
    }

    /// Waits until the scheduler answers, within limits.
    async fn find_scheduler(&self) -> Result<(), DataFusionError> {
        let begun = tokio::time::Instant::now();
        loop {
            let error = match connect(&self.url, &self.outgoing).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if begun.elapsed() > AWAY {
                return Err(JobError::Engine(Box::new(error)).into());
            }
            tokio::time::sleep(FIRST_WAIT).await;
        }
    }

    /// Refuses a plan that no message can carry: it would be sent again and again without ever
    /// starting.
    fn check_size(&self, frame: &DataFrame) -> Result<(), DataFusionError> {
        let codec = frame.task_ctx();
        let codec = codec.session_config().ballista_logical_extension_codec();
        let plan = LogicalPlanNode::try_from_logical_plan(frame.logical_plan(), codec.as_ref())?;
        let (bytes, limit) = (plan.encoded_len(), self.max_message_size_bytes);
        if bytes + ENVELOPE_BYTES > limit {
            return Err(JobError::TooLarge { bytes, limit }.into());
        }
        Ok(())
    }

    fn tell(&self, event: &ClusterEvent<'_>) {
        if let Some(listener) = &self.params.listener {
            listener.tell(event);
        }
    }
}
