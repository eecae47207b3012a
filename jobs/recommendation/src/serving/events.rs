//! What a customer did since the run.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use chrono::DateTime;
use data::EventsParams;
use engine::Engine;
use intake::data_failure;
use pipeline::Failure;

use super::{NewPair, ServingError};
use crate::RecommendationModel;
use crate::interactions::{self, Rows, Scoring, Window};

const MILLIONTHS: f64 = 1e6;

/// Reads events and adds up what `user` did, as the run of the model would have: with its weights,
/// and ages counted to its `as_of` (later events have no age). Empty when there are no events of the
/// user.
///
/// Events that the model was made from must not be among them, or they count twice. Intermediate
/// tables are written under `work_url`, which the caller removes.
///
/// # Errors
///
/// Those of reading events.
pub async fn new_events(
    engine: &Engine,
    model: &RecommendationModel,
    events: &EventsParams,
    user: &str,
    work_url: &str,
) -> Result<Vec<NewPair>, ServingError> {
    let staged = data::stage(engine, events, work_url).await;
    staged.map_err(data_failure)?;
    let scoring = Scoring {
        feedback: model.feedback,
        scores_given: model.scores_given,
        max_score: model.max_score,
    };
    let window = Window {
        from: None,
        until: None,
        decay_to: model.as_of,
    };
    let (weights, half_life) = (&model.weights, model.half_life_days);
    let rows = interactions::pairs(engine, window, weights, half_life, scoring).await?;
    of_user(&rows, user, scoring)
}

fn of_user(rows: &Rows, user: &str, scoring: Scoring) -> Result<Vec<NewPair>, ServingError> {
    let user = match rows.users.data_type().is_integer() {
        true => user.trim().parse::<i64>().map(|id| id.to_string()).ok(),
        false => Some(user.to_owned()),
    };
    let text = |ids: &dyn Array| cast(ids, &DataType::Utf8).map_err(Failure::internal);
    let (users, products) = (text(&rows.users)?, text(&rows.products)?);
    let (users, products) = (users.as_string::<i32>(), products.as_string::<i32>());
    let latest = scoring.feedback.takes_latest(scoring.scores_given);
    let score = |row: usize| {
        let given = latest && rows.scores.is_valid(row);
        given.then(|| f64::from(rows.scores.value(row)))
    };
    let evidence = |row: usize| match rows.evidence.is_valid(row) {
        true => rows.evidence.value(row) as f64 / MILLIONTHS,
        false => 0.0,
    };
    let of_user = (0..rows.len()).filter(|row| {
        users.is_valid(*row)
            && user
                .as_deref()
                .is_some_and(|user| users.value(*row) == user)
    });
    let mut pairs: Vec<NewPair> = of_user
        .map(|row| NewPair {
            product_id: products.value(row).to_owned(),
            evidence: evidence(row),
            score: score(row),
            last_event_at: DateTime::from_timestamp_micros(rows.last_event_at.value(row))
                .unwrap_or_default(),
            n_events: rows.n_events.value(row).unsigned_abs(),
        })
        .collect();
    pairs.sort_unstable_by(|a, b| a.product_id.cmp(&b.product_id));
    Ok(pairs)
}
