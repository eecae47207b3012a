//! Who bought in which month, by RFM segment.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Decimal128Type, Int64Type};
use arrow::error::ArrowError;
use chrono::NaiveDate;

use crate::features::{Customers, FeatureError, normal_id};
use crate::money::Money;
use crate::outcome::{RfmOutcome, SegmentMonths};

/// Months that are kept: what a figure can show.
const MONTHS: usize = 24;

/// Sums the rows of the month query (customer, month, revenue), in any order, by RFM segment; none
/// when everything was bought in one month.
pub(crate) fn by_segment(
    batches: &[RecordBatch],
    customers: &Customers,
    rfm: &RfmOutcome,
) -> Result<Option<SegmentMonths>, FeatureError> {
    let segments = rfm.segments.len() - 1;
    let rows = RowIndex::new(customers.ids());
    let mut sums: BTreeMap<i32, Vec<(u64, Money)>> = BTreeMap::new();
    for batch in batches {
        let column = |name: &str| -> Result<&ArrayRef, ArrowError> {
            Ok(batch.column(batch.schema_ref().index_of(name)?))
        };
        let ids = normal_id(column("user_id")?)?;
        let unexpected = |name: &str| FeatureError::Type(name.to_owned());
        let months = column("month")?.as_primitive_opt::<Date32Type>();
        let months = months.ok_or_else(|| unexpected("month"))?;
        let revenue = column("gross_revenue")?.as_primitive_opt::<Decimal128Type>();
        let revenue = revenue.ok_or_else(|| unexpected("gross_revenue"))?;
        for row in 0..batch.num_rows() {
            let segment = rows
                .find(&ids, row)
                .map(|customer| rfm.segment_of[customer]);
            let Some(segment) = segment.filter(|segment| *segment < segments) else {
                continue;
            };
            let month = sums
                .entry(months.value(row))
                .or_insert_with(|| vec![(0, Money::ZERO); segments]);
            month[segment].0 += 1;
            month[segment].1 = month[segment].1 + Money::from_unscaled(revenue.value(row));
        }
    }
    if sums.len() < 2 {
        return Ok(None);
    }
    let kept: Vec<_> = sums.into_iter().rev().take(MONTHS).collect();
    let mut months = Vec::with_capacity(kept.len());
    let mut buyers = vec![Vec::with_capacity(kept.len()); segments];
    let mut revenue = vec![Vec::with_capacity(kept.len()); segments];
    for (month, sums) in kept.into_iter().rev() {
        months.push(Date32Type::to_naive_date_opt(month).unwrap_or(NaiveDate::MIN));
        for (segment, (customers, amount)) in sums.into_iter().enumerate() {
            buyers[segment].push(customers);
            revenue[segment].push(amount);
        }
    }
    Ok(Some(SegmentMonths {
        months,
        buyers,
        revenue,
    }))
}

/// Where a customer stands in the feature table.
enum RowIndex<'a> {
    Integer(HashMap<i64, usize>),
    Text(HashMap<&'a str, usize>),
}

impl<'a> RowIndex<'a> {
    fn new(ids: &'a ArrayRef) -> Self {
        match ids.as_primitive_opt::<Int64Type>() {
            Some(ids) => Self::Integer(ids.values().iter().copied().zip(0..).collect()),
            None => {
                let ids = ids
                    .as_string_opt::<i32>()
                    .into_iter()
                    .flat_map(|ids| ids.iter());
                Self::Text(ids.flatten().zip(0..).collect())
            }
        }
    }

    fn find(&self, ids: &ArrayRef, row: usize) -> Option<usize> {
        match self {
            Self::Integer(rows) => {
                let ids = ids.as_primitive_opt::<Int64Type>()?;
                rows.get(&ids.value(row)).copied()
            }
            Self::Text(rows) => rows.get(ids.as_string_opt::<i32>()?.value(row)).copied(),
        }
    }
}
