//! RFM segments and behaviour clusters together.

use super::super::numbers::{self, Amounts, decimal, percent};
use super::super::words;
use super::{FigureView, Figures, SizeView, advice, name};
use crate::outcome::{FusedSummary, Outcome};

/// How many pairs of segment and cluster are put in words.
const LINKS: usize = 3;

pub(in super::super) struct FusionView {
    pub(in super::super) rows: Vec<FusedRow>,
    pub(in super::super) tiers: String,
    pub(in super::super) association: String,
    pub(in super::super) links: Vec<String>,
    pub(in super::super) figures: Vec<FigureView>,
}

pub(in super::super) struct FusedRow {
    pub(in super::super) name: String,
    pub(in super::super) advice: String,
    pub(in super::super) size: SizeView,
    pub(in super::super) is_empty: bool,
}

pub(super) fn view(outcome: &Outcome, amounts: Amounts, figures: Figures<'_>) -> FusionView {
    let fusion = &outcome.fusion;
    let row = |fused: &FusedSummary| FusedRow {
        name: name(&fused.name),
        advice: advice(&fused.advice),
        size: SizeView::new(&fused.size, amounts),
        is_empty: fused.size.customers == 0,
    };
    let tiers = format!(
        "A cluster counts as high when it brings at least {} times the average revenue per \
         customer, as low below {} times, else as mid.",
        decimal(fusion.bounds.high, 2),
        decimal(fusion.bounds.low, 2),
    );
    FusionView {
        rows: fusion.fused.iter().map(row).collect(),
        tiers,
        association: association(outcome),
        links: links(outcome),
        figures: figures.named(&["affinity_matrix"]),
    }
}

fn association(outcome: &Outcome) -> String {
    let affinity = &outcome.fusion.affinity;
    let (Some(v), Some(nmi)) = (affinity.cramers_v, affinity.normalized_mutual_information) else {
        return "All customers are in one segment or in one cluster, so there is nothing to \
                compare."
            .to_owned();
    };
    let meaning = match words::association(v) {
        "strong" => "the two views mostly tell the same story",
        "moderate" => "the two views overlap, and each adds something",
        "weak" => "the two views tell different things, so looking at both pays",
        _ => "the two views tell nearly unrelated things",
    };
    format!(
        "Segments and clusters depend on each other: {} (Cramér’s V {}, where 0 is not at all and 1 \
         is completely); knowing one removes part of the uncertainty about the other: {} \
         (normalised mutual information {}). In short, {meaning}.",
        strength(v),
        decimal(v, 2),
        strength(nmi),
        decimal(nmi, 2)
    )
}

fn strength(value: f64) -> &'static str {
    match words::association(value) {
        "negligible" => "hardly",
        verdict => verdict,
    }
}

/// The pairs that share the most customers beyond what chance would give.
fn links(outcome: &Outcome) -> Vec<String> {
    let affinity = &outcome.fusion.affinity;
    let mut pairs = Vec::new();
    for (row, segment) in outcome.rfm.segments.iter().enumerate() {
        for (column, cluster) in outcome.clusters.clusters.iter().enumerate() {
            let at = |table: &[Vec<Option<f64>>]| *table.get(row)?.get(column)?;
            let Some((share, lift)) = at(&affinity.segment_shares).zip(at(&affinity.lift)) else {
                continue;
            };
            // count - expected, written with what the table has: count · (1 - 1 / lift).
            let excess = if lift > 1.0 {
                affinity.counts[row][column] as f64 * (1.0 - 1.0 / lift)
            } else {
                0.0
            };
            pairs.push((excess, segment, cluster, share, lift));
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let told = |(_, segment, cluster, share, lift): &(f64, _, _, f64, f64)| {
        let (segment, cluster): (&crate::outcome::SegmentSummary, &crate::outcome::ClusterSummary) =
            (segment, cluster);
        format!(
            "{} of {} are in the cluster “{}”, {} times as many as chance would give.",
            percent(*share),
            name(&segment.name),
            name(&cluster.name),
            numbers::decimal(*lift, 1)
        )
    };
    pairs.iter().filter(|pair| pair.0 > 0.0).take(LINKS).map(told).collect()
}
