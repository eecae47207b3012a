//! The page as plain strings: one module per section of the report.

mod choice;
mod clusters;
mod findings;
mod fusion;
mod headline;
mod months;
mod reproduce;
mod scores;
mod segments;
mod trust;

use ::report::{
    AccountView, Assessment, FigureView, Figures, Head, Headline, Period, ReportFrame,
    ReproduceView,
};
use charts::Figure;

use super::ReportError;
use super::numbers::{self, Amounts, optional};
use super::words::{self, name};
use crate::money::Money;
use crate::outcome::{GroupSize, Outcome};

/// Everything the templates print.
pub(super) struct Page {
    pub(super) head: Head,
    /// Whether shares of the revenue are defined.
    pub(super) has_revenue: bool,
    pub(super) headline: Headline,
    pub(super) account: AccountView,
    pub(super) segments: segments::SegmentsView,
    pub(super) clusters: clusters::ClustersView,
    pub(super) choice: choice::ChoiceView,
    pub(super) fusion: fusion::FusionView,
    pub(super) months: Option<months::MonthsView>,
    pub(super) notes: Vec<String>,
    pub(super) assessments: Vec<Assessment>,
    pub(super) reproduce: ReproduceView,
}

impl Page {
    pub(super) fn new(
        outcome: &Outcome,
        figures: &[Figure],
        frame: &ReportFrame,
    ) -> Result<Self, ReportError> {
        let amounts = Amounts::for_total(outcome.totals.gross_revenue);
        let figures = Figures(figures);
        let span = &outcome.span;
        let period = Period {
            as_of: span.as_of,
            first_event_at: span.first_event_at,
            last_event_at: span.last_event_at,
            events_after_as_of: span.events_after_as_of,
        };
        Ok(Self {
            head: Head::new("Customer segmentation", frame),
            has_revenue: outcome.totals.net_revenue > Money::ZERO,
            headline: headline::view(outcome, &period, amounts),
            account: AccountView::new(&outcome.account, &period, frame),
            segments: segments::view(outcome, amounts, figures),
            clusters: clusters::view(outcome, amounts, figures),
            choice: choice::view(outcome, figures),
            fusion: fusion::view(outcome, amounts, figures),
            months: months::view(outcome, amounts, figures),
            notes: words::notes(&outcome.notes),
            assessments: trust::assessments(outcome),
            reproduce: reproduce::view(outcome, frame)?,
        })
    }
}

/// The numbers of a group, as every table of groups shows them.
pub(super) struct SizeView {
    pub(super) customers: String,
    pub(super) share: String,
    pub(super) revenue: String,
    pub(super) revenue_share: String,
}

impl SizeView {
    fn new(size: &GroupSize, amounts: Amounts) -> Self {
        Self {
            customers: numbers::count(size.customers),
            share: numbers::percent(size.share),
            revenue: amounts.sum(size.revenue),
            revenue_share: optional(size.revenue_share, numbers::percent),
        }
    }
}

/// A sentence from outside.
fn advice(text: &str) -> String {
    words::shown(text, 400)
}
