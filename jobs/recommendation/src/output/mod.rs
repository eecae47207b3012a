//! The small files of a run, written from its outcome alone.

mod csv_files;
pub(crate) mod figures;
mod metrics;
#[cfg(test)]
mod tests;

use ::report::ReportFrame;
use artifacts::{ArtifactError, RunWriter};

use crate::error::RecommendationError;
use crate::files::{CV, METRICS, REPORT, SEGMENTS};
use crate::outcome::Outcome;
use crate::report;

/// Everything that is computed from an outcome before anything is written, but for the large
/// tables and the account of the rows.
#[derive(Debug)]
pub(crate) struct Files {
    /// Names and contents.
    small: Vec<(String, Vec<u8>)>,
}

impl Files {
    /// Lays out all files. Pure and, with the charts, up to seconds of work: call it off the async
    /// threads.
    pub(crate) fn lay_out(
        outcome: &Outcome,
        frame: &ReportFrame,
    ) -> Result<Self, RecommendationError> {
        let mut small = vec![
            (CV.to_owned(), csv_files::folds(outcome).map_err(made(CV))?),
            (
                METRICS.to_owned(),
                metrics::json(outcome).map_err(made(METRICS))?,
            ),
        ];
        if let Some(segments) = &outcome.segments {
            let file = csv_files::segments(segments).map_err(made(SEGMENTS))?;
            small.push((SEGMENTS.to_owned(), file));
        }
        let figures = figures::figures(outcome).map_err(made("a chart"))?;
        let drawn = charts::files(&figures).map_err(made("a chart"))?;
        small.extend(
            drawn
                .into_iter()
                .map(|(name, bytes)| (format!("charts/{name}"), bytes)),
        );
        let page = report::render(outcome, &figures, frame).map_err(made(REPORT))?;
        small.push((REPORT.to_owned(), page.into_bytes()));
        Ok(Self { small })
    }

    /// Writes all files into the run.
    pub(crate) async fn write(self, run: &RunWriter) -> Result<(), ArtifactError> {
        for (name, bytes) in self.small {
            run.write_bytes(&name, bytes).await?;
        }
        Ok(())
    }
}

fn made<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> RecommendationError {
    move |error| RecommendationError::Writing {
        what,
        reason: error.to_string(),
    }
}
