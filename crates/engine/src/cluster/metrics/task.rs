//! Tasks, watched: counted, timed, and run within a span that names their run and job, so that
//! every line they log can be found by either.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use ballista_core::JobId;
use ballista_core::config::BALLISTA_JOB_NAME;
use ballista_core::extension::SessionConfigExt;
use ballista_core::serde::protobuf::{
    RuntimeStatsReport, ShuffleWritePartition, TaskColumnStats, WindowStateReport,
};
use ballista_executor::execution_engine::{
    DefaultExecutionEngine, ExecutionEngine, QueryStageExecutor,
};
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::MetricsSet;
use datafusion::prelude::SessionConfig;
use tracing::{Instrument, Span, error_span};

use super::executor::{ExecutorMetrics, Outcome};
use crate::cluster::journal::run_and_step;
use crate::cluster::status::rows;

/// Ballista's engine with an eye on its tasks.
pub(crate) struct Measured {
    engine: DefaultExecutionEngine,
    metrics: Arc<ExecutorMetrics>,
}

impl Measured {
    /// Counts tasks in `metrics`.
    pub(crate) fn new(metrics: Arc<ExecutorMetrics>) -> Self {
        Self {
            engine: DefaultExecutionEngine::new(),
            metrics,
        }
    }
}

impl ExecutionEngine for Measured {
    fn create_query_stage_exec(
        &self,
        job_id: JobId,
        stage_id: usize,
        task_id: usize,
        global_output_partition_ids: Vec<usize>,
        plan: Arc<dyn ExecutionPlan>,
        work_dir: &str,
        config: &SessionConfig,
    ) -> Result<Arc<dyn QueryStageExecutor>> {
        let span = span(&job_id, stage_id, task_id, config);
        let stage = self.engine.create_query_stage_exec(
            job_id,
            stage_id,
            task_id,
            global_output_partition_ids,
            Arc::clone(&plan),
            work_dir,
            config,
        )?;
        Ok(Arc::new(MeasuredStage {
            stage,
            plan,
            metrics: Arc::clone(&self.metrics),
            span,
        }))
    }
}

/// The client calls its jobs `<run>/<step>`.
fn span(job_id: &JobId, stage: usize, task: usize, config: &SessionConfig) -> Span {
    let config = config.ballista_config();
    let name = config.settings().get(BALLISTA_JOB_NAME);
    let name = name.map_or("", String::as_str);
    let (run_id, step) = run_and_step(name);
    // Of the highest level, so that it stands beside the lines of every level.
    error_span!("task", run_id, step, job_id = %job_id, stage, task)
}

struct MeasuredStage {
    stage: Arc<dyn QueryStageExecutor>,
    plan: Arc<dyn ExecutionPlan>,
    metrics: Arc<ExecutorMetrics>,
    span: Span,
}

impl fmt::Debug for MeasuredStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stage.fmt(f)
    }
}

impl fmt::Display for MeasuredStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.stage, f)
    }
}

/// A task that runs. A cancelled one is dropped where it stands.
struct Run<'a> {
    stage: &'a MeasuredStage,
    began: Instant,
    outcome: Outcome,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        let metrics = &self.stage.metrics;
        metrics.ended(self.outcome, self.began.elapsed().as_secs_f64());
        metrics.operators(&self.stage.stage.collect_plan_metrics());
    }
}

#[async_trait]
impl QueryStageExecutor for MeasuredStage {
    async fn execute_query_stage(
        &self,
        task_id: usize,
        context: Arc<TaskContext>,
    ) -> Result<Vec<ShuffleWritePartition>> {
        self.metrics.started();
        let mut run = Run {
            stage: self,
            began: Instant::now(),
            outcome: Outcome::Cancelled,
        };
        let body = async {
            let result = self.stage.execute_query_stage(task_id, context).await;
            match &result {
                Ok(_) => {
                    let metrics = self.stage.collect_plan_metrics();
                    let rows = rows::of_stage(self.plan.as_ref(), &metrics).written;
                    tracing::info!(rows, "task finished");
                }
                Err(error) => tracing::warn!(%error, "task failed"),
            }
            result
        };
        let result = body.instrument(self.span.clone()).await;
        run.outcome = match &result {
            Ok(written) => {
                let bytes = written.iter().map(|part| part.num_bytes).sum();
                self.metrics.wrote(bytes);
                Outcome::Succeeded
            }
            Err(_) => Outcome::Failed,
        };
        result
    }

    fn collect_plan_metrics(&self) -> Vec<MetricsSet> {
        self.stage.collect_plan_metrics()
    }

    fn collect_runtime_stats_reports(&self) -> Vec<RuntimeStatsReport> {
        self.stage.collect_runtime_stats_reports()
    }

    fn collect_window_state_reports(&self) -> Result<Vec<WindowStateReport>> {
        self.stage.collect_window_state_reports()
    }

    fn collect_column_stats(&self) -> Vec<TaskColumnStats> {
        self.stage.collect_column_stats()
    }
}
