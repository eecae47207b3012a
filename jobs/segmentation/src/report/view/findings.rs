//! The few things worth acting on first, in sentences that hold for the data.

use ::report::Finding;

use super::super::numbers::{self, Amounts, count, counted, percent};
use super::{advice, name};
use crate::money::Money;
use crate::outcome::Outcome;
use crate::rfm::{RfmValues, STEPS, Scores};

/// How many findings a headline has.
const FINDINGS: usize = 5;
/// A cluster is news from this multiple of the average revenue per customer on.
const NOTABLE_RATIO: f64 = 1.25;
/// Returns are news from this share of what was sold on.
const NOTABLE_RETURNS: f64 = 0.01;
/// A good customer has at least this score for frequency and for monetary value; one who stays away
/// has at most [`AWAY`] for recency.
const GOOD: u8 = 4;
const AWAY: u8 = 2;

/// The first few that hold, most useful first.
pub(super) fn findings(outcome: &Outcome, amounts: Amounts) -> Vec<Finding> {
    let found = [
        best_segment(outcome),
        good_customers_away(outcome),
        best_cluster(outcome),
        one_order(outcome),
        no_purchase(outcome),
        fresh_buyers(outcome),
        returns(outcome, amounts),
        typical_order(outcome),
    ];
    found.into_iter().flatten().take(FINDINGS).collect()
}

fn best_segment(outcome: &Outcome) -> Option<Finding> {
    let buying = outcome
        .rfm
        .segments
        .iter()
        .filter(|segment| segment.means.is_some());
    let shares = buying.filter_map(|segment| Some((segment, segment.size.revenue_share?)));
    let (segment, share) = shares.max_by(|a, b| a.1.total_cmp(&b.1))?;
    let claim = format!(
        "{} ({}) make up {} of the buyers and {} of the revenue.",
        name(&segment.name),
        count(segment.size.customers),
        numbers::part(segment.size.customers, outcome.totals.buyers),
        percent(share),
    );
    Some(Finding {
        claim,
        action: advice(&segment.advice),
    })
}

fn good_customers_away(outcome: &Outcome) -> Option<Finding> {
    let away = |(_, _, scores): &(usize, &RfmValues, &Scores)| {
        scores.f >= GOOD && scores.m >= GOOD && scores.r <= AWAY
    };
    let customers: Vec<_> = buyers(outcome).filter(away).collect();
    let days = customers
        .iter()
        .map(|(_, values, _)| values.recency_days)
        .min()?;
    let revenue: Money = customers.iter().map(|(_, values, _)| values.monetary).sum();
    let n = customers.len() as u64;
    let share = revenue.share_of(outcome.totals.net_revenue);
    let share = share.filter(|share| *share > 0.0);
    let worth = share.map(|share| format!("; {} of the revenue came from them", percent(share)));
    let claim = format!(
        "{} with high scores for frequency and spending (4 or 5) {} not bought for {} or more{}.",
        counted(n, "customer", "customers"),
        if n == 1 { "has" } else { "have" },
        counted(days.unsigned_abs(), "day", "days"),
        worth.unwrap_or_default(),
    );
    let mut members = vec![0_u64; outcome.rfm.segments.len()];
    customers
        .iter()
        .for_each(|(row, _, _)| members[outcome.rfm.segment_of[*row]] += 1);
    let largest = (0..members.len())
        .rev()
        .max_by_key(|segment| members[*segment])?;
    let segment = &outcome.rfm.segments[largest];
    let share = match members[largest] {
        all if all == n && n > 1 => "All of them are".to_owned(),
        1 if n == 1 => "It is".to_owned(),
        some => format!(
            "{} of them {}",
            count(some),
            if some == 1 { "is" } else { "are" }
        ),
    };
    let action = format!(
        "{share} in the segment “{}”. {}",
        name(&segment.name),
        advice(&segment.advice)
    );
    Some(Finding { claim, action })
}

