//! Pairs the plain way: one event after the other.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type};
use engine::Engine;

use super::PairParams;

const DAY_US: f64 = 86_400_000_000.0;

/// Of known users: `user_id`, `product_id` and `at` integers.
const EVENTS: &str = "select user_id, product_id, cast(event_time as bigint) as at, event_type, \
                      score, fold from events where user_id is not null";

/// What is known of a pair after some of its events.
#[derive(Debug, Default)]
struct Pair {
    millionths: i128,
    n_events: u64,
    last: Option<i64>,
    score: Option<(i64, f64)>,
    fold: Option<(i64, i32)>,
}

/// Every pair as `user | product | evidence | score | n_events | last_event_at | fold`, sorted.
/// `decay_to_us` is the moment of the parameters; their window is not looked at.
pub(super) async fn pairs(engine: &Engine, params: &PairParams, decay_to_us: i64) -> Vec<String> {
    let mut pairs: BTreeMap<(i64, i64), Pair> = BTreeMap::new();
    for batch in &engine.query(EVENTS, &[]).await.unwrap().batches {
        let integers = |place: usize| batch.column(place).as_primitive::<Int64Type>();
        let (users, products, times) = (integers(0), integers(1), integers(2));
        let kinds = batch.column(3).as_string::<i32>();
        let scores = batch.column(4).as_primitive::<Float64Type>();
        let folds = batch.column(5).as_primitive::<Int32Type>();
        for row in 0..batch.num_rows() {
            let at = times.value(row);
            let score = scores.is_valid(row).then(|| scores.value(row));
            let fold = folds.is_valid(row).then(|| folds.value(row));
            let age = (decay_to_us - at).max(0) as f64 / DAY_US;
            let decay = params
                .half_life_days
                .map_or(1.0, |days| (-age / days).exp2());
            let worth = score.unwrap_or_else(|| weight(params, kinds.value(row))) * decay;
            let key = (users.value(row), products.value(row));
            pairs
                .entry(key)
                .or_default()
                .add(at, (worth * 1e6).round() as i128, score, fold);
        }
    }
    let line = |((user, product), pair): (&(i64, i64), &Pair)| {
        let millionths = pair.millionths.unsigned_abs();
        let sign = if pair.millionths < 0 { "-" } else { "" };
        let (whole, rest) = (millionths / 1_000_000, millionths % 1_000_000);
        let score = pair.score.map_or(String::new(), |(_, s)| format!("{s:?}"));
        let fold = pair.fold.map_or(String::new(), |(_, f)| f.to_string());
        let last = pair.last.unwrap();
        format!(
            "{user} | {product} | {sign}{whole}.{rest:06} | {score} | {} | {last} | {fold}",
            pair.n_events
        )
    };
    pairs.iter().map(line).collect()
}

impl Pair {
    fn add(&mut self, at: i64, millionths: i128, score: Option<f64>, fold: Option<i32>) {
        self.millionths += millionths;
        self.n_events += 1;
        self.last = self.last.max(Some(at));
        if let Some(score) = score {
            let newer = |(then, best): (i64, f64)| at > then || (at == then && score > best);
            if self.score.is_none_or(newer) {
                self.score = Some((at, score));
            }
        }
        if let Some(fold) = fold {
            let newer = |(then, best): (i64, i32)| at > then || (at == then && fold < best);
            if self.fold.is_none_or(newer) {
                self.fold = Some((at, fold));
            }
        }
    }
}

fn weight(params: &PairParams, kind: &str) -> f64 {
    let [view, cart, purchase, removed, returned] = params.weights;
    match kind {
        "view" => view,
        "cart" => cart,
        "purchase" => purchase,
        "remove_from_cart" => removed,
        "return" => returned,
        _ => panic!("{kind} is not a kind of event"),
    }
}
