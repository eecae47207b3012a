//! What a customer has had to do with, and what new events make of it.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Decimal128Type, Float32Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use artifacts::RunReader;

use super::row::Rows;
use super::{NewPair, ServingError};
use crate::RecommendationModel;
use crate::files::INTERACTIONS;
use crate::ids::{IdMap, ItemIndex};

/// Decimals of evidence, and what one is in its last.
const SCALE: i8 = 6;
const UNIT: f64 = 1e6;

/// A customer and a product.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PastPair {
    pub(super) product_id: String,
    /// In millionths.
    pub(super) evidence: Option<i128>,
    pub(super) score: Option<f32>,
    pub(super) n_events: i64,
    /// In microseconds.
    pub(super) last_event_at: i64,
    /// Whether the run learned from it.
    pub(super) used: bool,
}

/// All pairs of a customer, in the order of the products.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Past {
    pub(super) pairs: Vec<PastPair>,
}

/// What a customer's preferences are computed from.
pub(super) struct Evidence {
    /// Items with their scores, sorted by item.
    pub(super) scores: Vec<(ItemIndex, f32)>,
    /// Products of the new events that have no factors, sorted.
    pub(super) unknown: Vec<String>,
    /// Events of the customer, old and new.
    pub(super) n_events: i64,
}

impl Past {
    /// Reads the pairs of a customer; none for a customer the run does not know.
    pub(super) async fn read(run: &RunReader, user: &str) -> Result<Self, ServingError> {
        Self::of_rows(&run.find_rows(INTERACTIONS, "user_id", user).await?)
    }

    fn of_rows(batch: &RecordBatch) -> Result<Self, ServingError> {
        let rows = Rows {
            file: INTERACTIONS,
            batch,
        };
        let micros = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let products = rows.typed("product_id", &DataType::Utf8)?;
        let evidence = rows.typed("evidence", &DataType::Decimal128(38, SCALE))?;
        let scores = rows.typed("score", &DataType::Float32)?;
        let n_events = rows.typed("n_events", &DataType::Int64)?;
        let last = rows.typed("last_event_at", &micros)?;
        let used = rows.typed("used", &DataType::Boolean)?;
        let products = products.as_string::<i32>();
        let evidence = evidence.as_primitive::<Decimal128Type>();
        let scores = scores.as_primitive::<Float32Type>();
        let n_events = n_events.as_primitive::<Int64Type>();
        let last = last.as_primitive::<TimestampMicrosecondType>();
        let used = used.as_boolean();
        let pair = |row: usize| PastPair {
            product_id: products.value(row).to_owned(),
            evidence: evidence.is_valid(row).then(|| evidence.value(row)),
            score: scores.is_valid(row).then(|| scores.value(row)),
            n_events: n_events.value(row),
            last_event_at: last.value(row),
            used: used.value(row),
        };
        Ok(Self {
            pairs: (0..batch.num_rows()).map(pair).collect(),
        })
    }

    /// The ids of the products, and of those of new events.
    pub(super) fn products<'a>(
        &'a self,
        new: &'a [NewPair],
    ) -> impl Iterator<Item = &'a str> + Clone {
        let old = self.pairs.iter().map(|pair| pair.product_id.as_str());
        old.chain(new.iter().map(|pair| pair.product_id.as_str()))
    }

    /// What the run learned from.
    pub(super) fn learned(&self, items: &IdMap) -> Vec<(ItemIndex, f32)> {
        let used = self.pairs.iter().filter(|pair| pair.used);
        let known = used.filter_map(|pair| Some((items.index_of(&pair.product_id)?, pair.score?)));
        let mut scores: Vec<_> = known.collect();
        scores.sort_unstable_by_key(|(item, _)| *item);
        scores
    }

    /// The pairs with those of new events added, as a run over all events would have them.
    ///
    /// Evidence adds up and is capped again; a score of the log replaces an earlier one, and of two
    /// at the same moment the larger counts. The moment of a score is that of the last event of its
    /// pair.
    pub(super) fn with(mut self, new: &[NewPair], model: &RecommendationModel) -> Self {
        for pair in new {
            let found = self
                .pairs
                .iter()
                .position(|old| old.product_id == pair.product_id);
            match found {
                Some(place) => self.pairs[place].add(pair, model),
                None => self.pairs.push(PastPair::of(pair, model)),
            }
        }
        self
    }

    /// What a refit of the customer's row would learn from: all pairs with a product that has
    /// factors, when the customer has enough events by now; else nothing.
    pub(super) fn evidence(&self, items: &IdMap, new: &[NewPair], least: u64) -> Evidence {
        let n_events: i64 = self.pairs.iter().map(|pair| pair.n_events).sum();
        let enough = n_events.unsigned_abs() >= least;
        let known = |pair: &PastPair| Some((items.index_of(&pair.product_id)?, pair.score?));
        let pairs = self.pairs.iter().filter(|_| enough);
        let mut scores: Vec<_> = pairs.filter_map(known).collect();
        scores.sort_unstable_by_key(|(item, _)| *item);
        let products = new.iter().map(|pair| &pair.product_id);
        let unknown = products.filter(|id| items.index_of(id).is_none());
        let mut unknown: Vec<String> = unknown.cloned().collect();
        unknown.sort_unstable();
        unknown.dedup();
        Evidence {
            scores,
            unknown,
            n_events,
        }
    }
}

impl PastPair {
    fn of(new: &NewPair, model: &RecommendationModel) -> Self {
        let mut pair = Self {
            product_id: new.product_id.clone(),
            evidence: None,
            score: None,
            n_events: 0,
            last_event_at: i64::MIN,
            used: false,
        };
        pair.add(new, model);
        pair
    }

    fn add(&mut self, new: &NewPair, model: &RecommendationModel) {
        let last = new.last_event_at.timestamp_micros();
        if model.feedback.takes_latest(model.scores_given) {
            if let Some(score) = new.score.map(|score| score as f32) {
                self.score = Some(match self.score {
                    Some(old) if self.last_event_at > last => old,
                    Some(old) if self.last_event_at == last => old.max(score),
                    _ => score,
                });
            }
        } else {
            // Exact, as the sum over all events is: evidence has six decimals.
            let added = (new.evidence * UNIT).round() as i128;
            let sum = self.evidence.unwrap_or_default() + added;
            self.evidence = Some(sum);
            self.score = Some(model.score_of(sum as f64 / UNIT));
        }
        self.n_events += i64::try_from(new.n_events).unwrap_or(i64::MAX);
        self.last_event_at = self.last_event_at.max(last);
    }
}
