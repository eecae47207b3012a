//! The executor's numbers.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::physical_plan::metrics::MetricsSet;
use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge};

use super::process::Process;
use super::{Book, Pools, whole};
use crate::cluster::ClusterError;

/// Seconds that tasks take.
const TASK_SECONDS: &[f64] = &[0.01, 0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0];

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Succeeded,
    Failed,
    Cancelled,
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Succeeded, Self::Failed, Self::Cancelled];

    fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The numbers of an executor.
pub(crate) struct ExecutorMetrics {
    book: Book,
    process: Process,
    pools: Arc<Pools>,
    pool_reserved: IntGauge,
    running: IntGauge,
    ended: IntCounterVec,
    seconds: Histogram,
    shuffle_written: IntCounter,
    shuffle_fetched: IntCounter,
    spills: IntCounter,
    spilled: IntCounter,
}

impl ExecutorMetrics {
    /// All numbers, at zero; `limit_bytes` is what all tasks together may hold, `pools` knows
    /// what they do hold.
    pub(crate) fn new(
        vcores: usize,
        limit_bytes: usize,
        work_folder: PathBuf,
        pools: Arc<Pools>,
    ) -> Result<Self, ClusterError> {
        let book = Book::new("executor")?;
        let constant = |name, help, value| {
            let gauge = book.gauge(name, help);
            gauge.map(|gauge| gauge.set(whole(value)))
        };
        constant("clientele_vcores", "Vcores of this executor.", vcores)?;
        constant(
            "clientele_memory_pool_limit_bytes",
            "Memory that the operators of all tasks together may hold.",
            limit_bytes,
        )?;
        let metrics = Self {
            process: Process::enter(&book, Some(work_folder))?,
            pools,
            pool_reserved: book.gauge(
                "clientele_memory_pool_reserved_bytes",
                "Memory that the operators of running tasks hold.",
            )?,
            running: book.gauge("clientele_tasks_running", "Tasks that run here.")?,
            ended: book.counters(
                "clientele_tasks_ended_total",
                "Tasks that have ended here, by how.",
                "outcome",
            )?,
            seconds: book.histogram(
                "clientele_task_duration_seconds",
                "Time that tasks took which ended here.",
                TASK_SECONDS,
            )?,
            shuffle_written: book.counter(
                "clientele_shuffle_written_bytes_total",
                "Bytes that tasks have written for later stages and for clients.",
            )?,
            shuffle_fetched: book.counter(
                "clientele_shuffle_fetched_bytes_total",
                "Bytes of earlier stages that tasks have fetched from other executors, unpacked; what \
                 lies here is read from disk and does not count.",
            )?,
            spills: book.counter(
                "clientele_spills_total",
                "Times that an operator wrote to disk what did not fit its memory.",
            )?,
            spilled: book.counter(
                "clientele_spilled_bytes_total",
                "Bytes that operators wrote to disk because they did not fit their memory.",
            )?,
            book,
        };
        for outcome in Outcome::ALL {
            metrics.ended.with_label_values(&[outcome.name()]);
        }
        Ok(metrics)
    }

    /// Everything as of now, in Prometheus's text format.
    pub(crate) fn gather(&self) -> Result<String, String> {
        self.pool_reserved.set(whole(self.pools.reserved()));
        self.process.refresh();
        self.book.text()
    }

    pub(super) fn started(&self) {
        self.running.inc();
    }

    pub(super) fn ended(&self, outcome: Outcome, seconds: f64) {
        self.running.dec();
        self.ended.with_label_values(&[outcome.name()]).inc();
        self.seconds.observe(seconds);
    }

    pub(super) fn wrote(&self, bytes: u64) {
        self.shuffle_written.inc_by(bytes);
    }

    /// Adds what the operators of a task say of themselves.
    pub(super) fn operators(&self, metrics: &[MetricsSet]) {
        for metric in metrics.iter().flat_map(MetricsSet::iter) {
            let value = metric.value();
            let counter = match value.name() {
                "spill_count" => &self.spills,
                "spilled_bytes" | "spill_bytes" => &self.spilled,
                "decoded_bytes" => &self.shuffle_fetched,
                _ => continue,
            };
            counter.inc_by(value.as_usize() as u64);
        }
    }
}
