//! What can be set, and what values make sense.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::features::BehaviourColumn;

/// The settings that hold when nobody says otherwise: `default.toml`.
pub const DEFAULT_SETTINGS: &str = include_str!("../default.toml");

/// How customers are scored and grouped; `default.toml` explains every field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentationSettings {
    /// The numbers of clusters to try.
    pub k: KRange,
    /// How to cluster.
    pub algorithm: Algorithm,
    /// Whether counts, money and days enter as logarithms.
    pub scale: Scale,
    /// Starts per number of clusters.
    pub n_init: usize,
    /// Rounds per start.
    pub max_iter: usize,
    /// How far a centroid may still move when a start has converged.
    pub tol: f64,
    /// The smallest share of customers per cluster, from 0 to 1.
    pub min_share: f64,
    /// Resamples for the stability of each number of clusters; 0 leaves it out.
    pub stability_samples: usize,
    /// Customers per resample, at most.
    pub stability_rows: usize,
    /// The fewest customers worth segmenting.
    pub min_customers: usize,
    /// The behaviour to cluster by: columns of the feature table.
    pub columns: Vec<String>,
    /// An `rfm_model.json` to score with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rfm_model: Option<String>,
    /// A segment table to use instead of the built-in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rfm_segments: Option<String>,
    /// A fusion table to use instead of the built-in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fusion_rules: Option<String>,
}

/// How to cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// K-Means: exact Lloyd iterations from k-means++ starts.
    Kmeans,
    /// A Gaussian mixture; each customer goes to the most probable component.
    Gmm,
}

/// What happens to skewed columns before they are standardised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// `sign(x) · ln(1 + |x|)` of counts, money and days.
    Log,
    /// Nothing, as in a Spark pipeline of `VectorAssembler`, `StandardScaler` and `KMeans`.
    Raw,
}

/// A range of numbers of clusters with both ends, written `2..10` or, for a single one, `5`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KRange(RangeInclusive<usize>);

impl KRange {
    /// The numbers, smallest first.
    pub fn numbers(&self) -> impl Iterator<Item = usize> + use<> {
        self.0.clone()
    }

    /// The smallest number.
    pub fn min(&self) -> usize {
        *self.0.start()
    }

    /// The largest number.
    pub fn max(&self) -> usize {
        *self.0.end()
    }
}

/// A setting has a value that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the setting {name} is {value}, but {expected}")]
pub struct SettingError {
    /// The setting.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// What is expected instead.
    pub expected: String,
}

impl SegmentationSettings {
    /// Checks every value and returns the behaviour columns that are named.
    ///
    /// # Errors
    ///
    /// [`SettingError`] for the first value that makes no sense.
    pub fn check(&self) -> Result<Vec<&'static BehaviourColumn>, SettingError> {
        let require = |holds: bool, name, value: &dyn fmt::Display, expected: &str| {
            let error = || SettingError {
                name,
                value: value.to_string(),
                expected: expected.into(),
            };
            if holds { Ok(()) } else { Err(error()) }
        };
        require(
            self.n_init >= 1,
            "n_init",
            &self.n_init,
            "at least one start is needed",
        )?;
        require(
            self.max_iter >= 1,
            "max_iter",
            &self.max_iter,
            "at least one round is needed",
        )?;
        let tol = self.tol.is_finite() && self.tol >= 0.0;
        require(tol, "tol", &self.tol, "it must be 0 or more")?;
        let share = (0.0..=0.5).contains(&self.min_share);
        require(
            share,
            "min_share",
            &self.min_share,
            "it must be a share from 0 to 0.5",
        )?;
        let rows = self.stability_samples == 0 || self.stability_rows >= self.k.max();
        let expected = "a resample must hold at least as many customers as there are clusters";
        require(rows, "stability_rows", &self.stability_rows, expected)?;
        require(
            !self.columns.is_empty(),
            "columns",
            &"empty",
            "at least one column is needed",
        )?;
        let mut columns: Vec<&'static BehaviourColumn> = Vec::with_capacity(self.columns.len());
        for name in &self.columns {
            let known = BehaviourColumn::ALL
                .iter()
                .find(|column| column.name == *name);
            let names = || {
                BehaviourColumn::ALL
                    .iter()
                    .map(|c| c.name)
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            let column = known.ok_or_else(|| SettingError {
                name: "columns",
                value: format!("a list with {name:?}"),
                expected: format!("the behaviour columns are {}", names()),
            })?;
            let repeated = columns.iter().any(|other| other.name == column.name);
            let value = format!("a list that names {name:?} twice");
            require(!repeated, "columns", &value, "each column counts once")?;
            columns.push(column);
        }
        Ok(columns)
    }
}

impl FromStr for KRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (low, high) = text.split_once("..").unwrap_or((text, text));
        let high = high.strip_prefix('=').unwrap_or(high);
        match (low.trim().parse::<usize>(), high.trim().parse::<usize>()) {
            (Ok(low), Ok(high)) if 2 <= low && low <= high => Ok(Self(low..=high)),
            _ => Err(format!(
                "expected numbers of clusters such as \"2..10\" (both included) or \"5\", at least 2, got {text:?}"
            )),
        }
    }
}

impl fmt::Display for KRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min() == self.max() {
            write!(f, "{}", self.min())
        } else {
            write!(f, "{}..{}", self.min(), self.max())
        }
    }
}

impl Serialize for KRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u64),
            Text(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Number(number) => number.to_string(),
            Written::Text(text) => text,
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn default() -> SegmentationSettings {
        toml::from_str(DEFAULT_SETTINGS).unwrap()
    }

    #[test]
    fn the_defaults_make_sense() {
        let settings = default();
        assert_eq!(settings.check().unwrap().len(), settings.columns.len());
        assert_eq!(
            settings.k.numbers().collect::<Vec<_>>(),
            [2, 3, 4, 5, 6, 7, 8, 9, 10]
        );
    }

    #[test]
    fn a_range_is_two_numbers_or_one_and_starts_at_two() {
        let range = |text: &str| text.parse::<KRange>().map(|k| k.to_string());
        assert_eq!(range("2..10"), Ok("2..10".to_owned()));
        assert_eq!(range("3..=4"), Ok("3..4".to_owned()));
        assert_eq!(range("5"), Ok("5".to_owned()));
        for text in ["", "1", "1..3", "4..3", "a..b", "2..", "2-4"] {
            assert!(range(text).is_err(), "{text}");
        }
    }

    #[test]
    fn values_that_make_no_sense_are_named() {
        let message = |change: &dyn Fn(&mut SegmentationSettings)| {
            let mut settings = default();
            change(&mut settings);
            settings.check().unwrap_err().to_string()
        };
        assert!(message(&|s| s.n_init = 0).contains("n_init is 0"));
        assert!(message(&|s| s.min_share = 0.6).contains("min_share is 0.6"));
        assert!(message(&|s| s.tol = f64::NAN).contains("tol is NaN"));
        assert!(message(&|s| s.stability_rows = 5).contains("stability_rows is 5"));
        assert!(message(&|s| s.columns.push("n_clicks".into())).contains("\"n_clicks\""));
        assert!(message(&|s| s.columns.push("n_views".into())).contains("twice"));
    }
}
