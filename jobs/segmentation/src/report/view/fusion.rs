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
        numbers::plain(fusion.bounds.high),
        numbers::plain(fusion.bounds.low),
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
        "strong" => "one view says much about the other; where they differ, look closer",
        "moderate" => "the two views overlap, and each adds something",
        "weak" => "the two views tell different things, so looking at both pays",
        _ => "the two views tell nearly unrelated things",
    };
    format!(
        "The tie between segments and clusters is {} (Cramér’s V {}, where 0 is none and 1 is \
         complete), and the share of information they have in common is {} (normalised mutual \
         information {} on the same scale). In short, {meaning}.",
        words::association(v),
        decimal(v, 2),
        words::association(nmi),
        decimal(nmi, 2)
    )
}

/// A segment and a cluster that share customers.
struct Link {
    segment: String,
    cluster: String,
    segment_share: f64,
    lift: f64,
    /// Customers beyond what chance would give.
    excess: f64,
}

/// The pairs that share the most customers beyond what chance would give.
fn links(outcome: &Outcome) -> Vec<String> {
    let affinity = &outcome.fusion.affinity;
    let mut links = Vec::new();
    for (row, segment) in outcome.rfm.segments.iter().enumerate() {
        for (column, cluster) in outcome.clusters.clusters.iter().enumerate() {
            let at = |table: &[Vec<Option<f64>>]| *table.get(row)?.get(column)?;
            let pair = at(&affinity.segment_shares).zip(at(&affinity.lift));
            let Some((segment_share, lift)) = pair.filter(|(_, lift)| *lift > 1.0) else {
                continue;
            };
            links.push(Link {
                segment: name(&segment.name),
                cluster: name(&cluster.name),
                segment_share,
                lift,
                // count - count / lift, since lift = count / expected.
                excess: affinity.counts[row][column] as f64 * (1.0 - 1.0 / lift),
            });
        }
    }
    // A stable sort: equal ones keep the order of the tables.
    links.sort_by(|a, b| b.excess.total_cmp(&a.excess));
    let told = |link: &Link| {
        format!(
            "{} of {} are in the cluster “{}”, {} times as many as chance would give.",
            percent(link.segment_share),
            link.segment,
            link.cluster,
            decimal(link.lift, 1)
        )
    };
    links.iter().take(LINKS).map(told).collect()
}
