use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, Days, NaiveTime, Utc};
use engine::{Engine, ScalarValue};
use pipeline::Failure;
use sql::features::{EVENTS_AFTER, LAST_EVENT};

/// The time a job looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The moment it looks back from; events at or after it are left aside.
    pub as_of: DateTime<Utc>,
    /// The first event of the log.
    pub first_event_at: DateTime<Utc>,
    /// The last event of the log, which may lie after `as_of`.
    pub last_event_at: DateTime<Utc>,
    /// How many events were left aside because they come at or after `as_of`.
    pub events_after_as_of: u64,
}

/// The span of the table `events`, looked back at from `as_of` or, without one, from the midnight
/// (UTC) after the last event; none when there are no events.
///
/// # Errors
///
/// Those of the engine.
pub async fn span(engine: &Engine, as_of: Option<DateTime<Utc>>) -> Result<Option<Span>, Failure> {
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
            let counts = batch.column(0).as_primitive_opt::<Int64Type>();
            counts.map(|counts| counts.value(0))
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

/// A moment as a query parameter.
pub fn timestamp(at: DateTime<Utc>) -> ScalarValue {
    ScalarValue::TimestampMicrosecond(Some(at.timestamp_micros()), Some("UTC".into()))
}

/// The first midnight (UTC) that lies after the event.
fn midnight_after(event: DateTime<Utc>) -> DateTime<Utc> {
    let next_day = event.date_naive().checked_add_days(Days::new(1));
    next_day.map_or(event, |day| day.and_time(NaiveTime::MIN).and_utc())
}

fn first_row(batches: &[RecordBatch]) -> Option<&RecordBatch> {
    batches.iter().find(|batch| batch.num_rows() > 0)
}

fn moment(batches: &[RecordBatch], name: &str) -> Result<Option<DateTime<Utc>>, Failure> {
    let Some(batch) = first_row(batches) else {
        return Ok(None);
    };
    let times = batch.column_by_name(name);
    let times = times.and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
    let times = times
        .ok_or_else(|| Failure::internal(format!("the span of the log has no column {name}")))?;
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
