//! Who bought in which month.

use chrono::{Datelike, Days, NaiveDate};

use super::super::numbers::{self, Amounts, count, part};
use super::{FigureView, Figures, name};
use crate::money::Money;
use crate::outcome::{Outcome, SegmentMonths};

pub(in super::super) struct MonthsView {
    pub(in super::super) rows: Vec<MonthRow>,
    pub(in super::super) partial: Option<String>,
    pub(in super::super) figures: Vec<FigureView>,
}

pub(in super::super) struct MonthRow {
    pub(in super::super) month: String,
    pub(in super::super) buyers: String,
    pub(in super::super) revenue: String,
    pub(in super::super) largest: String,
    pub(in super::super) largest_share: String,
}

pub(super) fn view(
    outcome: &Outcome,
    amounts: Amounts,
    figures: Figures<'_>,
) -> Option<MonthsView> {
    let months = outcome.months.as_ref()?;
    let row = |index: usize| {
        let at = |of: &Vec<u64>| of.get(index).copied().unwrap_or_default();
        let buyers: u64 = months.buyers.iter().map(at).sum();
        let revenue: Money = months
            .revenue
            .iter()
            .filter_map(|of| of.get(index).copied())
            .sum();
        // Of equal ones the first in the order of the table.
        let largest = (0..months.buyers.len())
            .rev()
            .max_by_key(|i| at(&months.buyers[*i]));
        let largest = largest.filter(|segment| at(&months.buyers[*segment]) > 0);
        let segment = largest.and_then(|segment| outcome.rfm.segments.get(segment));
        MonthRow {
            month: numbers::month(months.months[index]),
            buyers: count(buyers),
            revenue: amounts.sum(revenue),
            largest: segment.map_or_else(|| numbers::UNDEFINED.to_owned(), |s| name(&s.name)),
            largest_share: part(largest.map_or(0, |i| at(&months.buyers[i])), buyers),
        }
    };
    Some(MonthsView {
        rows: (0..months.months.len()).map(row).collect(),
        partial: partial(outcome, months),
        figures: figures.named(&["segment_by_month"]),
    })
}

/// Months that the events cover only in part cannot be compared with the others.
fn partial(outcome: &Outcome, months: &SegmentMonths) -> Option<String> {
    let (first, last) = (*months.months.first()?, *months.months.last()?);
    let span = &outcome.span;
    let begin = span.first_event_at.date_naive();
    let mut parts = Vec::new();
    if begin > first {
        parts.push(format!(
            "{} begins on day {}",
            numbers::month(first),
            begin.day()
        ));
    }
    let end = span.last_event_at.min(span.as_of).date_naive();
    let same_month = (end.year(), end.month()) == (last.year(), last.month());
    if same_month && end < last_day(end) {
        parts.push(format!(
            "{} ends on day {}",
            numbers::month(last),
            end.day()
        ));
    }
    let parts = super::super::words::list(&parts);
    (!parts.is_empty()).then(|| {
        format!(
            "The events do not cover every month in full: {parts}. Compare such months with care."
        )
    })
}

fn last_day(day: NaiveDate) -> NaiveDate {
    let next_month = day
        .with_day(1)
        .and_then(|first| first.checked_add_months(chrono::Months::new(1)));
    next_month
        .and_then(|first| first.checked_sub_days(Days::new(1)))
        .unwrap_or(day)
}
