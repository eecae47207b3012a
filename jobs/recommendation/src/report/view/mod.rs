//! The page as plain strings: one module per section of the report.

mod ask;
mod choice;
mod findings;
mod fit;
mod headline;
mod learned;
mod lists;
mod quality;
mod reproduce;
mod segments;
mod trust;

use ::report::{
    AccountView, Assessment, Figures, Head, Headline, Period, ReportFrame, ReproduceView, numbers,
    words,
};
use charts::Figure;

use super::ReportError;
use super::definitions::{Definition, MEASURES};
use crate::outcome::{Outcome, Setting};

/// How much of an id is shown.
const ID_LENGTH: usize = 60;
/// How much of a category and a brand is shown.
const ABOUT_LENGTH: usize = 100;

/// Everything the templates print.
pub(super) struct Page {
    pub(super) head: Head,
    pub(super) headline: Headline,
    pub(super) quality: quality::QualityView,
    pub(super) lists: lists::ListsView,
    pub(super) segments: segments::SegmentsView,
    pub(super) choice: choice::ChoiceView,
    pub(super) fit: fit::FitView,
    pub(super) learned: learned::LearnedView,
    pub(super) account: AccountView,
    pub(super) notes: Vec<String>,
    pub(super) assessments: Vec<Assessment>,
    pub(super) measures: &'static [Definition],
    pub(super) ask: ask::AskView,
    pub(super) reproduce: ReproduceView,
}

impl Page {
    pub(super) fn new(
        outcome: &Outcome,
        figures: &[Figure],
        frame: &ReportFrame,
    ) -> Result<Self, ReportError> {
        let figures = Figures(figures);
        let span = &outcome.span;
        let period = Period {
            as_of: span.as_of,
            first_event_at: span.first_event_at,
            last_event_at: span.last_event_at,
            events_after_as_of: span.events_after_as_of,
        };
        Ok(Self {
            head: Head::new("Product recommendations", frame),
            headline: headline::view(outcome, &period),
            quality: quality::view(outcome, figures),
            lists: lists::view(outcome, figures),
            segments: segments::view(outcome, figures),
            choice: choice::view(outcome, figures),
            fit: fit::view(outcome, figures),
            learned: learned::view(outcome),
            account: AccountView::new(&outcome.account, &period, frame),
            notes: words::notes(&outcome.notes),
            assessments: trust::assessments(outcome),
            measures: &MEASURES,
            ask: ask::view(outcome),
            reproduce: reproduce::view(outcome, frame)?,
        })
    }
}

/// A product in a list: its id, and its category and brand as far as they are known.
pub(super) struct ProductView {
    pub(super) id: String,
    pub(super) about: String,
}

impl ProductView {
    fn new(id: &str, about: &str) -> Self {
        Self {
            id: words::shown(id, ID_LENGTH),
            about: words::shown(about, ABOUT_LENGTH),
        }
    }

    fn of(id: &str, category: Option<&str>, brand: Option<&str>) -> Self {
        let parts: Vec<&str> = category.into_iter().chain(brand).collect();
        Self::new(id, &parts.join(", "))
    }
}

/// A median number of products: `1 product`, `2.5 products`.
fn products(median: f64) -> String {
    let noun = if median == 1.0 { "product" } else { "products" };
    format!("{} {noun}", numbers::plain(median))
}

/// A setting in words: `64 factors, regularization 0.1, alpha 10`.
fn setting_in_words(setting: Setting) -> String {
    let mut text = format!(
        "{}, regularization {}",
        numbers::counted(setting.factors as u64, "factor", "factors"),
        setting.regularization
    );
    if let Some(alpha) = setting.alpha {
        text += &format!(", alpha {alpha}");
    }
    text
}
