//! `customers.parquet`: one row per customer, sorted by `user_id`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;

use crate::money::{MONEY_PRECISION, MONEY_SCALE};
use crate::outcome::Outcome;
use crate::rfm::Scores;

/// The feature table followed by `recency_days`, `frequency`, `monetary`, the scores `r_score`,
/// `f_score`, `m_score`, and `rfm_segment`, `cluster`, `fused_segment`.
///
/// Without a purchase `recency_days` and the scores are null, `frequency` is 0, and `monetary` is
/// 0 or, after returns of something bought before the log begins, negative.
pub(crate) fn table(outcome: &Outcome) -> Result<RecordBatch, ArrowError> {
    let features = outcome.customers.batch();
    let rfm = &outcome.rfm;
    let score = |of: fn(&Scores) -> u8| -> ArrayRef {
        let scores = rfm
            .scores
            .iter()
            .map(|scores| scores.as_ref().map(|s| i32::from(of(s))));
        Arc::new(scores.collect::<Int32Array>())
    };
    let recency = rfm
        .values
        .iter()
        .map(|value| value.map(|value| value.recency_days));
    let segments = rfm
        .segment_of
        .iter()
        .map(|index| rfm.segments[*index].name.as_str());
    let fusion = &outcome.fusion;
    let fused = fusion
        .fused_of
        .iter()
        .map(|index| fusion.fused[*index].name.as_str());
    let labels = outcome.clusters.labels.iter().map(|label| *label as i32);
    let added: Vec<(&str, ArrayRef, bool)> = vec![
        (
            "recency_days",
            Arc::new(recency.collect::<Int64Array>()),
            true,
        ),
        ("frequency", Arc::new(frequency(outcome)?), false),
        ("monetary", Arc::new(monetary(outcome)?), false),
        ("r_score", score(|scores| scores.r), true),
        ("f_score", score(|scores| scores.f), true),
        ("m_score", score(|scores| scores.m), true),
        (
            "rfm_segment",
            Arc::new(StringArray::from_iter_values(segments)),
            false,
        ),
        (
            "cluster",
            Arc::new(Int32Array::from_iter_values(labels)),
            false,
        ),
        (
            "fused_segment",
            Arc::new(StringArray::from_iter_values(fused)),
            false,
        ),
    ];
    let mut fields: Vec<Arc<Field>> = features.schema_ref().fields().to_vec();
    let mut columns = features.columns().to_vec();
    for (name, column, nullable) in added {
        fields.push(Arc::new(Field::new(
            name,
            column.data_type().clone(),
            nullable,
        )));
        columns.push(column);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

fn frequency(outcome: &Outcome) -> Result<Int64Array, ArrowError> {
    let orders = outcome.customers.integers("n_orders");
    Ok(Int64Array::from(orders.map_err(|error| {
        ArrowError::from_external_error(error.into())
    })?))
}

fn monetary(outcome: &Outcome) -> Result<Decimal128Array, ArrowError> {
    let money = outcome.customers.money("net_revenue");
    let money = money.map_err(|error| ArrowError::from_external_error(error.into()))?;
    Decimal128Array::from_iter_values(money.iter().map(|amount| amount.unscaled()))
        .with_precision_and_scale(MONEY_PRECISION, MONEY_SCALE)
}
