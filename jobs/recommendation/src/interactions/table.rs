//! The table of pairs as it is kept, and what is learned from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Float32Array, Float64Array,
    Int32Array, Int64Array, RecordBatch, TimestampMicrosecondArray,
};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{
    DataType, Decimal128Type, Field, Float64Type, Int32Type, Int64Type, Schema, SchemaRef,
    TimeUnit, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use engine::QueryResult;
use rayon::prelude::*;

use super::Pair;
use crate::error::TableError;
use crate::ids::IdMap;
use crate::model::score_of;
use crate::settings::FeedbackKind;

/// Precision of evidence.
pub(super) const EVIDENCE_PRECISION: u8 = 38;
/// Decimals of evidence.
pub(super) const EVIDENCE_SCALE: i8 = 6;

/// How the columns of a pair become the score that is learned from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scoring {
    pub(crate) feedback: FeedbackKind,
    /// Whether the log has scores.
    pub(crate) scores_given: bool,
    pub(crate) max_score: f64,
}

/// The pairs of a log, sorted by user and product, as arrays.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    pub(crate) users: ArrayRef,
    pub(crate) products: ArrayRef,
    /// What would be learned from; null where nothing says anything.
    pub(crate) scores: Float32Array,
    pub(crate) evidence: Decimal128Array,
    pub(crate) n_events: Int64Array,
    pub(crate) last_event_at: TimestampMicrosecondArray,
    pub(crate) folds: Int32Array,
    /// Whether the pair is learned from.
    pub(crate) used: BooleanArray,
}

impl Scoring {
    /// Whether the score of a pair is the latest of the log rather than a sum of evidence.
    fn takes_latest(self) -> bool {
        self.feedback.takes_latest(self.scores_given)
    }
}

impl Rows {
    /// Reads the result of the query of interactions (or of pairs, which has no column `enough`:
    /// then all pairs count).
    pub(crate) fn read(result: &QueryResult, scoring: Scoring) -> Result<Self, TableError> {
        let rows = concat_batches(&result.schema, &result.batches)?;
        let column = |name: &'static str| {
            let found = rows.column_by_name(name);
            found.ok_or_else(|| TableError::NoColumn(name.to_owned()))
        };
        let typed = |name: &'static str, data_type: &DataType| -> Result<ArrayRef, TableError> {
            Ok(cast(column(name)?, data_type)?)
        };
        let micros = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let decimal = DataType::Decimal128(EVIDENCE_PRECISION, EVIDENCE_SCALE);
        let given = typed("score", &DataType::Float64)?;
        let given = given.as_primitive::<Float64Type>();
        let summed = typed("evidence", &decimal)?;
        let summed = summed.as_primitive::<Decimal128Type>();
        let evidence = if scoring.takes_latest() {
            as_decimal(given)?
        } else {
            summed.clone()
        };
        let scores: Float32Array = if scoring.takes_latest() {
            given.iter().map(|score| score.map(|s| s as f32)).collect()
        } else {
            let unit = 10_f64.powi(i32::from(EVIDENCE_SCALE));
            let score =
                |sum: &i128| score_of(*sum as f64 / unit, scoring.scores_given, scoring.max_score);
            let scores: Vec<f32> = summed.values().par_iter().map(score).collect();
            Float32Array::new(scores.into(), summed.nulls().cloned())
        };
        let scored = match scores.nulls() {
            Some(nulls) => nulls.inner().clone(),
            None => BooleanBuffer::new_set(rows.num_rows()),
        };
        let used = match rows.column_by_name("enough") {
            Some(enough) => enough.as_boolean().values() & &scored,
            None => scored,
        };
        let used = BooleanArray::from(used);
        Ok(Self {
            users: Arc::clone(column("user_id")?),
            products: Arc::clone(column("product_id")?),
            scores,
            evidence,
            n_events: typed("n_events", &DataType::Int64)?
                .as_primitive::<Int64Type>()
                .clone(),
            last_event_at: typed("last_event_at", &micros)?
                .as_primitive::<TimestampMicrosecondType>()
                .clone(),
            folds: typed("fold", &DataType::Int32)?
                .as_primitive::<Int32Type>()
                .clone(),
            used,
        })
    }

    /// How many pairs there are.
    pub(crate) fn len(&self) -> usize {
        self.used.len()
    }

    /// The table as it is kept: `interactions.parquet`.
    pub(crate) fn batch(&self) -> Result<RecordBatch, ArrowError> {
        let columns: Vec<(&str, ArrayRef, bool)> = vec![
            ("user_id", Arc::clone(&self.users), false),
            ("product_id", Arc::clone(&self.products), false),
            ("score", Arc::new(self.scores.clone()), true),
            ("evidence", Arc::new(self.evidence.clone()), true),
            ("n_events", Arc::new(self.n_events.clone()), false),
            ("last_event_at", Arc::new(self.last_event_at.clone()), false),
            ("fold", Arc::new(self.folds.clone()), true),
            ("used", Arc::new(self.used.clone()), false),
        ];
        let field = |(name, column, nullable): &(&str, ArrayRef, bool)| {
            Field::new(*name, column.data_type().clone(), *nullable)
        };
        let schema: SchemaRef =
            Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let columns = columns.into_iter().map(|(_, column, _)| column).collect();
        RecordBatch::try_new(schema, columns)
    }

    /// The used pairs whose user and product are known, and the scores of those that are not.
    pub(crate) fn pairs(&self, users: &IdMap, items: &IdMap) -> Result<Known, TableError> {
        let users = users.indices_of(&self.users)?;
        let items = items.indices_of(&self.products)?;
        let mut known = Known {
            pairs: Vec::with_capacity(self.used.true_count()),
            ..Known::default()
        };
        // The best score of each unknown user: rows may come in any order.
        let mut strangers: BTreeMap<String, f32> = BTreeMap::new();
        for row in (0..self.len()).filter(|&row| self.used.value(row)) {
            let score = self.scores.value(row);
            match (users[row], items[row]) {
                (Some(user), Some(item)) => known.pairs.push(Pair {
                    user,
                    item,
                    score,
                    fold: self.folds.is_valid(row).then(|| self.folds.value(row)),
                    last_event_at: self.last_event_at.value(row),
                }),
                (Some(_), None) => known.unknown_products.push(score),
                (None, _) => {
                    let best = strangers.entry(self.user(row)?).or_insert(score);
                    *best = best.max(score);
                }
            }
        }
        known.unknown_users = strangers.into_values().collect();
        known
            .pairs
            .sort_unstable_by_key(|pair| (pair.user, pair.item));
        Ok(known)
    }

    fn user(&self, row: usize) -> Result<String, ArrowError> {
        arrow::util::display::array_value_to_string(&self.users, row)
    }
}

