//! Feature tables for tests.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use engine::QueryResult;

use super::Customers;
use super::customers::feature_types;

/// What a customer of a test did; the other columns are 0, or null where they may be undefined.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Habits {
    pub(crate) id: i64,
    pub(crate) n_views: i64,
    pub(crate) n_orders: i64,
    /// Whole units of money.
    pub(crate) net_revenue: i64,
    /// Days since 1970; none without a purchase.
    pub(crate) last_purchase_day: Option<i64>,
}

/// A feature table as a query gives it: one batch, in the order given.
pub(crate) fn feature_rows(rows: &[Habits]) -> QueryResult {
    let integers = |value: fn(&Habits) -> i64| -> ArrayRef {
        Arc::new(
            rows.iter()
                .map(|row| Some(value(row)))
                .collect::<Int64Array>(),
        )
    };
    let mut fields = vec![Field::new("user_id", DataType::Int64, true)];
    let mut columns = vec![integers(|row| row.id)];
    for (name, data_type) in feature_types() {
        let column: ArrayRef = match (name, &data_type) {
            ("n_views", _) => integers(|row| row.n_views),
            ("n_orders" | "n_sessions" | "active_days", _) => integers(|row| row.n_orders),
            ("net_revenue" | "gross_revenue", _) => integers(|row| row.net_revenue),
            ("last_purchase_at", _) => {
                let micros = |row: &Habits| row.last_purchase_day.map(|day| day * 86_400_000_000);
                Arc::new(rows.iter().map(micros).collect::<Int64Array>())
            }
            ("top_category", _) => Arc::new(StringArray::from(vec!["tea"; rows.len()])),
            (_, DataType::Int64 | DataType::Decimal128(..)) => integers(|_| 0),
            _ => new_null_array(&data_type, rows.len()),
        };
        columns.push(cast(&column, &data_type).unwrap());
        fields.push(Field::new(name, data_type, true));
    }
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
    QueryResult {
        schema,
        batches: vec![batch],
    }
}

/// A feature table.
pub(crate) fn customers(rows: &[Habits]) -> Customers {
    Customers::from_result(feature_rows(rows)).unwrap()
}

/// Three kinds of customers, twenty of each: lookers, occasional buyers, regulars. Within a kind
/// they differ a little.
pub(crate) fn three_kinds() -> Vec<Habits> {
    let kind = |i: i64| match i % 3 {
        0 => Habits {
            n_views: 40 + i % 7,
            ..Habits::default()
        },
        1 => Habits {
            n_views: 5 + i % 4,
            n_orders: 1,
            net_revenue: 20 + i % 5,
            last_purchase_day: Some(60 + i % 11),
            ..Habits::default()
        },
        _ => Habits {
            n_views: 60 + i % 5,
            n_orders: 12 + i % 4,
            net_revenue: 900 + i,
            last_purchase_day: Some(95 + i % 5),
            ..Habits::default()
        },
    };
    (0..60).map(|i| Habits { id: i, ..kind(i) }).collect()
}
