//! RFM of all customers: values, scores, segments.

use chrono::{DateTime, Utc};

use super::{RfmModel, RfmValues, STEPS, SegmentTable};
use crate::error::SegmentationError;
use crate::features::{Customers, FeatureError};
use crate::groups::group_sizes;
use crate::money::Money;
use crate::outcome::{RfmCell, RfmMeans, RfmOutcome, SegmentSummary, Totals};

const DAY_US: i64 = 86_400_000_000;

/// The RFM result together with what later steps need of it.
#[derive(Debug, Clone)]
pub(crate) struct Totalled {
    pub(crate) rfm: RfmOutcome,
    pub(crate) totals: Totals,
}

/// Scores every customer with a purchase, by `frozen` cut points or by those of the customers
/// themselves, and puts everybody into a segment.
///
/// # Errors
///
/// Nobody bought; or, unless the cut points are frozen, recency, frequency or monetary value is
/// the same for all buyers.
pub(crate) fn analyse(
    customers: &Customers,
    as_of: DateTime<Utc>,
    table: &SegmentTable,
    frozen: Option<RfmModel>,
) -> Result<Totalled, SegmentationError> {
    let values = rfm_values(customers, as_of)?;
    let buyers: Vec<RfmValues> = values.iter().flatten().copied().collect();
    if buyers.is_empty() {
        return Err(SegmentationError::NoPurchases {
            customers: customers.len(),
        });
    }
    let is_frozen = frozen.is_some();
    let model = match frozen {
        Some(model) => model,
        None => {
            require_differences(&buyers)?;
            RfmModel::fit(&buyers, as_of)
        }
    };
    let score = |value: &Option<RfmValues>| value.as_ref().map(|value| model.score(value));
    let scores: Vec<_> = values.iter().map(score).collect();
    let segment_of: Vec<usize> = scores.iter().map(|scores| table.segment(*scores)).collect();
    let net_revenue = customers.money("net_revenue")?;
    let mut cells = [[RfmCell::default(); STEPS]; STEPS];
    for (scores, revenue) in scores.iter().zip(&net_revenue) {
        if let Some(scores) = scores {
            let cell = &mut cells[usize::from(scores.f) - 1][usize::from(scores.r) - 1];
            cell.customers += 1;
            cell.revenue = cell.revenue + *revenue;
        }
    }
    let segments = summaries(table, &segment_of, &values, &net_revenue);
    let totals = totals(customers, buyers.len(), &net_revenue)?;
    let rfm = RfmOutcome {
        model,
        frozen: is_frozen,
        values,
        scores,
        segment_of,
        segments,
        cells,
    };
    Ok(Totalled { rfm, totals })
}

/// What the scores are made from, per customer; none without a purchase.
fn rfm_values(
    customers: &Customers,
    as_of: DateTime<Utc>,
) -> Result<Vec<Option<RfmValues>>, FeatureError> {
    let as_of = as_of.timestamp_micros();
    let last_purchases = customers.times("last_purchase_at")?;
    let orders = customers.integers("n_orders")?;
    let net_revenue = customers.money("net_revenue")?;
    let rows = last_purchases.into_iter().zip(orders).zip(net_revenue);
    let values = rows.map(|((last_purchase, frequency), monetary)| {
        let recency_days = (as_of - last_purchase?).div_euclid(DAY_US);
        Some(RfmValues {
            recency_days,
            frequency,
            monetary,
        })
    });
    Ok(values.collect())
}

fn require_differences(buyers: &[RfmValues]) -> Result<(), SegmentationError> {
    let first = buyers[0];
    let differ =
        |other: fn(&RfmValues, &RfmValues) -> bool| buyers.iter().any(|buyer| other(buyer, &first));
    let (measure, value, advice) = if !differ(|a, b| a.recency_days != b.recency_days) {
        let value = format!("{} days since the last purchase", first.recency_days);
        ("recency", value, "give a log that spans more days")
    } else if !differ(|a, b| a.frequency != b.frequency) {
        let value = format!("{} order(s)", first.frequency);
        (
            "frequency",
            value,
            "give a longer log, or check the order_id of the mapping",
        )
    } else if !differ(|a, b| a.monetary != b.monetary) {
        let value = first.monetary.to_string();
        let advice = "check that the mapping fills unit_price and quantity of purchases";
        ("monetary value", value, advice)
    } else {
        return Ok(());
    };
    Err(SegmentationError::OneValue {
        measure,
        value,
        buyers: buyers.len(),
        advice,
    })
}

fn summaries(
    table: &SegmentTable,
    segment_of: &[usize],
    values: &[Option<RfmValues>],
    net_revenue: &[Money],
) -> Vec<SegmentSummary> {
    let sizes = group_sizes(
        table.segments().len(),
        segment_of.iter().copied(),
        net_revenue,
    );
    let mut sums = vec![(0_u64, 0_i64, 0_i64, Money::ZERO); sizes.len()];
    for (segment, value) in segment_of.iter().zip(values) {
        if let Some(value) = value {
            let sum = &mut sums[*segment];
            sum.0 += 1;
            sum.1 += value.recency_days;
            sum.2 += value.frequency;
            sum.3 = sum.3 + value.monetary;
        }
    }
    let means = |(buyers, recency_days, frequency, monetary): (u64, i64, i64, Money)| {
        Some(RfmMeans {
            monetary: monetary.mean(buyers)?,
            recency_days: recency_days as f64 / buyers as f64,
            frequency: frequency as f64 / buyers as f64,
        })
    };
    let parts = table.segments().iter().zip(sizes).zip(sums);
    let summary = |((segment, size), sums): ((&super::Segment, _), _)| SegmentSummary {
        name: segment.name.clone(),
        advice: segment.advice.clone(),
        size,
        means: means(sums),
    };
    parts.map(summary).collect()
}

fn totals(
    customers: &Customers,
    buyers: usize,
    net_revenue: &[Money],
) -> Result<Totals, FeatureError> {
    Ok(Totals {
        customers: customers.len() as u64,
        buyers: buyers as u64,
        orders: customers
            .integers("n_orders")?
            .iter()
            .map(|orders| orders.unsigned_abs())
            .sum(),
        gross_revenue: customers.money("gross_revenue")?.into_iter().sum(),
        returned_revenue: customers.money("returned_revenue")?.into_iter().sum(),
        net_revenue: net_revenue.iter().copied().sum(),
    })
}
