//! How the number of clusters was chosen.

use super::super::numbers::{self, decimal, percent, plain_percent};
use super::super::words;
use super::{FigureView, Figures, optional};
use crate::clusters::Candidate;
use crate::outcome::Outcome;
use crate::settings::Algorithm;

pub(in super::super) struct ChoiceView {
    pub(in super::super) reason: String,
    pub(in super::super) how: String,
    pub(in super::super) candidates: Vec<CandidateRow>,
    pub(in super::super) figures: Vec<FigureView>,
}

pub(in super::super) struct CandidateRow {
    pub(in super::super) n_clusters: usize,
    pub(in super::super) silhouette: String,
    pub(in super::super) inertia: String,
    pub(in super::super) min_share: String,
    pub(in super::super) stability: String,
    pub(in super::super) remark: String,
    pub(in super::super) is_chosen: bool,
}

pub(super) fn view(outcome: &Outcome, figures: Figures<'_>) -> ChoiceView {
    let (clusters, settings) = (&outcome.clusters, &outcome.settings);
    let limit = settings.min_share;
    let row = |candidate: &Candidate| {
        let is_chosen = candidate.n_clusters == clusters.n_clusters;
        let is_small = candidate.min_share < limit;
        let remark = match (is_chosen, is_small) {
            (true, false) => "chosen".to_owned(),
            (true, true) => format!(
                "chosen, though its smallest is below {}",
                plain_percent(limit)
            ),
            (false, true) => format!("smallest below {}", plain_percent(limit)),
            (false, false) => String::new(),
        };
        CandidateRow {
            n_clusters: candidate.n_clusters,
            silhouette: decimal(candidate.silhouette, 3),
            inertia: numbers::mean(candidate.inertia),
            min_share: percent(candidate.min_share),
            stability: optional(candidate.stability, |index| decimal(index, 2)),
            remark,
            is_chosen,
        }
    };
    ChoiceView {
        reason: words::sentence(&words::shown(&clusters.reason, 600)),
        how: how(outcome),
        candidates: clusters.candidates.iter().map(row).collect(),
        figures: figures.named(&["silhouette_curve", "inertia_curve"]),
    }
}

fn how(outcome: &Outcome) -> String {
    let settings = &outcome.settings;
    let starts = match settings.algorithm {
        Algorithm::Kmeans => format!(
            " Each number was tried from {}, and the best result kept.",
            numbers::counted(settings.n_init as u64, "start", "starts")
        ),
        Algorithm::Gmm => String::new(),
    };
    let stability = if outcome
        .clusters
        .candidates
        .iter()
        .any(|c| c.stability.is_some())
    {
        format!(
            " Stability compares the clusters with those of {} of the customers (adjusted Rand \
             index: 1 is identical, 0 is chance).",
            numbers::counted(
                settings.stability_samples as u64,
                "random resample",
                "random resamples"
            )
        )
    } else {
        " Stability was not computed in this run.".to_owned()
    };
    format!(
        "The silhouette score tells how much closer customers are to their own cluster than to the \
         next one: 1 is perfect, 0 is no difference. It is computed with squared Euclidean \
         distance, as Spark does. Inertia is the sum of squared distances to the cluster centres; \
         it falls with more clusters, so it is only a guide. The smallest cluster must hold \
         at least {} of the customers.{starts}{stability}",
        plain_percent(settings.min_share),
    )
}