/// Pairs of known users and products.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Sorted by user and item.
    pub(crate) pairs: Vec<Pair>,
    /// The best score of each user that is not known.
    pub(crate) unknown_users: Vec<f32>,
    /// The scores of known users for products that are not known.
    pub(crate) unknown_products: Vec<f32>,
}

fn as_decimal(scores: &Float64Array) -> Result<Decimal128Array, ArrowError> {
    let decimal = DataType::Decimal128(EVIDENCE_PRECISION, EVIDENCE_SCALE);
    Ok(cast(scores, &decimal)?
        .as_primitive::<Decimal128Type>()
        .clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_users_count_once_however_rows_lie() {
        let text = |values: &[&str]| -> ArrayRef {
            Arc::new(arrow::array::StringArray::from(values.to_vec()))
        };
        let rows = Rows {
            users: text(&["new", "a", "other", "new", "a", "new"]),
            products: text(&["p", "p", "p", "q", "gone", "gone"]),
            scores: vec![1.0, 2.0, -1.0, 3.0, 4.0, 9.0].into(),
            evidence: Decimal128Array::from(vec![0; 6]),
            n_events: vec![1; 6].into(),
            last_event_at: vec![0; 6].into(),
            folds: vec![None; 6].into(),
            used: vec![true, true, true, true, true, false].into(),
        };
        let users = IdMap::from_sorted(&text(&["a"])).unwrap();
        let items = IdMap::from_sorted(&text(&["p", "q"])).unwrap();
        let known = rows.pairs(&users, &items).unwrap();
        let pairs = known.pairs.iter().map(|p| (p.user, p.item, p.score));
        assert_eq!(pairs.collect::<Vec<_>>(), [(0, 0, 2.0)]);
        assert_eq!(known.unknown_users, [3.0, -1.0]);
        assert_eq!(known.unknown_products, [4.0]);
    }
}
