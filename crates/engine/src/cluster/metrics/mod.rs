//! Numbers for Prometheus: `GET /metrics` of the scheduler and of every executor.
//!
//! Every name begins with `clientele_` and ends with its unit. No label holds what a user chose
//! or what grows with time: no job, no executor, no path. Gauges are read when somebody asks,
//! counters count where things happen. A scheduler that wants to be scaled is described by
//! `clientele_queued_jobs`, `clientele_running_jobs`, `clientele_runnable_tasks` and
//! `clientele_executor_vcores`.

mod executor;
mod pools;
mod process;
mod scheduler;
mod task;

use std::future::Future;
use std::sync::LazyLock;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus::core::Collector;
use prometheus::{
    Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TEXT_FORMAT, TextEncoder,
};

use super::ClusterError;

pub(super) use executor::ExecutorMetrics;
pub(super) use pools::Pools;
pub(super) use process::memory_of_process;
pub(super) use scheduler::SchedulerMetrics;
pub(super) use task::Measured;

/// What the guard did, by kind; `None` only if the name were malformed.
static GUARD_ACTIONS: LazyLock<Option<IntCounterVec>> = LazyLock::new(|| {
    let name = "clientele_guard_actions_total";
    let help = "What the guard did to keep jobs from wrong answers and from hanging.";
    IntCounterVec::new(Opts::new(name, help), &["kind"]).ok()
});

/// Counts an action of the guard. Kinds are few and written in the program.
pub(crate) fn guard_action(kind: &'static str) {
    if let Some(actions) = &*GUARD_ACTIONS {
        actions.with_label_values(&[kind]).inc();
    }
}

/// `GET /metrics`; `gather` is asked on every request.
pub(super) fn routes<F, Fut>(gather: F) -> Router
where
    F: Fn() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<String, String>> + Send,
{
    let answer = move || {
        let gathered = gather();
        async move {
            match gathered.await {
                Ok(text) => ([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
                Err(reason) => (StatusCode::INTERNAL_SERVER_ERROR, reason).into_response(),
            }
        }
    };
    Router::new().route("/metrics", get(answer))
}

/// The numbers of one role.
struct Book {
    registry: Registry,
}

impl Book {
    /// A book that says what program this is.
    fn new(role: &str) -> Result<Self, ClusterError> {
        let book = Self {
            registry: Registry::new(),
        };
        let build = book.gauges(
            "clientele_build_info",
            "1, with the versions of the program and of what it stands on.",
            &["role", "version", "ballista", "datafusion"],
        )?;
        let versions = crate::versions();
        let of = |name: &str| versions.get(name).map_or("", String::as_str);
        build
            .with_label_values(&[
                role,
                env!("CARGO_PKG_VERSION"),
                of("ballista"),
                of("datafusion"),
            ])
            .set(1);
        Ok(book)
    }

    fn enter<C: Collector + Clone + 'static>(
        &self,
        made: prometheus::Result<C>,
    ) -> Result<C, ClusterError> {
        let entered = made.and_then(|metric| {
            self.registry.register(Box::new(metric.clone()))?;
            Ok(metric)
        });
        entered.map_err(|e| ClusterError::Parameters(format!("a metric cannot be: {e}")))
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, ClusterError> {
        self.enter(IntGauge::new(name, help))
    }

    fn float(&self, name: &str, help: &str) -> Result<Gauge, ClusterError> {
        self.enter(Gauge::new(name, help))
    }

    fn gauges(&self, name: &str, help: &str, by: &[&str]) -> Result<IntGaugeVec, ClusterError> {
        self.enter(IntGaugeVec::new(Opts::new(name, help), by))
    }

    fn counter(&self, name: &str, help: &str) -> Result<IntCounter, ClusterError> {
        self.enter(IntCounter::new(name, help))
    }

    fn counters(&self, name: &str, help: &str, by: &str) -> Result<IntCounterVec, ClusterError> {
        self.enter(IntCounterVec::new(Opts::new(name, help), &[by]))
    }

    fn histogram(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
    ) -> Result<Histogram, ClusterError> {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.enter(Histogram::with_opts(options))
    }

    fn histograms(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
        by: &str,
    ) -> Result<HistogramVec, ClusterError> {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.enter(HistogramVec::new(options, &[by]))
    }

    /// Everything, in Prometheus's text format.
    fn text(&self) -> Result<String, String> {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .map_err(|e| e.to_string())
    }
}

/// A gauge holds an `i64`; a number beyond it is told as the largest.
fn whole(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