fn best_cluster(outcome: &Outcome) -> Option<Finding> {
    let ratio = |revenue_share: f64, share: f64| revenue_share / share;
    let clusters = outcome
        .clusters
        .clusters
        .iter()
        .filter(|cluster| cluster.size.customers > 0);
    let ratios = clusters.filter_map(|cluster| {
        Some((
            cluster,
            ratio(cluster.size.revenue_share?, cluster.size.share),
        ))
    });
    let (cluster, ratio) = ratios.max_by(|a, b| a.1.total_cmp(&b.1))?;
    let claim = format!(
        "The cluster “{}” holds {} of the customers and {} of the revenue, {} times as much per \
         customer as the average.",
        name(&cluster.name),
        percent(cluster.size.share),
        cluster.size.revenue_share.map(percent)?,
        numbers::decimal(ratio, 1),
    );
    (ratio >= NOTABLE_RATIO).then(|| Finding {
        claim,
        action: String::new(),
    })
}

fn one_order(outcome: &Outcome) -> Option<Finding> {
    let once = buyers(outcome).filter(|(_, values, _)| values.frequency == 1);
    let (mut n, mut revenue) = (0, Money::ZERO);
    for (_, values, _) in once {
        (n, revenue) = (n + 1, revenue + values.monetary);
    }
    let worth = revenue
        .share_of(outcome.totals.net_revenue)
        .map(|share| format!(" and brought {} of the revenue", percent(share)));
    let claim = format!(
        "{} of the buyers ({}) ordered exactly once in this period{}.",
        numbers::part(n, outcome.totals.buyers),
        count(n),
        worth.unwrap_or_default()
    );
    (n > 0).then(|| Finding {
        claim,
        action: "They are the ones to ask for a second order.".to_owned(),
    })
}

fn no_purchase(outcome: &Outcome) -> Option<Finding> {
    let n = outcome
        .totals
        .customers
        .saturating_sub(outcome.totals.buyers);
    let claim = format!(
        "{} ({}) {} events but no purchase in this period.",
        counted(n, "customer", "customers"),
        numbers::part(n, outcome.totals.customers),
        if n == 1 { "has" } else { "have" },
    );
    let prospects = outcome.rfm.segments.last()?;
    (n > 0).then(|| Finding {
        claim,
        action: advice(&prospects.advice),
    })
}

fn fresh_buyers(outcome: &Outcome) -> Option<Finding> {
    let fresh = |(_, values, scores): &(usize, &RfmValues, &Scores)| {
        usize::from(scores.r) == STEPS && values.frequency == 1
    };
    let customers: Vec<_> = buyers(outcome).filter(fresh).collect();
    let days = customers
        .iter()
        .map(|(_, values, _)| values.recency_days)
        .max()?;
    let n = customers.len() as u64;
    let claim = format!(
        "{} placed {} only order of this period within the last {}.",
        counted(n, "customer", "customers"),
        if n == 1 { "the" } else { "their" },
        counted(days.unsigned_abs() + 1, "day", "days"),
    );
    Some(Finding {
        claim,
        action: "Welcome them while they remember the shop.".to_owned(),
    })
}

fn returns(outcome: &Outcome, amounts: Amounts) -> Option<Finding> {
    let totals = &outcome.totals;
    let share = totals.returned_revenue.share_of(totals.gross_revenue)?;
    let claim = format!(
        "Returns took back {} of what was sold: {} of {}.",
        percent(share),
        amounts.sum(totals.returned_revenue),
        amounts.sum(totals.gross_revenue)
    );
    (share >= NOTABLE_RETURNS).then(|| Finding {
        claim,
        action: String::new(),
    })
}

fn typical_order(outcome: &Outcome) -> Option<Finding> {
    let totals = &outcome.totals;
    let claim = format!(
        "An order is worth {} on average before returns, and a buyer placed {} orders.",
        numbers::amount(totals.gross_revenue.mean(totals.orders)?),
        numbers::mean_of(totals.orders, totals.buyers),
    );
    Some(Finding {
        claim,
        action: String::new(),
    })
}

/// Row, values and scores of everybody with a purchase.
fn buyers(outcome: &Outcome) -> impl Iterator<Item = (usize, &RfmValues, &Scores)> {
    let rows = outcome
        .rfm
        .values
        .iter()
        .zip(&outcome.rfm.scores)
        .enumerate();
    rows.filter_map(|(row, (values, scores))| Some((row, values.as_ref()?, scores.as_ref()?)))
}
