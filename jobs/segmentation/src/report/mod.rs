//! `report.html`: what the run found, for whoever runs the shop.
//!
//! One self-contained file without scripts or requests: it opens from a mail attachment, prints,
//! and fits a phone. The way is outcome → [`view`] (plain strings, rounded once, in [`numbers`] and
//! [`words`]) → templates, which only place and escape them. Every sentence with a number is built
//! from the outcome; a sentence that does not hold for the data is left out.

mod numbers;
mod view;
mod words;

use askama::Template;
use charts::Figure;
use chrono::{DateTime, Utc};

use crate::outcome::Outcome;
use view::Page;

/// What the report says about the run itself.
#[derive(Debug, Clone)]
pub(crate) struct ReportFrame {
    /// The id of the run.
    pub(crate) run_id: String,
    /// When the run began.
    pub(crate) created: DateTime<Utc>,
    /// The version of the program.
    pub(crate) program_version: &'static str,
    /// The URLs of the files that were read, a catalogue last.
    pub(crate) files: Vec<String>,
    /// The name of the mapping.
    pub(crate) mapping: String,
}

/// Why a report cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReportError {
    /// The templates failed.
    #[error("the report page cannot be composed: {0}")]
    Template(#[from] askama::Error),
    /// The settings cannot be printed.
    #[error("the settings cannot be written into the report: {0}")]
    Settings(#[from] toml::ser::Error),
}

#[derive(Template)]
#[template(path = "report.html")]
struct ReportTemplate {
    page: Page,
}

/// Composes the page. Pure: the same arguments give the same bytes. Figures are placed by name
/// where they belong, in any order; one that is missing is left out.
///
/// # Errors
///
/// [`ReportError`]; none is known to happen. Cost: the size of the figures, tens of milliseconds.
pub(crate) fn render(
    outcome: &Outcome,
    figures: &[Figure],
    frame: &ReportFrame,
) -> Result<String, ReportError> {
    let page = Page::new(outcome, figures, frame)?;
    Ok(ReportTemplate { page }.render()?)
}

#[cfg(test)]
mod tests;
