//! The files of a run, written from its outcome alone.

mod csv_files;
mod customers;
pub(crate) mod figures;
mod metrics;

use ::report::ReportFrame;
use arrow::array::RecordBatch;
use artifacts::{ArtifactError, RunWriter};

use crate::error::SegmentationError;
use crate::outcome::Outcome;
use crate::report;

pub use intake::{DATA_QUALITY, QUARANTINE};

/// One row per customer.
pub const CUSTOMERS: &str = "customers.parquet";
/// One row per RFM segment.
pub const SEGMENTS: &str = "segments.csv";
/// One row per behaviour cluster.
pub const CLUSTERS: &str = "clusters.csv";
/// One row per pair of RFM segment and cluster.
pub const AFFINITY: &str = "affinity.csv";
/// One row per number of clusters that was tried.
pub const K_SELECTION: &str = "k_selection.csv";
/// The cut points of the scores.
pub const RFM_MODEL: &str = "rfm_model.json";
/// Scaling and centroids of the clusters.
pub const KMEANS_MODEL: &str = "kmeans_model.json";
/// The numbers that tell how the run went.
pub const METRICS: &str = "metrics.json";
/// What was found, for whoever runs the shop.
pub const REPORT: &str = "report.html";

/// Names and contents of everything but the table of customers, computed from an outcome before any
/// of it is written.
#[derive(Debug)]
pub(crate) struct Files(Vec<(String, Vec<u8>)>);

impl Files {
    /// Lays out all files. Pure and, for a large shop, seconds of work: call it off the async
    /// threads.
    pub(crate) fn lay_out(
        outcome: &Outcome,
        frame: &ReportFrame,
    ) -> Result<Self, SegmentationError> {
        let mut files = vec![
            (
                SEGMENTS.to_owned(),
                csv_files::segments(outcome).map_err(made(SEGMENTS))?,
            ),
            (
                CLUSTERS.to_owned(),
                csv_files::clusters(outcome).map_err(made(CLUSTERS))?,
            ),
            (
                AFFINITY.to_owned(),
                csv_files::affinity(outcome).map_err(made(AFFINITY))?,
            ),
            (
                K_SELECTION.to_owned(),
                csv_files::k_selection(outcome).map_err(made(K_SELECTION))?,
            ),
            (
                RFM_MODEL.to_owned(),
                outcome.rfm.model.to_json().map_err(made(RFM_MODEL))?.into(),
            ),
            (
                KMEANS_MODEL.to_owned(),
                outcome
                    .clusters
                    .model
                    .to_json()
                    .map_err(made(KMEANS_MODEL))?
                    .into(),
            ),
            (
                METRICS.to_owned(),
                metrics::json(outcome).map_err(made(METRICS))?,
            ),
        ];
        let figures = figures::figures(outcome).map_err(made("a chart"))?;
        let drawn = charts::files(&figures).map_err(made("a chart"))?;
        files.extend(
            drawn
                .into_iter()
                .map(|(name, bytes)| (format!("charts/{name}"), bytes)),
        );
        let page = report::render(outcome, &figures, frame).map_err(made(REPORT))?;
        files.push((REPORT.to_owned(), page.into_bytes()));
        Ok(Self(files))
    }

    /// Writes all of them into the run.
    pub(crate) async fn write(self, run: &RunWriter) -> Result<(), ArtifactError> {
        for (name, bytes) in self.0 {
            run.write_bytes(&name, bytes).await?;
        }
        Ok(())
    }
}

/// The table of customers.
pub(crate) fn customers(outcome: &Outcome) -> Result<RecordBatch, SegmentationError> {
    customers::table(outcome).map_err(made(CUSTOMERS))
}

fn made<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> SegmentationError {
    move |error| SegmentationError::Writing {
        what,
        reason: error.to_string(),
    }
}
