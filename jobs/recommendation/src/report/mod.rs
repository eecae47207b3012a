//! `report.html`: how good the recommendations are and what they are, for whoever runs the shop
//! first and for whoever works on the data second.
//!
//! The way is outcome → [`view`] (plain strings) → templates, which only place and escape them.
//! Every sentence with a number is built from the outcome; a sentence that does not hold is left
//! out. Frame, style and the sections that every job has come from the crate `report`.

pub(crate) mod definitions;
mod view;

use ::report::ReportFrame;
use askama::Template;
use charts::Figure;

use crate::outcome::Outcome;
use view::Page;

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
pub(crate) mod tests;
