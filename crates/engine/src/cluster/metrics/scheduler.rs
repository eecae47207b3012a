//! The scheduler's numbers.

use prometheus::{Histogram, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec};

use super::process::Process;
use super::{Book, GUARD_ACTIONS, whole};
use crate::cluster::ClusterError;
use crate::cluster::status::{
    ClusterView, ExecutorState, JobDetail, JobState, Snapshot, StageState, active_vcores,
};

/// Seconds that jobs take: from a query of a moment to a night's work.
const JOB_SECONDS: &[f64] = &[
    0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 43_200.0,
];

/// Seconds that jobs wait: from none to that of a new machine.
const QUEUE_SECONDS: &[f64] = &[0.05, 0.25, 1.0, 5.0, 15.0, 60.0, 180.0, 600.0, 1800.0];

/// The numbers of a scheduler.
pub(crate) struct SchedulerMetrics {
    book: Book,
    process: Process,
    queued_jobs: IntGauge,
    running_jobs: IntGauge,
    jobs: IntGaugeVec,
    ended_jobs: IntCounterVec,
    job_seconds: HistogramVec,
    queue_seconds: Histogram,
    stages: IntGaugeVec,
    runnable_tasks: IntGauge,
    running_tasks: IntGauge,
    executors: IntGaugeVec,
    vcores: IntGauge,
    busy_vcores: IntGauge,
}

impl SchedulerMetrics {
    /// All numbers, at zero.
    pub(crate) fn new() -> Result<Self, ClusterError> {
        let book = Book::new("scheduler")?;
        if let Some(actions) = &*GUARD_ACTIONS {
            book.enter(Ok(actions.clone()))?;
        }
        let metrics = Self {
            process: Process::enter(&book, None)?,
            queued_jobs: book.gauge(
                "clientele_queued_jobs",
                "Jobs accepted of which no task has started.",
            )?,
            running_jobs: book.gauge("clientele_running_jobs", "Jobs that run.")?,
            jobs: book.gauges(
                "clientele_jobs",
                "Jobs that the scheduler remembers, by state; it forgets jobs an hour after their \
                 end.",
                &["state"],
            )?,
            ended_jobs: book.counters(
                "clientele_jobs_ended_total",
                "Jobs that have ended, by how.",
                "state",
            )?,
            job_seconds: book.histograms(
                "clientele_job_duration_seconds",
                "Time from a job's acceptance to its end, by how it ended.",
                JOB_SECONDS,
                "state",
            )?,
            queue_seconds: book.histogram(
                "clientele_job_queue_seconds",
                "Time from a job's acceptance to the start of its first task.",
                QUEUE_SECONDS,
            )?,
            stages: book.gauges(
                "clientele_stages",
                "Stages of the jobs that have not ended, by state.",
                &["state"],
            )?,
            runnable_tasks: book.gauge(
                "clientele_runnable_tasks",
                "Tasks that could run now and wait for a free vcore.",
            )?,
            running_tasks: book.gauge("clientele_running_tasks", "Tasks that run.")?,
            executors: book.gauges("clientele_executors", "Executors, by state.", &["state"])?,
            vcores: book.gauge(
                "clientele_executor_vcores",
                "Vcores of the executors that take work.",
            )?,
            busy_vcores: book.gauge(
                "clientele_executor_vcores_busy",
                "Vcores of the executors that take work which run a task.",
            )?,
            book,
        };
        for state in [JobState::Succeeded, JobState::Failed, JobState::Cancelled] {
            metrics.ended_jobs.with_label_values(&[state.name()]);
        }
        Ok(metrics)
    }

    /// Counts a job that has ended; to be called once for each.
    pub(crate) fn ended(&self, detail: &JobDetail) {
        let job = &detail.job;
        let state = job.state.name();
        self.ended_jobs.with_label_values(&[state]).inc();
        let seconds = |from, to| match (from, to) {
            (Some(from), Some(to)) => {
                let passed: chrono::TimeDelta = to - from;
                Some(passed.as_seconds_f64().max(0.0))
            }
            _ => None,
        };
        if let Some(seconds) = seconds(job.submitted_at, job.ended_at) {
            let histogram = self.job_seconds.with_label_values(&[state]);
            histogram.observe(seconds);
        }
        if let Some(seconds) = seconds(job.submitted_at, job.started_at) {
            self.queue_seconds.observe(seconds);
        }
    }

    /// Everything as of now, in Prometheus's text format.
    pub(crate) async fn gather(&self, view: &ClusterView) -> Result<String, String> {
        self.set(&view.snapshot().await?);
        self.process.refresh();
        self.book.text()
    }

    fn set(&self, snapshot: &Snapshot) {
        for state in JobState::ALL {
            let number = whole(snapshot.jobs_in(state));
            self.jobs.with_label_values(&[state.name()]).set(number);
            match state {
                JobState::Queued => self.queued_jobs.set(number),
                JobState::Running => self.running_jobs.set(number),
                _ => {}
            }
        }
        let alive = || {
            let jobs = snapshot.jobs.iter();
            jobs.filter(|detail| !detail.job.state.has_ended())
        };
        for state in StageState::ALL {
            let stages = alive().flat_map(|detail| &detail.stage_list);
            let number = stages.filter(|stage| stage.state == state).count();
            let gauge = self.stages.with_label_values(&[state.name()]);
            gauge.set(whole(number));
        }
        let running: usize = alive().map(|detail| detail.job.tasks.running).sum();
        self.running_tasks.set(whole(running));
        self.runnable_tasks.set(whole(snapshot.runnable_tasks));
        for state in ExecutorState::ALL {
            let executors = snapshot.executors.iter();
            let number = executors.filter(|executor| executor.state == state).count();
            let gauge = self.executors.with_label_values(&[state.name()]);
            gauge.set(whole(number));
        }
        let vcores = active_vcores(&snapshot.executors);
        self.vcores.set(i64::from(vcores.total));
        self.busy_vcores.set(i64::from(vcores.busy));
    }
}
