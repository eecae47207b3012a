//! The feature table as one batch, sorted by customer, with the types it is written with.

use std::mem::take;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    TimestampMicrosecondArray,
};
use arrow::compute::{cast, concat, interleave, sort_to_indices};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;
use engine::QueryResult;
use rayon::prelude::*;

use crate::money::{MONEY_PRECISION, MONEY_SCALE, Money};

/// The column that identifies a customer.
pub(crate) const USER_ID: &str = "user_id";

const COUNTS: &[&str] = &[
    "n_views",
    "n_carts",
    "n_removes",
    "n_purchases",
    "n_returns",
    "n_orders",
    "n_sessions",
    "active_days",
    "distinct_products",
    "distinct_categories",
    "distinct_brands",
    "units",
    "returned_units",
];
const MONEY: &[&str] = &["gross_revenue", "returned_revenue", "net_revenue"];
const RATES: &[&str] = &[
    "mean_basket",
    "view_to_cart_rate",
    "cart_to_purchase_rate",
    "abandonment_rate",
    "return_rate",
];
const HABITS: &[&str] = &["days_between_orders", "weekend_share", "night_share"];
const TIMES: &[&str] = &[
    "first_event_at",
    "last_event_at",
    "first_purchase_at",
    "last_purchase_at",
];

/// The feature table does not look as its query promises.
#[derive(Debug, thiserror::Error)]
pub enum FeatureError {
    /// A column is missing, or a cast or sort failed.
    #[error("the feature table cannot be read: {0}")]
    Arrow(#[from] ArrowError),
    /// A column has another type than it should.
    #[error("column {0} of the feature table has an unexpected type")]
    Type(String),
}

/// One row per customer, sorted by `user_id`, with the columns of `user_features` in their order.
///
/// Ids are integers (compared as numbers) or text (compared byte by byte).
#[derive(Debug, Clone, PartialEq)]
pub struct Customers {
    batch: RecordBatch,
}

impl Customers {
    /// Brings the result of the feature query into its fixed form: one batch, fixed types, sorted.
    /// The order of rows and the division into batches of the input do not matter.
    ///
    /// # Errors
    ///
    /// [`FeatureError`] when a column is missing or cannot be cast. Cost: one sort of the ids, one
    /// copy of each column, after which what it was copied from is let go of; columns are shared
    /// between threads.
    pub fn from_result(mut features: QueryResult) -> Result<Self, FeatureError> {
        let schema = Arc::clone(&features.schema);
        if features.batches.is_empty() {
            // Every column has an array then, from which its type is known.
            let empty = RecordBatch::new_empty(Arc::clone(&schema));
            features.batches.push(empty);
        }
        let mut parts = features.into_columns();
        let mut column = |name: &str| -> Result<Vec<ArrayRef>, ArrowError> {
            Ok(take(&mut parts[schema.index_of(name)?]))
        };
        let ids: Result<Vec<ArrayRef>, _> = column(USER_ID)?.iter().map(normal_id).collect();
        let ids = ids?;
        let order = order_of(&ids)?;
        let mut columns = vec![(USER_ID, ids[0].data_type().clone(), ids)];
        for (name, data_type) in feature_types() {
            columns.push((name, data_type, column(name)?));
        }
        let place = |(name, data_type, parts): (&'static str, DataType, Vec<ArrayRef>)| {
            let parts: Result<Vec<ArrayRef>, ArrowError> =
                parts.iter().map(|part| cast(part, &data_type)).collect();
            let parts = parts?;
            let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
            let column = interleave(&parts, &order)?;
            Ok((Field::new(name, data_type, name != USER_ID), column))
        };
        let columns: Result<Vec<(Field, ArrayRef)>, ArrowError> =
            columns.into_par_iter().map(place).collect();
        let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = columns?.into_iter().unzip();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
        Ok(Self { batch })
    }

    /// The table.
    pub fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// How many customers there are.
    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `user_id` column: `Int64` or `Utf8`, ascending.
    pub fn ids(&self) -> &ArrayRef {
        self.batch.column(0)
    }

