//! The page as plain strings: one module per section of the report.

mod account;
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

use charts::Figure;

use super::numbers::{self, Amounts};
use super::words::{self, Standing};
use super::{ReportError, ReportFrame};
use crate::money::Money;
use crate::outcome::{GroupSize, Outcome};

/// How many characters of a name are shown.
const NAME_LENGTH: usize = 80;

/// Everything the templates print.
pub(super) struct Page {
    pub(super) run_id: String,
    pub(super) created: String,
    pub(super) program_version: String,
    /// Whether shares of the revenue are defined.
    pub(super) has_revenue: bool,
    pub(super) headline: headline::Headline,
    pub(super) account: account::AccountView,
    pub(super) segments: segments::SegmentsView,
    pub(super) clusters: clusters::ClustersView,
    pub(super) choice: choice::ChoiceView,
    pub(super) fusion: fusion::FusionView,
    pub(super) months: Option<months::MonthsView>,
    pub(super) trust: trust::TrustView,
    pub(super) reproduce: reproduce::ReproduceView,
}

impl Page {
    pub(super) fn new(
        outcome: &Outcome,
        figures: &[Figure],
        frame: &ReportFrame,
    ) -> Result<Self, ReportError> {
        let amounts = Amounts::for_total(outcome.totals.gross_revenue);
        let figures = Figures(figures);
        Ok(Self {
            run_id: name(&frame.run_id),
            created: numbers::moment(frame.created),
            program_version: name(frame.program_version),
            has_revenue: outcome.totals.net_revenue > Money::ZERO,
            headline: headline::view(outcome, amounts),
            account: account::view(outcome, frame),
            segments: segments::view(outcome, amounts, figures),
            clusters: clusters::view(outcome, amounts, figures),
            choice: choice::view(outcome, figures),
            fusion: fusion::view(outcome, amounts, figures),
            months: months::view(outcome, amounts, figures),
            trust: trust::view(outcome),
            reproduce: reproduce::view(outcome, frame)?,
        })
    }
}

/// A figure and how to read it.
pub(super) struct FigureView {
    pub(super) svg: String,
    pub(super) title: String,
    pub(super) caption: String,
}

/// The figures by name.
#[derive(Clone, Copy)]
struct Figures<'a>(&'a [Figure]);

impl Figures<'_> {
    /// The named figures that exist, in the order of the names.
    fn named(self, names: &[&str]) -> Vec<FigureView> {
        let found = |name: &&str| self.0.iter().find(|figure| figure.name == *name);
        let view = |figure: &Figure| FigureView {
            svg: words::visible(&figure.svg).collect(),
            title: figure.title.clone(),
            caption: figure.caption.clone(),
        };
        names.iter().filter_map(found).map(view).collect()
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

/// Something to know before trusting a number.
pub(super) struct Assessment {
    pub(super) topic: &'static str,
    pub(super) verdict: String,
    pub(super) class: &'static str,
    pub(super) text: String,
}

impl Assessment {
    fn new(topic: &'static str, (verdict, standing): (&str, Standing), text: String) -> Self {
        Self {
            topic,
            verdict: verdict.to_owned(),
            class: standing.class(),
            text,
        }
    }
}

/// A name from outside.
fn name(text: &str) -> String {
    words::shown(text, NAME_LENGTH)
}

/// A sentence from outside.
fn advice(text: &str) -> String {
    words::shown(text, 400)
}

fn optional(value: Option<f64>, written: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| numbers::UNDEFINED.to_owned(), written)
}
