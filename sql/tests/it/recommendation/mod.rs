//! From the event log to the tables of the recommender.

mod modes;
mod pairs;
mod reference;
mod tables;

use engine::ScalarValue;

use crate::shop::moment;

/// What the query of pairs takes.
#[derive(Debug, Clone)]
pub(crate) struct PairParams {
    pub(crate) from: Option<&'static str>,
    pub(crate) until: Option<&'static str>,
    pub(crate) decay_to: &'static str,
    pub(crate) half_life_days: Option<f64>,
    /// Of view, cart, purchase, remove_from_cart and return.
    pub(crate) weights: [f64; 5],
}

/// The whole log, no decay, the usual weights.
pub(crate) const WHOLE: PairParams = PairParams {
    from: None,
    until: None,
    decay_to: "2024-02-01 00:00:00",
    half_life_days: None,
    weights: [1.0, 3.0, 5.0, -2.0, -4.0],
};

impl PairParams {
    pub(crate) fn values(&self) -> Vec<(&'static str, ScalarValue)> {
        let border = |at: Option<&str>| match at {
            Some(at) => moment(at),
            None => ScalarValue::TimestampMicrosecond(None, Some("UTC".into())),
        };
        let names = ["view", "cart", "purchase", "remove_from_cart", "return"];
        let mut values = vec![
            ("from", border(self.from)),
            ("until", border(self.until)),
            ("decay_to", moment(self.decay_to)),
            ("half_life_days", ScalarValue::Float64(self.half_life_days)),
        ];
        values.extend(names.into_iter().zip(self.weights.map(ScalarValue::from)));
        values
    }
}
