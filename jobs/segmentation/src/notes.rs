//! What a reader should know before trusting the numbers.

use report::notes::of_input;

use crate::outcome::{ClusterOutcome, RfmOutcome, Span, Totals};
use crate::settings::SegmentationSettings;

/// Below this bootstrap agreement clusters are largely accident.
const STABLE: f64 = 0.6;
/// Below this silhouette clusters overlap.
const SEPARATED: f64 = 0.25;

/// The notes, as full sentences.
pub(crate) fn notes(
    span: &Span,
    sample: Option<f64>,
    totals: &Totals,
    rfm: &RfmOutcome,
    clusters: &ClusterOutcome,
    settings: &SegmentationSettings,
) -> Vec<String> {
    let mut notes = of_input(sample, span.events_after_as_of, span.as_of);
    if rfm.frozen {
        notes.push(format!(
            "The scores use the cut points that were fitted for {} on {} buyers, not those of \
             these customers.",
            rfm.model.as_of.to_rfc3339(),
            rfm.model.customers
        ));
    }
    let prospects = totals.customers - totals.buyers;
    if prospects > 0 {
        notes.push(format!(
            "{prospects} of {} users never bought: they have no scores and form the segment \
             Prospect.",
            totals.customers
        ));
    }
    notes.extend(columns(clusters));
    notes.extend(trust(clusters, settings));
    notes
}

fn columns(clusters: &ClusterOutcome) -> Vec<String> {
    let undefined = &clusters.undefined_columns;
    let is_undefined = |name: &&&str| undefined.contains(*name);
    let constant: Vec<&str> = clusters
        .constant_columns
        .iter()
        .filter(|name| !is_undefined(name))
        .copied()
        .collect();
    let mut notes = Vec::new();
    if !undefined.is_empty() {
        notes.push(format!(
            "These habits are unknown for every customer and had no influence on the clusters: \
             {}.",
            undefined.join(", ")
        ));
    }
    if !constant.is_empty() {
        notes.push(format!(
            "These habits are the same for every customer and had no influence on the clusters: \
             {}.",
            constant.join(", ")
        ));
    }
    notes
}

fn trust(clusters: &ClusterOutcome, settings: &SegmentationSettings) -> Vec<String> {
    let mut notes = Vec::new();
    let Some(chosen) = clusters.chosen() else {
        return notes;
    };
    if chosen.silhouette < SEPARATED {
        notes.push(format!(
            "The clusters overlap (silhouette {:.2}): read them as tendencies, not as borders.",
            chosen.silhouette
        ));
    }
    if let Some(stability) = chosen.stability.filter(|stability| *stability < STABLE) {
        notes.push(format!(
            "The clusters are not stable (agreement {stability:.2} over {} resamples): another \
             sample of customers might be grouped differently.",
            settings.stability_samples
        ));
    }
    notes
}
