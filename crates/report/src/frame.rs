//! Head and foot of a report.

use chrono::{DateTime, Utc};

use crate::{numbers, words};

/// What a report says about the run itself.
#[derive(Debug, Clone)]
pub struct ReportFrame {
    /// The id of the run.
    pub run_id: String,
    /// When the run began.
    pub created: DateTime<Utc>,
    /// The version of the program.
    pub program_version: &'static str,
    /// The URLs of the files that were read, a catalogue last.
    pub files: Vec<String>,
    /// The name of the mapping.
    pub mapping: String,
}

/// What `shared/frame.html` prints around the sections of a job, as `page.head`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// What the report is about.
    pub title: &'static str,
    /// The id of the run.
    pub run_id: String,
    /// When the run began.
    pub created: String,
    /// The version of the program.
    pub program_version: String,
}

impl Head {
    /// Head and foot of the report of a run.
    pub fn new(title: &'static str, frame: &ReportFrame) -> Self {
        Self {
            title,
            run_id: words::name(&frame.run_id),
            created: numbers::moment(frame.created),
            program_version: words::name(frame.program_version),
        }
    }
}
