//! `metrics.json`: the numbers that tell how a run went, for people and for monitoring.

use algorithms::als::AlsValidParams;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::outcome::{
    Candidate, FoldMeans, Learned, Outcome, Quality, Reach, SegmentSummary, Setting, Verdict,
};
use crate::report::definitions::MEASURES;
use crate::settings::FeedbackKind;

#[derive(Serialize)]
struct Metrics<'a> {
    as_of: String,
    first_event_at: String,
    last_event_at: String,
    events_after_as_of: u64,
    sample: Option<f64>,
    seed: u64,
    feedback: FeedbackKind,
    scores_given: bool,
    learned: &'a Learned,
    selection: Selection<'a>,
    candidates: &'a [Candidate],
    verdict: Option<Verdict>,
    quality: Option<&'a Quality>,
    fit: Fit<'a>,
    /// What the recommendations of this run reach, by rank of popularity.
    reach: &'a Reach,
    segmentation_run: Option<&'a str>,
    segments: Vec<Segment<'a>>,
    notes: &'a [String],
    definitions: Map<String, Value>,
}

#[derive(Serialize)]
struct Selection<'a> {
    setting: Option<Setting>,
    mean: Option<FoldMeans>,
    select_by: &'a str,
    n_folds: u32,
    folds_given: bool,
    reason: &'a str,
}

#[derive(Serialize)]
struct Fit<'a> {
    params: &'a AlsValidParams,
    iterations: usize,
    converged: bool,
    losses: &'a [f64],
    warm_start: Option<&'a str>,
}

#[derive(Serialize)]
struct Segment<'a> {
    fused_segment: &'a str,
    customers: u64,
    coverage: f64,
}

/// The file. It holds no times of day and no durations: equal runs give equal bytes.
pub(crate) fn json(outcome: &Outcome) -> Result<Vec<u8>, serde_json::Error> {
    let (choice, fit) = (&outcome.choice, &outcome.fit);
    let chosen = choice.chosen();
    let segments = outcome.segments.as_ref();
    let metrics = Metrics {
        as_of: outcome.span.as_of.to_rfc3339(),
        first_event_at: outcome.span.first_event_at.to_rfc3339(),
        last_event_at: outcome.span.last_event_at.to_rfc3339(),
        events_after_as_of: outcome.span.events_after_as_of,
        sample: outcome.sample,
        seed: outcome.seed,
        feedback: outcome.feedback,
        scores_given: outcome.scores_given,
        learned: &outcome.learned,
        selection: Selection {
            setting: chosen.map(|candidate| candidate.setting),
            mean: chosen.and_then(|candidate| candidate.mean),
            select_by: choice.select_by,
            n_folds: choice.n_folds,
            folds_given: choice.folds_given,
            reason: &choice.reason,
        },
        candidates: &choice.candidates,
        verdict: outcome.quality.as_ref().map(|quality| quality.verdict),
        quality: outcome.quality.as_ref(),
        fit: Fit {
            params: &fit.params,
            iterations: fit.losses.len(),
            converged: fit.converged,
            losses: &fit.losses,
            warm_start: fit.warm_start.as_deref(),
        },
        reach: &outcome.reach,
        segmentation_run: segments.map(|segments| segments.run_id.as_str()),
        segments: segments.map_or_else(Vec::new, of_segments),
        notes: &outcome.notes,
        definitions: MEASURES
            .iter()
            .map(|measure| (measure.key.to_owned(), measure.meaning.into()))
            .collect(),
    };
    let mut bytes = serde_json::to_vec_pretty(&metrics)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn of_segments(summary: &SegmentSummary) -> Vec<Segment<'_>> {
    let segments = summary.segments.iter();
    segments
        .map(|segment| Segment {
            fused_segment: &segment.fused_segment,
            customers: segment.customers,
            coverage: segment.coverage,
        })
        .collect()
}
