//! RFM segments: who they are, what they bring, what to do.

use super::super::numbers::{self, Amounts, count};
use super::super::words;
use super::scores::{self, ScoreRow};
use super::{FigureView, Figures, SizeView, advice, name, optional};
use crate::outcome::{Outcome, SegmentSummary};

pub(in super::super) struct SegmentsView {
    pub(in super::super) rows: Vec<SegmentRow>,
    pub(in super::super) total: SizeView,
    pub(in super::super) figures: Vec<FigureView>,
    pub(in super::super) scores: Vec<ScoreRow>,
    pub(in super::super) score_figures: Vec<FigureView>,
    pub(in super::super) origin: String,
}

pub(in super::super) struct SegmentRow {
    pub(in super::super) name: String,
    pub(in super::super) advice: String,
    pub(in super::super) size: SizeView,
    pub(in super::super) recency: String,
    pub(in super::super) frequency: String,
    pub(in super::super) monetary: String,
    pub(in super::super) is_empty: bool,
}

pub(super) fn view(outcome: &Outcome, amounts: Amounts, figures: Figures<'_>) -> SegmentsView {
    let rfm = &outcome.rfm;
    let row = |segment: &SegmentSummary| {
        let means = segment.means.as_ref();
        SegmentRow {
            name: name(&segment.name),
            advice: advice(&segment.advice),
            size: SizeView::new(&segment.size, amounts),
            recency: optional(means.map(|means| means.recency_days), numbers::mean),
            frequency: optional(means.map(|means| means.frequency), numbers::mean),
            monetary: optional(means.map(|means| means.monetary), numbers::amount),
            is_empty: segment.size.customers == 0,
        }
    };
    let totals = &outcome.totals;
    SegmentsView {
        rows: rfm.segments.iter().map(row).collect(),
        total: SizeView {
            customers: count(totals.customers),
            share: numbers::part(totals.customers, totals.customers),
            revenue: amounts.sum(totals.net_revenue),
            revenue_share: optional(
                totals.net_revenue.share_of(totals.net_revenue),
                numbers::percent,
            ),
        },
        figures: figures.named(&["segment_sizes", "segment_revenue", "rfm_heatmap"]),
        scores: scores::view(outcome),
        score_figures: figures.named(&["rfm_distributions"]),
        origin: origin(outcome),
    }
}

/// Where the cut points come from, and who is left out by the figures.
fn origin(outcome: &Outcome) -> String {
    let model = &outcome.rfm.model;
    if outcome.rfm.frozen {
        return format!(
            "The limits come from an earlier run: they were found on {} as of {}, so the groups \
             need not be of equal size here.",
            numbers::counted(model.customers, "buyer", "buyers"),
            numbers::moment(model.as_of)
        );
    }
    words::sentence(&format!(
        "the limits were found on the {} of this run so that each score takes about a fifth of \
         them; buyers with equal values always get equal scores, so the fifths are uneven where \
         many are alike",
        numbers::counted(model.customers, "buyer", "buyers"),
    ))
}
