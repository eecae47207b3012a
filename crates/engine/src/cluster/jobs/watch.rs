//! A query nobody waits for any more is cancelled at the scheduler. Ballista itself would let it run
//! to its end.

use std::sync::Arc;
use std::time::Duration;

use ballista_core::JobId;
use ballista_core::execution_plans::DistributedQueryExec;
use ballista_core::serde::protobuf::CancelJobParams;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::protobuf::LogicalPlanNode;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::cluster::Outgoing;
use crate::cluster::client::channel;

/// How long the scheduler may take to hear of a cancellation.
const PATIENCE: Duration = Duration::from_secs(3);

/// The cancellations under way to a scheduler.
pub(super) struct Cancellations {
    url: String,
    outgoing: Outgoing,
    cancelling: TaskTracker,
}

impl Cancellations {
    pub(super) fn new(url: &str, outgoing: Outgoing) -> Self {
        Self {
            url: url.to_owned(),
            outgoing,
            cancelling: TaskTracker::new(),
        }
    }

    /// Cancels the plan's job when the guard is dropped before
    /// [`Watched::finished`].
    pub(super) fn watch(&self, plan: &Arc<dyn ExecutionPlan>) -> Watched<'_> {
        Watched {
            jobs: self,
            plan: Some(Arc::clone(plan)),
        }
    }

    /// Waits for the cancellations under way.
    pub(super) async fn close(&self) {
        self.cancelling.close();
        if tokio::time::timeout(PATIENCE, self.cancelling.wait())
            .await
            .is_err()
        {
            tracing::warn!("the scheduler was not told of every cancelled job");
        }
    }
}

/// See [`Cancellations::watch`].
pub(super) struct Watched<'a> {
    jobs: &'a Cancellations,
    plan: Option<Arc<dyn ExecutionPlan>>,
}

impl Watched<'_> {
    /// The job has ended, well or not.
    pub(super) fn finished(mut self) {
        self.plan = None;
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        let Some(plan) = self.plan.take() else { return };
        if let (Some(job), Ok(runtime)) = (job_of(&plan), Handle::try_current()) {
            let cancel = cancel(self.jobs.url.clone(), self.jobs.outgoing.clone(), job);
            self.jobs.cancelling.spawn_on(cancel, &runtime);
        }
    }
}

/// The job that a plan has become, once the scheduler has taken it.
pub(super) fn job_of(plan: &Arc<dyn ExecutionPlan>) -> Option<JobId> {
    plan.downcast_ref::<DistributedQueryExec<LogicalPlanNode>>()
        .and_then(DistributedQueryExec::job_id)
}

async fn cancel(url: String, outgoing: Outgoing, job: JobId) {
    let told = async {
        let mut scheduler = SchedulerGrpcClient::new(channel(&url, &outgoing).await?);
        let params = CancelJobParams {
            job_id: job.to_string(),
        };
        scheduler
            .cancel_job(params)
            .await
            .map_err(|e| e.to_string())
    };
    match tokio::time::timeout(PATIENCE, told).await {
        Ok(Ok(_)) => tracing::info!(%job, "job cancelled"),
        Ok(Err(error)) => tracing::warn!(%job, %error, "job not cancelled"),
        Err(_) => tracing::warn!(%job, "job not cancelled in time"),
    }
}
