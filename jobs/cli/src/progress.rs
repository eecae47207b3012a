//! Progress on standard error: bars on a terminal, plain lines otherwise.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::{ClusterEvent, JobStatus};
use indicatif::{ProgressBar, ProgressStyle};
use pipeline::Reporter;

use crate::output;

/// Says what the job is at; see [`ConsoleReporter::new`].
pub(crate) struct ConsoleReporter {
    style: Style,
    bar: Mutex<Option<ProgressBar>>,
    /// When a line last told how far a cluster is.
    told: Mutex<Instant>,
}

/// Lines about the progress of a cluster are at least this far apart.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Bars,
    Lines,
    Silent,
}

/// How far a query is, in a few words.
pub(crate) fn progress(job: &JobStatus) -> String {
    format!(
        "stage {} of {}, task {} of {}, {} rows read",
        job.stages.done,
        job.stages.total,
        job.tasks.done,
        job.tasks.total,
        output::count(job.rows_read)
    )
}

impl ConsoleReporter {
    /// A reporter for this console; one that says nothing when `silent` is asked for.
    pub(crate) fn new(silent: bool) -> Self {
        let style = match (silent, std::io::stderr().is_terminal()) {
            (true, _) => Style::Silent,
            (_, true) => Style::Bars,
            (_, false) => Style::Lines,
        };
        Self {
            style,
            bar: Mutex::new(None),
            // Short queries need no line.
            told: Mutex::new(Instant::now()),
        }
    }

    /// Shows how the cluster's present job goes on: in the bar, or on a line now and then.
    pub(crate) fn cluster(&self, event: &ClusterEvent<'_>) {
        match event {
            ClusterEvent::Progress(job) => self.progress(job),
            ClusterEvent::NoExecutors => self.note("waiting for executors: none is there"),
            ClusterEvent::Retry { reason, retry, of } => {
                self.note(&format!("sent again ({retry} of at most {of}): {reason}"));
            }
            _ => {}
        }
    }

    fn progress(&self, job: &JobStatus) {
        match self.style {
            Style::Bars => {
                if let Some(bar) = self.bar().as_ref() {
                    bar.set_prefix(progress(job));
                }
            }
            Style::Lines => {
                let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
                if told.elapsed() >= BETWEEN_LINES {
                    *told = Instant::now();
                    self.line(&progress(job));
                }
            }
            Style::Silent => {}
        }
    }

    fn bar(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self, text: &str) {
        if self.style != Style::Silent {
            // A closed standard error must not end the job.
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }

    fn replace_bar(&self, bar: Option<ProgressBar>) {
        let mut current = self.bar();
        if let Some(old) = std::mem::replace(&mut *current, bar) {
            old.finish_and_clear();
        }
    }
}

impl Reporter for ConsoleReporter {
    fn step_started(&self, step: &str, index: usize, total: usize) {
        if self.style == Style::Bars {
            let bar = ProgressBar::new_spinner().with_message(step.to_owned());
            let template =
                format!("[{index}/{total}] {{spinner}} {{msg}} {{elapsed}} {{prefix:.dim}}");
            if let Ok(style) = ProgressStyle::with_template(&template) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            self.replace_bar(Some(bar));
        }
    }

    fn step_finished(&self, step: &str, rows: Option<u64>, elapsed: Duration) {
        self.replace_bar(None);
        let rows = rows.map_or_else(String::new, |rows| {
            format!("{} rows in ", output::count(rows))
        });
        self.line(&format!("{step:<15} {rows}{:.2} s", elapsed.as_secs_f64()));
    }

    fn note(&self, text: &str) {
        self.line(text);
    }
}

impl Drop for ConsoleReporter {
    fn drop(&mut self) {
        self.replace_bar(None);
    }
}
