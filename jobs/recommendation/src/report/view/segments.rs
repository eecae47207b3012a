//! What is recommended in each segment of customers.

use ::report::numbers::{count, counted, decimal, percent};
use ::report::words::name;
use ::report::{FigureView, Figures};

use super::ProductView;
use crate::outcome::{Outcome, SegmentProduct, SegmentRecommendations};

/// Products shown per segment; `segments.csv` has more.
const PRODUCTS: usize = 5;

pub(in super::super) struct SegmentsView {
    pub(in super::super) lead: String,
    pub(in super::super) segments: Vec<SegmentView>,
    pub(in super::super) figures: Vec<FigureView>,
}

pub(in super::super) struct SegmentView {
    pub(in super::super) name: String,
    pub(in super::super) customers: String,
    pub(in super::super) coverage: String,
    pub(in super::super) products: Vec<SegmentRow>,
}

pub(in super::super) struct SegmentRow {
    pub(in super::super) product: ProductView,
    pub(in super::super) share: String,
    pub(in super::super) lift: String,
}

pub(super) fn view(outcome: &Outcome, figures: Figures<'_>) -> SegmentsView {
    let Some(summary) = &outcome.segments else {
        let lead = "No segmentation was found beside this run, so nothing can be said by segment. \
                    Run the job segmentation with the same --output, then this one again: this \
                    section then shows what is recommended in each segment, and customers without \
                    a history get what is popular in theirs.";
        return SegmentsView {
            lead: lead.to_owned(),
            segments: Vec::new(),
            figures: Vec::new(),
        };
    };
    let unknown = match summary.users_unknown {
        0 => String::new(),
        n => format!(
            " {} with a list {} not in that run.",
            counted(n, "customer", "customers"),
            if n == 1 { "is" } else { "are" }
        ),
    };
    let lead = format!(
        "The segments are those of the segmentation run {}. For each, the products that are on the \
         lists of most of its customers. Lift is that share over the share in the whole shop: 1 is \
         as everywhere, 2 is twice as often.{unknown}",
        name(&summary.run_id)
    );
    SegmentsView {
        lead,
        segments: summary.segments.iter().map(segment).collect(),
        figures: figures.named(&["segment_recommendations"]),
    }
}

fn segment(segment: &SegmentRecommendations) -> SegmentView {
    let row = |product: &SegmentProduct| SegmentRow {
        product: ProductView::of(
            &product.product_id,
            product.category.as_deref(),
            product.brand.as_deref(),
        ),
        share: percent(product.share),
        lift: decimal(product.lift, 1),
    };
    SegmentView {
        name: name(&segment.fused_segment),
        customers: count(segment.customers),
        coverage: percent(segment.coverage),
        products: segment.products.iter().take(PRODUCTS).map(row).collect(),
    }
}
