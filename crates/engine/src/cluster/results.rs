//! Queries of standalone mode: sent to the scheduler as on a cluster, and their rows read from the
//! executor's files.
//!
//! Ballista's client fetches the rows of a result through Flight, packed and unpacked on the way, one
//! partition after the other. Here the files are at hand.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use ballista_core::error::BallistaError;
use ballista_core::execution_plans::{DistributedQueryExec, ShuffleReaderExec};
use ballista_core::extension::SessionConfigExt;
use ballista_core::serde::protobuf::execute_query_params::Query;
use ballista_core::serde::protobuf::job_status::Status;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::serde::protobuf::{ExecuteQueryParams, KeyValuePair, SuccessfulJob};
use ballista_core::version::insert_version_header;
use datafusion::catalog::Session;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::common::collect;
use datafusion::physical_plan::execution_plan::ReplaceChildrenOptions;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, PlanProperties,
};
use datafusion_proto::logical_plan::AsLogicalPlan;
use datafusion_proto::protobuf::LogicalPlanNode;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use prost::Message;
use tonic::Request;
use uuid::Uuid;

use super::client::channel;
use super::{LocalCluster, Outgoing};

/// Where jobs go, and where what they find lies.
#[derive(Debug, Clone)]
struct Place {
    scheduler_url: String,
    work_dir: PathBuf,
}

/// Plans queries as Ballista's planner does; those for the scheduler have their rows read from files.
#[derive(Debug)]
pub(crate) struct LocalPlanner {
    ballista: Arc<dyn QueryPlanner + Send + Sync>,
    place: Place,
}

impl LocalPlanner {
    pub(crate) fn new(
        ballista: Arc<dyn QueryPlanner + Send + Sync>,
        cluster: &LocalCluster,
    ) -> Self {
        Self {
            ballista,
            place: Place {
                scheduler_url: cluster.url().to_owned(),
                work_dir: cluster.work_dir().to_owned(),
            },
        }
    }
}

#[async_trait]
impl QueryPlanner for LocalPlanner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let planned = self.ballista.create_physical_plan(plan, session).await?;
        // What needs no executors, such as an EXPLAIN, runs as it is.
        if !planned.is::<DistributedQueryExec<LogicalPlanNode>>() {
            return Ok(planned);
        }
        Ok(Arc::new(LocalQueryExec {
            place: self.place.clone(),
            plan: plan.clone(),
            session_id: session.session_id().to_owned(),
            properties: Arc::clone(planned.properties()),
        }))
    }
}

/// A query as a job of the scheduler in this process.
#[derive(Debug, Clone)]
struct LocalQueryExec {
    place: Place,
    plan: LogicalPlan,
    session_id: String,
    properties: Arc<PlanProperties>,
}

impl DisplayAs for LocalQueryExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalQueryExec: {}", self.plan.display_indent())
    }
}

impl ExecutionPlan for LocalQueryExec {
    fn name(&self) -> &str {
        "LocalQueryExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (query, schema) = (self.clone(), self.schema());
        let rows = async move {
            let job = query.run(&context).await?;
            query.rows(job, context)
        };
        let rows = stream::once(rows).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}

impl LocalQueryExec {
    /// Sends the query and waits until it has succeeded.
    async fn run(&self, context: &TaskContext) -> Result<SuccessfulJob> {
        let session = context.session_config();
        let codec = session.ballista_logical_extension_codec();
        let plan = LogicalPlanNode::try_from_logical_plan(&self.plan, codec.as_ref())?;
        let settings = session.options().entries().into_iter();
        let settings = settings.map(|entry| KeyValuePair {
            key: entry.key,
            value: entry.value,
        });
        let mut request = Request::new(ExecuteQueryParams {
            query: Some(Query::LogicalPlan(plan.encode_to_vec())),
            settings: settings.collect(),
            session_id: self.session_id.clone(),
            operation_id: Uuid::now_v7().to_string(),
        });
        insert_version_header(request.metadata_mut());
        let told = |reason: &str| DataFusionError::Execution(reason.to_owned());
        let channel = channel(&self.place.scheduler_url, &Outgoing::default())
            .await
            .map_err(|e| told(&e))?;
        let limit = session.ballista_grpc_client_max_message_size();
        let mut scheduler = SchedulerGrpcClient::new(channel)
            .max_encoding_message_size(limit)
            .max_decoding_message_size(limit);
        let answer = scheduler.execute_query_push(request).await;
        let mut states = answer.map_err(|e| told(e.message()))?.into_inner();
        while let Some(state) = states.message().await.map_err(|e| told(e.message()))? {
            let Some(job) = state.status else { continue };
            match job.status {
                Some(Status::Successful(found)) => return Ok(found),
                Some(Status::Failed(failed)) => {
                    let reason = format!("Job {} failed: {}", job.job_id, failed.error);
                    return Err(DataFusionError::Execution(reason));
                }
                _ => {}
            }
        }
        Err(told("the scheduler stopped before the job had ended"))
    }

    /// What the job found, several partitions read at a time, in their order.
    fn rows(
        &self,
        job: SuccessfulJob,
        context: Arc<TaskContext>,
    ) -> Result<impl Stream<Item = Result<RecordBatch>> + use<>> {
        let locations = job.partition_location.into_iter();
        let locations: Vec<_> = locations
            .map(|location| Ok(vec![location.try_into()?]))
            .collect::<Result<_, BallistaError>>()
            .map_err(BallistaError::into_datafusion)?;
        let n_partitions = locations.len();
        let at_once = context.session_config().target_partitions();
        let files = ShuffleReaderExec::try_new(
            0,
            locations,
            self.schema(),
            Partitioning::UnknownPartitioning(n_partitions),
        )?
        .with_work_dir(self.place.work_dir.to_string_lossy().into_owned());
        let reading = move |partition| {
            let stream = files.execute(partition, Arc::clone(&context));
            SpawnedTask::spawn(async move { collect(stream?).await }).join_unwind()
        };
        let partitions = stream::iter(0..n_partitions).map(reading);
        let read = partitions.buffered(at_once.max(1)).map(|read| {
            let batches = read.map_err(|e| DataFusionError::External(Box::new(e)))?;
            Ok::<_, DataFusionError>(stream::iter(batches?.into_iter().map(Ok)))
        });
        Ok(read.try_flatten())
    }
}
