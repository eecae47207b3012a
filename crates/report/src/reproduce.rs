//! How to get the same numbers again.

use chrono::{DateTime, Utc};
use data::Account;

use crate::frame::ReportFrame;
use crate::words::{name, place, shell_word, visible};

/// How many files the command names before it only hints at the others.
const NAMED_FILES: usize = 6;

/// What the section on repeating a run prints; `shared/reproduce.html` shows it as
/// `page.reproduce`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReproduceView {
    /// The seed.
    pub seed: String,
    /// The mapping.
    pub mapping: String,
    /// The moment the run looks back from.
    pub as_of: String,
    /// The command, on several lines.
    pub command: String,
    /// The settings as TOML.
    pub settings: String,
    /// How the numbers were found.
    pub algorithm: &'static str,
}

/// A run that may be repeated.
#[derive(Debug, Clone, Copy)]
pub struct Rerun<'a> {
    /// The job.
    pub job: &'static str,
    /// How the numbers were found.
    pub algorithm: &'static str,
    /// The run.
    pub frame: &'a ReportFrame,
    /// Its input.
    pub account: &'a Account,
    /// The moment it looks back from.
    pub as_of: DateTime<Utc>,
    /// Its seed.
    pub seed: u64,
    /// The share of users that was looked at, when it was not all of them.
    pub sample: Option<f64>,
    /// Its settings as TOML.
    pub settings: &'a str,
}

impl ReproduceView {
    /// The command that repeats a run.
    pub fn new(run: &Rerun<'_>) -> Self {
        let frame = run.frame;
        let as_of = run
            .as_of
            .to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        // A catalogue comes with the mapping.
        let catalogues = usize::from(run.account.catalogue.is_some());
        let n_files = frame.files.len().saturating_sub(catalogues);
        let named = frame.files.iter().take(n_files.min(NAMED_FILES));
        let mut files: Vec<String> = named.map(|file| shell_word(&place(file))).collect();
        if n_files > NAMED_FILES {
            files.push("…".to_owned());
        }
        let mut command = vec![
            format!("jobs run {}", run.job),
            format!("--events {}", files.join(" \\\n             ")),
            format!("--mapping {}", shell_word(&name(&frame.mapping))),
            format!("--as-of {as_of}"),
            format!("--seed {}", run.seed),
            "--config settings.toml".to_owned(),
            "--output FOLDER".to_owned(),
        ];
        if let Some(share) = run.sample {
            command.insert(5, format!("--quick {share}"));
        }
        Self {
            seed: run.seed.to_string(),
            mapping: name(&frame.mapping),
            as_of,
            command: command.join(" \\\n    "),
            settings: visible(run.settings).collect(),
            algorithm: run.algorithm,
        }
    }
}
