//! The cut points: fitted once, kept as a file, used again for customers to come.

use algorithms::quantiles;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{RfmValues, STEPS};
use crate::money::Money;

const FORMAT: &str = "clientele-rfm-model";
const VERSION: u32 = 1;

/// The three scores of a customer, each from 1 to 5, 5 best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scores {
    /// Recency: 5 bought most recently.
    pub r: u8,
    /// Frequency: 5 bought most often.
    pub f: u8,
    /// Monetary value: 5 spent most.
    pub m: u8,
}

/// The four values at which a score rises by one; none where no value is high enough (the score
/// never rises there). They never decrease, and nones come last.
pub type CutPoints<T> = Vec<Option<T>>;

/// The cut points of the three scores.
///
/// `score(x) = 1 + #{i in 1..4 : x >= t_i}`, where `t_i` is the smallest value `v` such that at
/// least `i/5` of the customers lie strictly below `v`. For recency the rule is applied to
/// `-recency_days`; the file keeps the days themselves, so there the score rises where
/// `recency_days <= t_i`. Equal values get equal scores whatever the order of the customers; the
/// five groups need not be of equal size, and with many ties a score may go to nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RfmModel {
    format: String,
    version: u32,
    /// The moment the model was fitted for.
    pub as_of: DateTime<Utc>,
    /// How many customers it was fitted on: those with a purchase.
    pub customers: u64,
    /// Days; the score rises by one at each cut point that the customer's recency does not exceed.
    pub recency_days: CutPoints<i64>,
    /// Orders; the score rises by one at each cut point that the customer reaches.
    pub frequency: CutPoints<i64>,
    /// Exact amounts; the score rises by one at each cut point that the customer reaches.
    pub monetary: CutPoints<Money>,
}

/// Why a model file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelFileError {
    /// It is not the JSON that [`RfmModel::to_json`] writes.
    #[error("it is not an RFM model: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It is another kind of file, or of another version.
    #[error("it says format {format:?} version {version}, expected {FORMAT:?} version {VERSION}")]
    Version {
        /// The format it names.
        format: String,
        /// The version it names.
        version: u32,
    },
    /// Its cut points are not four values in order.
    #[error("its cut points of {0} are not four values in order, unknown ones last")]
    CutPoints(&'static str),
}

impl RfmModel {
    /// Fits the cut points on customers with a purchase. Cost: three sorts.
    pub fn fit(values: &[RfmValues], as_of: DateTime<Utc>) -> Self {
        let recency: Vec<i64> = values.iter().map(|value| -value.recency_days).collect();
        let frequency: Vec<i64> = values.iter().map(|value| value.frequency).collect();
        let monetary: Vec<Money> = values.iter().map(|value| value.monetary).collect();
        let recency = quantiles::cut_points(&recency, STEPS as u8);
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            as_of,
            customers: values.len() as u64,
            recency_days: recency
                .into_iter()
                .map(|cut| cut.map(|days: i64| -days))
                .collect(),
            frequency: quantiles::cut_points(&frequency, STEPS as u8),
            monetary: quantiles::cut_points(&monetary, STEPS as u8),
        }
    }

    /// The scores of one customer.
    pub fn score(&self, values: &RfmValues) -> Scores {
        let recency = |cut: &Option<i64>| cut.is_some_and(|cut| values.recency_days <= cut);
        let r = 1 + self.recency_days.iter().filter(|cut| recency(cut)).count();
        Scores {
            r: r as u8,
            f: quantiles::score(values.frequency, &self.frequency),
            m: quantiles::score(values.monetary, &self.monetary),
        }
    }

    /// The model file: integers as integers, amounts as decimal text, so nothing is rounded.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// Reads a model file.
    ///
    /// # Errors
    ///
    /// [`ModelFileError`] when the text is no model, of another version, or out of order.
    pub fn from_json(text: &str) -> Result<Self, ModelFileError> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }
        let head: Head = serde_json::from_str(text)?;
        if head.format != FORMAT || head.version != VERSION {
            return Err(ModelFileError::Version {
                format: head.format,
                version: head.version,
            });
        }
        let model: Self = serde_json::from_str(text)?;
        let recency: CutPoints<i64> = model
            .recency_days
            .iter()
            .map(|cut| cut.map(|days| -days))
            .collect();
        check("recency_days", &recency)?;
        check("frequency", &model.frequency)?;
        check("monetary", &model.monetary)?;
        Ok(model)
    }
}

fn check<T: Ord>(of: &'static str, cuts: &CutPoints<T>) -> Result<(), ModelFileError> {
    let in_order = |pair: &[Option<T>]| match (&pair[0], &pair[1]) {
        (Some(low), Some(high)) => low <= high,
        (None, Some(_)) => false,
        (_, None) => true,
    };
    if cuts.len() == STEPS - 1 && cuts.windows(2).all(in_order) {
        Ok(())
    } else {
        Err(ModelFileError::CutPoints(of))
    }
}
