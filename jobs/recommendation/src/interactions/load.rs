//! The queries of pairs, run on the engine.

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use chrono::{DateTime, Utc};
use engine::{Engine, ScalarValue};
use intake::{Span, timestamp};
use pipeline::Failure;
use sql::recommendation::{EVENT_TIMES, INTERACTIONS, LOG_FACTS, PAIRS, PRODUCTS};

use super::moment::{self, Bucket};
use super::order::in_order;
use super::table::{Rows, Scoring};
use crate::error::{RecommendationError, TableError};
use crate::settings::{EventWeights, RecommendationSettings};

/// What kind of log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogFacts {
    /// Events of known customers before `as_of`.
    pub(crate) n_events: i64,
    /// Of these, events with a score.
    pub(crate) n_scores: i64,
}

/// A part of the time, and the moment that ages are counted to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// Its begin, which is part of it; none: the begin of the log.
    pub(crate) from: Option<DateTime<Utc>>,
    /// Its end, which is not part of it; none: the end of the log.
    pub(crate) until: Option<DateTime<Utc>>,
    /// The moment that ages are counted to; later events have no age.
    pub(crate) decay_to: DateTime<Utc>,
}

/// Counts what kinds of events there are.
pub(crate) async fn log_facts(engine: &Engine, as_of: DateTime<Utc>) -> Result<LogFacts, Failure> {
    let params = [("as_of", timestamp(as_of))];
    let facts = engine.query(LOG_FACTS.text, &params).await?;
    let facts = concat_batches(&facts.schema, &facts.batches).map_err(TableError::from)?;
    Ok(LogFacts {
        n_events: integer(&facts, "n_events")?,
        n_scores: integer(&facts, "n_scores")?,
    })
}

/// The pairs of a window, sorted by user and product, with what is enough to learn from marked.
/// An intermediate table, where one is needed, is written to `work_url`.
pub(crate) async fn interactions(
    engine: &Engine,
    window: Window,
    settings: &RecommendationSettings,
    scoring: Scoring,
    work_url: &str,
) -> Result<Rows, Failure> {
    let params = pair_params(window, &settings.weights, settings.half_life_days);
    if settings.min_user_events <= 1 && settings.min_product_events <= 1 {
        // Everybody has enough: no need to look at the pairs of a customer or product together.
        let pairs = engine.query(PAIRS.text, &params).await?;
        let pairs = in_order(pairs).map_err(TableError::from)?;
        return Ok(Rows::read(&pairs, scoring)?);
    }
    engine
        .materialise(PAIRS.name, PAIRS.text, &params, work_url)
        .await?;
    let least = |events: u64| ScalarValue::Int64(Some(i64::try_from(events).unwrap_or(i64::MAX)));
    let params = [
        ("min_user_events", least(settings.min_user_events)),
        ("min_product_events", least(settings.min_product_events)),
    ];
    let rows = engine.query(INTERACTIONS.text, &params).await?;
    Ok(Rows::read(&rows, scoring)?)
}

/// The pairs of a window as they are, in no order.
pub(crate) async fn pairs(
    engine: &Engine,
    window: Window,
    weights: &EventWeights,
    half_life_days: Option<f64>,
    scoring: Scoring,
) -> Result<Rows, Failure> {
    let params = pair_params(window, weights, half_life_days);
    let rows = engine.query(PAIRS.text, &params).await?;
    Ok(Rows::read(&rows, scoring)?)
}

/// What the log says of each product before `as_of`, sorted by product.
pub(crate) async fn products(
    engine: &Engine,
    as_of: DateTime<Utc>,
) -> Result<RecordBatch, Failure> {
    let params = [("until", timestamp(as_of))];
    let products = engine.query(PRODUCTS.text, &params).await?;
    let products = concat_batches(&products.schema, &products.batches);
    Ok(products.map_err(TableError::from)?)
}

/// The moment from which on events are tested on; none when the settings want no such test or all
/// events come at once. A given moment outside the log is an error.
pub(crate) async fn split_moment(
    engine: &Engine,
    span: &Span,
    settings: &RecommendationSettings,
) -> Result<Option<DateTime<Utc>>, Failure> {
    if let Some(given) = settings.test_from {
        let (first, last) = (span.first_event_at, span.last_event_at.min(span.as_of));
        return match first < given && given <= last && given < span.as_of {
            true => Ok(Some(given)),
            false => Err(RecommendationError::TestFrom {
                at: given,
                first,
                last,
            }
            .into()),
        };
    }
    if settings.test_share == 0.0 {
        return Ok(None);
    }
    let bucket_us = moment::bucket_us(span);
    let params = [
        ("until", timestamp(span.as_of)),
        ("origin", timestamp(span.first_event_at)),
        ("bucket_us", ScalarValue::Int64(Some(bucket_us))),
    ];
    let times = engine.query(EVENT_TIMES.text, &params).await?;
    let times = concat_batches(&times.schema, &times.batches).map_err(TableError::from)?;
    let (buckets, counts) = (integers(&times, "bucket")?, integers(&times, "n_events")?);
    let buckets: Vec<Bucket> = buckets
        .iter()
        .zip(counts)
        .map(|(&bucket, n_events)| Bucket { bucket, n_events })
        .collect();
    let first = moment::border(&buckets, settings.test_share);
    Ok(first.and_then(|bucket| {
        let micros = span.first_event_at.timestamp_micros() + bucket * bucket_us;
        DateTime::from_timestamp_micros(micros)
    }))
}

fn pair_params(
    window: Window,
    weights: &EventWeights,
    half_life_days: Option<f64>,
) -> Vec<(&'static str, ScalarValue)> {
    let border = |at: Option<DateTime<Utc>>| match at {
        Some(at) => timestamp(at),
        None => ScalarValue::TimestampMicrosecond(None, Some("UTC".into())),
    };
    let mut params = vec![
        ("from", border(window.from)),
        ("until", border(window.until)),
        ("decay_to", timestamp(window.decay_to)),
        ("half_life_days", ScalarValue::Float64(half_life_days)),
    ];
    let weights = weights.named();
    params.extend(weights.map(|(name, weight)| (name, ScalarValue::Float64(Some(weight)))));
    params
}

fn integers(batch: &RecordBatch, name: &str) -> Result<Vec<i64>, TableError> {
    let column = batch.column_by_name(name);
    let values = column.and_then(|column| column.as_primitive_opt::<Int64Type>());
    let values = values.ok_or_else(|| TableError::NoColumn(name.to_owned()))?;
    Ok(values.values().to_vec())
}

fn integer(batch: &RecordBatch, name: &str) -> Result<i64, TableError> {
    Ok(integers(batch, name)?.first().copied().unwrap_or_default())
}
