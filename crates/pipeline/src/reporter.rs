use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Where progress goes: bars on a terminal, lines in a log, nothing in a test.
///
/// Called from async code; implementations return at once.
pub trait Reporter: Send + Sync {
    /// A step begins: the `index`-th of `total`, counted from 1.
    fn step_started(&self, step: &str, index: usize, total: usize);

    /// A step has ended well, with this many rows where that means something.
    fn step_finished(&self, step: &str, rows: Option<u64>, elapsed: Duration);

    /// Something the user should know, in one sentence.
    fn note(&self, text: &str);
}

/// Says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct SilentReporter;

impl Reporter for SilentReporter {
    fn step_started(&self, _: &str, _: usize, _: usize) {}
    fn step_finished(&self, _: &str, _: Option<u64>, _: Duration) {}
    fn note(&self, _: &str) {}
}

/// Remembers everything, for tests. Durations are left out: they vary.
#[derive(Debug, Default)]
pub struct RecordingReporter {
    reports: Mutex<Vec<Report>>,
}

/// One call of a [`Reporter`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// [`Reporter::step_started`]: the step, its index from 1, the total.
    Started(String, usize, usize),
    /// [`Reporter::step_finished`]: the step and its rows.
    Finished(String, Option<u64>),
    /// [`Reporter::note`].
    Note(String),
}

impl RecordingReporter {
    /// What was reported so far, in order.
    pub fn reports(&self) -> Vec<Report> {
        self.reports
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn push(&self, report: Report) {
        self.reports
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(report);
    }
}

impl Reporter for RecordingReporter {
    fn step_started(&self, step: &str, index: usize, total: usize) {
        self.push(Report::Started(step.to_owned(), index, total));
    }

    fn step_finished(&self, step: &str, rows: Option<u64>, _: Duration) {
        self.push(Report::Finished(step.to_owned(), rows));
    }

    fn note(&self, text: &str) {
        self.push(Report::Note(text.to_owned()));
    }
}
