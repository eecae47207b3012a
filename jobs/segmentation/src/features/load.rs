//! The feature queries, run on the engine.

use arrow::array::RecordBatch;
use chrono::{DateTime, Utc};
use engine::{Engine, EngineError};
use intake::timestamp;
use sql::features::{SEGMENT_MONTHS, USER_FEATURES};

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

/// Computes the feature table from the table `events`.
pub(crate) async fn feature_table(
    engine: &Engine,
    as_of: DateTime<Utc>,
) -> Result<Customers, LoadError> {
    let params = [("as_of", timestamp(as_of))];
    let features = engine.query(USER_FEATURES.text, &params).await?;
    Ok(Customers::from_result(features)?)
}

/// Who bought in which month.
pub(crate) async fn buying_months(
    engine: &Engine,
    as_of: DateTime<Utc>,
) -> Result<Vec<RecordBatch>, LoadError> {
    let params = [("as_of", timestamp(as_of))];
    Ok(engine.query(SEGMENT_MONTHS.text, &params).await?.batches)
}
