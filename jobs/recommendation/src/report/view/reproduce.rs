//! How to get the same numbers again.

use ::report::{ReportFrame, ReproduceView, Rerun};

use super::super::ReportError;
use crate::outcome::Outcome;

pub(super) fn view(outcome: &Outcome, frame: &ReportFrame) -> Result<ReproduceView, ReportError> {
    let run = Rerun {
        job: crate::JOB,
        algorithm: "alternating least squares",
        frame,
        account: &outcome.account,
        as_of: outcome.span.as_of,
        seed: outcome.seed,
        sample: outcome.sample,
        settings: &toml::to_string(&outcome.settings)?,
    };
    Ok(ReproduceView::new(&run))
}
