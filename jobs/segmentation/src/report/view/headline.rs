//! What this is, in one sentence and five numbers.

use ::report::{Fact, Headline, Period, sample_notice};

use super::super::numbers::{self, Amounts, count, counted};
use super::findings;
use crate::money::Money;
use crate::outcome::Outcome;

pub(super) fn view(outcome: &Outcome, period: &Period, amounts: Amounts) -> Headline {
    let totals = &outcome.totals;
    let lead = format!(
        "This report sorts {} into groups in two ways: by when, how often and for how much they \
         bought, and by how they behave in the shop. It looks back from {}.",
        counted(totals.customers, "customer", "customers"),
        numbers::moment(period.as_of),
    );
    let sample = outcome.sample;
    Headline {
        lead,
        sample: sample.map(|share| sample_notice(share, "customers, orders and revenue")),
        facts: facts(outcome, period, amounts),
        findings: findings::findings(outcome, amounts),
    }
}

fn facts(outcome: &Outcome, period: &Period, amounts: Amounts) -> Vec<Fact> {
    let totals = &outcome.totals;
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
        period.fact(),
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