    /// The id in this row as text.
    ///
    /// # Errors
    ///
    /// [`FeatureError`] when there is no such row.
    pub fn id(&self, row: usize) -> Result<String, FeatureError> {
        if row >= self.len() {
            return Err(ArrowError::InvalidArgumentError(format!("no row {row}")).into());
        }
        Ok(array_value_to_string(self.ids(), row)?)
    }

    /// A column of integers; nulls are 0.
    pub(crate) fn integers(&self, name: &str) -> Result<Vec<i64>, FeatureError> {
        let column: &Int64Array = self
            .column(name)?
            .as_primitive_opt()
            .ok_or_else(|| type_error(name))?;
        Ok(column.iter().map(Option::unwrap_or_default).collect())
    }

    /// A column of money; nulls are 0.
    pub(crate) fn money(&self, name: &str) -> Result<Vec<Money>, FeatureError> {
        let column: &Decimal128Array = self
            .column(name)?
            .as_primitive_opt()
            .ok_or_else(|| type_error(name))?;
        Ok(column
            .iter()
            .map(|value| Money::from_unscaled(value.unwrap_or_default()))
            .collect())
    }

    /// A column of moments, in microseconds since 1970.
    pub(crate) fn times(&self, name: &str) -> Result<Vec<Option<i64>>, FeatureError> {
        let column: &TimestampMicrosecondArray = self
            .column(name)?
            .as_primitive_opt()
            .ok_or_else(|| type_error(name))?;
        Ok(column.iter().collect())
    }

    /// A column of numbers of any kind, each as the nearest float.
    pub(crate) fn floats(&self, name: &str) -> Result<Vec<Option<f64>>, FeatureError> {
        let column = self.column(name)?;
        match column.data_type() {
            DataType::Int64 => {
                let column: &Int64Array = column.as_primitive();
                Ok(column
                    .iter()
                    .map(|value| value.map(|value| value as f64))
                    .collect())
            }
            DataType::Decimal128(_, _) => {
                let column: &Decimal128Array = column.as_primitive();
                let float = |value| Money::from_unscaled(value).to_f64();
                Ok(column.iter().map(|value| value.map(float)).collect())
            }
            DataType::Float64 => {
                let column: &Float64Array = column.as_primitive();
                Ok(column.iter().collect())
            }
            _ => Err(type_error(name)),
        }
    }

    fn column(&self, name: &str) -> Result<&ArrayRef, FeatureError> {
        Ok(self.batch.column(self.batch.schema_ref().index_of(name)?))
    }
}

/// The rows of several arrays in the order of their values: of each the array and its place there.
fn order_of(ids: &[ArrayRef]) -> Result<Vec<(usize, usize)>, ArrowError> {
    let parts: Vec<&dyn Array> = ids.iter().map(AsRef::as_ref).collect();
    let order = sort_to_indices(&concat(&parts)?, None, None)?;
    let mut places = Vec::with_capacity(order.len());
    for (part, ids) in ids.iter().enumerate() {
        places.extend((0..ids.len()).map(|row| (part, row)));
    }
    Ok(order
        .values()
        .iter()
        .map(|row| places[*row as usize])
        .collect())
}

/// Ids as `Int64` or `Utf8`, whatever integer or text type the engine returned.
pub(crate) fn normal_id(ids: &ArrayRef) -> Result<ArrayRef, FeatureError> {
    let target = if ids.data_type().is_integer() {
        DataType::Int64
    } else {
        DataType::Utf8
    };
    Ok(cast(ids, &target)?)
}

/// The columns after `user_id`, in their order, with their types.
pub(super) fn feature_types() -> Vec<(&'static str, DataType)> {
    let groups: [(&[&'static str], DataType); 7] = [
        (COUNTS, DataType::Int64),
        (MONEY, DataType::Decimal128(MONEY_PRECISION, MONEY_SCALE)),
        (RATES, DataType::Float64),
        (&["tenure_days"], DataType::Int64),
        (HABITS, DataType::Float64),
        (&["top_category"], DataType::Utf8),
        (
            TIMES,
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ),
    ];
    let typed = |(names, data_type): &(&[&'static str], DataType)| -> Vec<_> {
        names
            .iter()
            .map(|name| (*name, data_type.clone()))
            .collect()
    };
    groups.iter().flat_map(typed).collect()
}

fn type_error(name: &str) -> FeatureError {
    FeatureError::Type(name.to_owned())
}
