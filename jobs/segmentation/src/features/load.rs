//! The feature queries, run on the engine.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use chrono::{DateTime, Days, NaiveTime, Utc};
use engine::{Engine, EngineError, ScalarValue};
use sql::features::{
    EVENTS_AFTER, LAST_EVENT, PRODUCT_ACTIVITY, SEGMENT_MONTHS, SESSION_ACTIVITY, USER_FEATURES,
};

use super::{Customers, FeatureError};
use crate::outcome::Span;

/// Why the features could not be computed.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A result does not look as its query promises.
    #[error(transparent)]
    Features(#[from] FeatureError),
}

/// The span of the table `events`, looked back at from `as_of` or, without one, from the midnight
/// (UTC) after the last event; none when there are no events.
pub(crate) async fn span(
    engine: &Engine,
    as_of: Option<DateTime<Utc>>,
) -> Result<Option<Span>, LoadError> {
    let ends = engine.query(LAST_EVENT.text, &[]).await?;
    let ends = (
        moment(&ends.batches, "first_event_at")?,
        moment(&ends.batches, "last_event_at")?,
    );
    let (Some(first_event_at), Some(last_event_at)) = ends else {
        return Ok(None);
    };
    let as_of = as_of.unwrap_or_else(|| midnight_after(last_event_at));
    let events_after_as_of = if last_event_at < as_of {
        0
    } else {
        let params = [("as_of", timestamp(as_of))];
        let after = engine.query(EVENTS_AFTER.text, &params).await?;
        let count = first_row(&after.batches).and_then(|batch| {
            batch
                .column(0)
                .as_primitive_opt::<Int64Type>()
                .map(|count| count.value(0))
        });
        count.unwrap_or(0).unsigned_abs()
    };
    Ok(Some(Span {
        as_of,
        first_event_at,
        last_event_at,
        events_after_as_of,
    }))
}

/// Computes the feature table from the table `events`. The intermediate tables are written under
/// `work_url` and stay registered: `session_activity` serves [`buying_months`] as well.
pub(crate) async fn feature_table(
    engine: &Engine,
    as_of: DateTime<Utc>,
    work_url: impl Fn(&str) -> String,
) -> Result<Customers, LoadError> {
    let params = [("as_of", timestamp(as_of))];
    for query in [SESSION_ACTIVITY, PRODUCT_ACTIVITY] {
        engine
            .materialise(query.name, query.text, &params, &work_url(query.name))
            .await?;
    }
    let features = engine.query(USER_FEATURES.text, &params).await?;
    Ok(Customers::from_batches(
        &features.schema,
        &features.batches,
    )?)
}

/// Who bought in which month; reads `session_activity`.
pub(crate) async fn buying_months(engine: &Engine) -> Result<Vec<RecordBatch>, LoadError> {
    Ok(engine.query(SEGMENT_MONTHS.text, &[]).await?.batches)
}

/// The first midnight (UTC) that lies after the event.
fn midnight_after(event: DateTime<Utc>) -> DateTime<Utc> {
    let next_day = event.date_naive().checked_add_days(Days::new(1));
    next_day.map_or(event, |day| day.and_time(NaiveTime::MIN).and_utc())
}

fn timestamp(at: DateTime<Utc>) -> ScalarValue {
    ScalarValue::TimestampMicrosecond(Some(at.timestamp_micros()), Some("UTC".into()))
}

fn first_row(batches: &[RecordBatch]) -> Option<&RecordBatch> {
    batches.iter().find(|batch| batch.num_rows() > 0)
}

fn moment(batches: &[RecordBatch], name: &str) -> Result<Option<DateTime<Utc>>, FeatureError> {
    let Some(batch) = first_row(batches) else {
        return Ok(None);
    };
    let missing = || ArrowError::SchemaError(format!("there is no column {name}"));
    let column = batch.column_by_name(name).ok_or_else(missing)?;
    let times = column.as_primitive_opt::<TimestampMicrosecondType>();
    let times = times.ok_or_else(|| FeatureError::Type(name.to_owned()))?;
    let micros = times.iter().next().flatten();
    Ok(micros.and_then(DateTime::from_timestamp_micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_of_is_the_midnight_after_the_last_event() {
        let midnight = |text: &str| midnight_after(text.parse().unwrap()).to_rfc3339();
        assert_eq!(
            midnight("2011-12-09T12:50:00Z"),
            "2011-12-10T00:00:00+00:00"
        );
        assert_eq!(
            midnight("2011-12-09T00:00:00Z"),
            "2011-12-10T00:00:00+00:00"
        );
        assert_eq!(
            midnight("2011-12-31T23:59:59.999999Z"),
            "2012-01-01T00:00:00+00:00"
        );
    }
}
