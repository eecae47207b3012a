//! The feature queries, run on the engine.

use arrow::array::RecordBatch;
use chrono::{DateTime, Utc};
use engine::{Engine, EngineError};
use intake::timestamp;
use sql::features::{PRODUCT_ACTIVITY, SEGMENT_MONTHS, SESSION_ACTIVITY, USER_FEATURES};

use super::{Customers, FeatureError};

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
