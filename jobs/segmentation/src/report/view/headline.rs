//! What this is, in one sentence and five numbers.

use chrono::TimeDelta;

use super::super::numbers::{self, Amounts, count, counted};
use super::findings;
use crate::money::Money;
use crate::outcome::Outcome;

pub(in super::super) struct Headline {
    pub(in super::super) lead: String,
    pub(in super::super) sample: Option<String>,
    pub(in super::super) facts: Vec<Fact>,
    pub(in super::super) findings: Vec<findings::Finding>,
}

pub(in super::super) struct Fact {
    pub(in super::super) label: &'static str,
    pub(in super::super) value: String,
    pub(in super::super) note: String,
}

pub(super) fn view(outcome: &Outcome, amounts: Amounts) -> Headline {
    let (span, totals) = (&outcome.span, &outcome.totals);
    let lead = format!(
        "This report sorts {} into groups in two ways: by when, how often and for how much they \
         bought, and by how they behave in the shop. It looks back from {}.",
        counted(totals.customers, "customer", "customers"),
        numbers::moment(span.as_of),
    );
    let sample = outcome.sample.map(|share| {
        format!(
            "This is a quick look at a sample of about {} of the users. All numbers of customers, \
             orders and revenue are those of the sample, not of the whole shop.",
            numbers::plain_percent(share)
        )
    });
    Headline {
        lead,
        sample,
        facts: facts(outcome, amounts),
        findings: findings::findings(outcome, amounts),
    }
}

fn facts(outcome: &Outcome, amounts: Amounts) -> Vec<Fact> {
    let (span, totals) = (&outcome.span, &outcome.totals);
    // What comes at or after `as_of` is not looked at.
    let last = span
        .last_event_at
        .min(span.as_of - TimeDelta::microseconds(1));
    let days = (last.date_naive() - span.first_event_at.date_naive()).num_days() + 1;
    // A date does not break, so that a narrow card breaks between the two.
    let day = |time| numbers::day(time).replace(' ', "\u{A0}");
    let period = format!("{}\u{A0}– {}", day(span.first_event_at), day(last));
    let fact = |label, value, note| Fact { label, value, note };
    let buyers = numbers::part(totals.buyers, totals.customers);
    let per_buyer = numbers::mean_of(totals.orders, totals.buyers);
    let revenue_note = if totals.returned_revenue == Money::ZERO {
        "no returns in the events".to_owned()
    } else {
        format!(
            "{} sold, {} returned",
            amounts.sum(totals.gross_revenue),
            amounts.sum(totals.returned_revenue)
        )
    };
    vec![
        fact(
            "Period",
            period,
            counted(days.unsigned_abs(), "day", "days"),
        ),
        fact(
            "Customers",
            count(totals.customers),
            "with an id and at least one event".to_owned(),
        ),
        fact(
            "Buyers",
            count(totals.buyers),
            format!("{buyers} of the customers"),
        ),
        fact(
            "Orders",
            count(totals.orders),
            format!("{per_buyer} per buyer"),
        ),
        fact("Revenue", amounts.sum(totals.net_revenue), revenue_note),
    ]
}
