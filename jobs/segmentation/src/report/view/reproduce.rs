//! How to get the same numbers again.

use super::super::words::{place, shell_word, visible};
use super::super::{ReportError, ReportFrame};
use super::name;
use crate::outcome::Outcome;
use crate::settings::Algorithm;

/// How many files the command names before it only hints at the others.
const NAMED_FILES: usize = 6;

pub(in super::super) struct ReproduceView {
    pub(in super::super) seed: String,
    pub(in super::super) mapping: String,
    pub(in super::super) as_of: String,
    pub(in super::super) command: String,
    pub(in super::super) settings: String,
    pub(in super::super) algorithm: &'static str,
}

pub(super) fn view(outcome: &Outcome, frame: &ReportFrame) -> Result<ReproduceView, ReportError> {
    let as_of = outcome
        .span
        .as_of
        .to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    // A catalogue comes with the mapping.
    let catalogues = usize::from(outcome.account.catalogue.is_some());
    let n_files = frame.files.len().saturating_sub(catalogues);
    let named = frame.files.iter().take(n_files.min(NAMED_FILES));
    let mut files: Vec<String> = named.map(|file| shell_word(&place(file))).collect();
    if n_files > NAMED_FILES {
        files.push("…".to_owned());
    }
    let mut command = vec![
        "jobs run segmentation".to_owned(),
        format!("--events {}", files.join(" \\\n             ")),
        format!("--mapping {}", shell_word(&name(&frame.mapping))),
        format!("--as-of {as_of}"),
        format!("--seed {}", outcome.seed),
        "--config settings.toml".to_owned(),
        "--output FOLDER".to_owned(),
    ];
    if let Some(share) = outcome.sample {
        command.insert(5, format!("--quick {share}"));
    }
    Ok(ReproduceView {
        seed: outcome.seed.to_string(),
        mapping: name(&frame.mapping),
        as_of,
        command: command.join(" \\\n    "),
        settings: visible(&toml::to_string(&outcome.settings)?).collect(),
        algorithm: match outcome.settings.algorithm {
            Algorithm::Kmeans => "K-Means",
            Algorithm::Gmm => "Gaussian mixture",
        },
    })
}
