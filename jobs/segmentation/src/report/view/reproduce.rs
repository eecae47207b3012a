//! How to get the same numbers again.

use ::report::{ReportFrame, ReproduceView, Rerun};

use super::super::ReportError;
use crate::outcome::Outcome;
use crate::settings::Algorithm;

pub(super) fn view(outcome: &Outcome, frame: &ReportFrame) -> Result<ReproduceView, ReportError> {
    let run = Rerun {
        job: "segmentation",
        algorithm: match outcome.settings.algorithm {
            Algorithm::Kmeans => "K-Means",
            Algorithm::Gmm => "Gaussian mixture",
        },
        frame,
        account: &outcome.account,
        as_of: outcome.span.as_of,
        seed: outcome.seed,
        sample: outcome.sample,
        settings: &toml::to_string(&outcome.settings)?,
    };
    Ok(ReproduceView::new(&run))
}
