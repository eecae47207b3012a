//! What can be set, and what values make sense.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The settings that hold when nobody says otherwise: `default.toml`.
pub const DEFAULT_SETTINGS: &str = include_str!("../default.toml");

/// Lists of all customers are made block by block, each of this length at most.
const MOST_PRODUCTS: usize = 1000;
/// Sums of evidence up to this size stay exact.
const LARGEST_WEIGHT: f64 = 1e12;

/// How products are recommended; `default.toml` explains every field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecommendationSettings {
    /// What the scores mean.
    pub feedback: FeedbackChoice,
    /// What an event is worth.
    pub weights: EventWeights,
    /// Days after which evidence is worth half; none: it keeps its worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_life_days: Option<f64>,
    /// The most evidence of a pair, either way.
    pub max_score: f64,
    /// The fewest events of a customer to learn from.
    pub min_user_events: u64,
    /// The fewest events of a product to learn from.
    pub min_product_events: u64,
    /// Random folds; 0 for no cross-validation.
    pub folds: u32,
    /// Where folds come from.
    pub fold_source: FoldChoice,
    /// What decides between settings.
    pub select_by: SelectBy,
    /// The share of events, the latest, to test on; 0 for none.
    pub test_share: f64,
    /// The moment from which on events are tested on, in place of a share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_from: Option<DateTime<Utc>>,
    /// What is measured of models.
    pub evaluation: Evaluation,
    /// The most customers whose lists are evaluated; 0 for all.
    pub evaluation_users: usize,
    /// Samples for confidence intervals.
    pub bootstrap_samples: usize,
    /// Days that count as recent for the popularity baseline.
    pub recent_days: f64,
    /// Neighbours of a product for the neighbourhood baseline.
    pub neighbours: usize,
    /// The explicit score from which on a product was worth recommending; none: the mean score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relevant_score: Option<f64>,
    /// Rounds of a fit, at most.
    pub iterations: usize,
    /// The relative fall of the loss at which a fit ends; with 0 it makes all its rounds.
    pub tol: f64,
    /// Whether factors must not be negative.
    pub non_negative: bool,
    /// The number type of the equations.
    pub arithmetic: ArithmeticChoice,
    /// Products per customer in the table of recommendations.
    pub top_n: usize,
    /// A run to start from: its id, or `latest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_start: Option<String>,
    /// What is tried for explicit feedback.
    pub explicit: ExplicitGrid,
    /// What is tried for implicit feedback.
    pub implicit: ImplicitGrid,
}

/// What an event is worth as evidence for a preference; negative: against it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventWeights {
    /// A product was looked at.
    pub view: f64,
    /// A product was put into the cart.
    pub cart: f64,
    /// A product was bought.
    pub purchase: f64,
    /// A product was taken out of the cart.
    pub remove_from_cart: f64,
    /// A product was sent back.
    #[serde(rename = "return")]
    pub returned: f64,
}

/// The settings that are tried for explicit feedback: all combinations of the lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExplicitGrid {
    /// Numbers of factors.
    pub factors: Vec<usize>,
    /// Strengths of the penalty.
    pub regularization: Vec<f64>,
    /// Whether predictions have a global mean and biases.
    pub biases: bool,
    /// How the penalty of a row grows with its scores.
    pub regularization_exponent: f64,
}

/// The settings that are tried for implicit feedback: all combinations of the lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImplicitGrid {
    /// Numbers of factors.
    pub factors: Vec<usize>,
    /// Strengths of the penalty.
    pub regularization: Vec<f64>,
    /// Confidences per unit of evidence.
    pub alpha: Vec<f64>,
    /// How the penalty of a row grows with its positive scores.
    pub regularization_exponent: f64,
    /// The weight of all pairs as in *iALS revisited*; none: 1, as in Spark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unobserved_weight: Option<f64>,
}

/// What the user wants scores to mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedbackChoice {
    /// Explicit when the log has scores, else implicit.
    Auto,
    /// Scores are ratings to be predicted.
    Explicit,
    /// Scores are evidence of a preference.
    Implicit,
}

/// What the scores of a run mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedbackKind {
    /// Scores are ratings to be predicted.
    Explicit,
    /// Scores are evidence of a preference.
    Implicit,
}

/// Where the user wants folds to come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FoldChoice {
    /// The column `fold` of the log when it has values, else random.
    Auto,
    /// Drawn at random from the seed.
    Random,
    /// The column `fold` of the log.
    Column,
}

/// What is measured of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evaluation {
    /// Errors of predictions and lists on folds, and the lists of a test against baselines.
    Lists,
    /// Errors of predictions on folds.
    Errors,
}

/// What decides between settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SelectBy {
    /// `rmse` for explicit feedback and where no lists are evaluated, else `ndcg`.
    Auto,
    /// The smallest mean RMSE.
    Rmse,
    /// The largest mean NDCG@10.
    Ndcg,
}

/// The number type of the equations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArithmeticChoice {
    /// Single precision: fast.
    F32,
    /// Double precision, as Spark.
    F64,
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
    pub expected: &'static str,
}

impl FeedbackKind {
    /// Whether the score of a pair is the latest of the log, where it gives scores, rather than a sum
    /// of evidence.
    pub(crate) fn takes_latest(self, scores_given: bool) -> bool {
        scores_given && self == Self::Explicit
    }
}

impl fmt::Display for FeedbackKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Explicit => "explicit",
            Self::Implicit => "implicit",
        })
    }
}

impl EventWeights {
    /// The weights with the names of their events.
    pub fn named(&self) -> [(&'static str, f64); 5] {
        [
            ("view", self.view),
            ("cart", self.cart),
            ("purchase", self.purchase),
            ("remove_from_cart", self.remove_from_cart),
            ("return", self.returned),
        ]
    }
}

impl RecommendationSettings {
    /// Checks every value.
    ///
    /// # Errors
    ///
    /// [`SettingError`] for the first value that makes no sense.
    pub fn check(&self) -> Result<(), SettingError> {
        for (name, weight) in self.weights.named() {
            let holds = weight.abs() <= LARGEST_WEIGHT;
            let expected = "a weight is a number between -1e12 and 1e12";
            require(holds, name, &weight, expected)?;
        }
        let some_positive = self.weights.named().iter().any(|(_, weight)| *weight > 0.0);
        let expected = "at least one kind of event must speak for a product";
        require(some_positive, "weights", &"nowhere positive", expected)?;
        if let Some(days) = self.half_life_days {
            let expected = "it must be a number of days above 0";
            require(above_zero(days), "half_life_days", &days, expected)?;
        }
        let expected = "it must be above 0";
        require(
            above_zero(self.max_score),
            "max_score",
            &self.max_score,
            expected,
        )?;
        let expected = "cross-validation needs at least 2 folds, or 0 to leave it out";
        require(self.folds != 1, "folds", &self.folds, expected)?;
        let share = (0.0..=0.9).contains(&self.test_share);
        let expected = "it must be a share from 0 to 0.9";
        require(share, "test_share", &self.test_share, expected)?;
        let measured = self.evaluation == Evaluation::Lists || self.select_by != SelectBy::Ndcg;
        let expected = "without lists (evaluation is \"errors\") it must be rmse or auto";
        require(measured, "select_by", &"ndcg", expected)?;
        let expected = "at least one sample is needed";
        require(
            self.bootstrap_samples > 0,
            "bootstrap_samples",
            &0,
            expected,
        )?;
        let expected = "it must be a number of days above 0";
        require(
            above_zero(self.recent_days),
            "recent_days",
            &self.recent_days,
            expected,
        )?;
        let expected = "at least one neighbour is needed";
        require(self.neighbours > 0, "neighbours", &0, expected)?;
        if let Some(score) = self.relevant_score {
            require(
                score.is_finite(),
                "relevant_score",
                &score,
                "it must be a number",
            )?;
        }
        let expected = "at least one round is needed";
        require(self.iterations > 0, "iterations", &0, expected)?;
        let tol = self.tol.is_finite() && self.tol >= 0.0;
        require(tol, "tol", &self.tol, "it must be 0 or more")?;
        let holds = (1..=MOST_PRODUCTS).contains(&self.top_n);
        let expected = "a list has at least 1 and at most 1000 products";
        require(holds, "top_n", &self.top_n, expected)?;
        check_axes(&self.explicit.factors, &self.explicit.regularization)?;
        check_axes(&self.implicit.factors, &self.implicit.regularization)?;
        check_list("alpha", &self.implicit.alpha)?;
        for exponent in [
            self.explicit.regularization_exponent,
            self.implicit.regularization_exponent,
        ] {
            let holds = (0.0..=1.0).contains(&exponent);
            let expected = "it must be between 0 and 1";
            require(holds, "regularization_exponent", &exponent, expected)?;
        }
        if let Some(weight) = self.implicit.unobserved_weight {
            require(
                above_zero(weight),
                "unobserved_weight",
                &weight,
                "it must be above 0",
            )?;
        }
        Ok(())
    }
}

fn check_axes(factors: &[usize], regularization: &[f64]) -> Result<(), SettingError> {
    let expected = "at least one number of factors is needed";
    require(!factors.is_empty(), "factors", &"empty", expected)?;
    for &count in factors {
        let holds = (1..=4096).contains(&count);
        require(holds, "factors", &count, "it must be between 1 and 4096")?;
    }
    check_list("regularization", regularization)
}

fn check_list(name: &'static str, values: &[f64]) -> Result<(), SettingError> {
    require(
        !values.is_empty(),
        name,
        &"empty",
        "at least one value is needed",
    )?;
    for value in values {
        let holds = value.is_finite() && *value >= 0.0;
        require(holds, name, value, "it must be 0 or more")?;
    }
    Ok(())
}

fn above_zero(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

fn require(
    holds: bool,
    name: &'static str,
    value: &dyn fmt::Display,
    expected: &'static str,
) -> Result<(), SettingError> {
    if holds {
        return Ok(());
    }
    Err(SettingError {
        name,
        value: value.to_string(),
        expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn default() -> RecommendationSettings {
        toml::from_str(DEFAULT_SETTINGS).unwrap()
    }

    #[test]
    fn the_defaults_make_sense() {
        default().check().unwrap();
        assert_eq!(default().weights.returned, -4.0);
    }

    #[test]
    fn values_that_make_no_sense_are_named() {
        let message = |change: &dyn Fn(&mut RecommendationSettings)| {
            let mut settings = default();
            change(&mut settings);
            settings.check().unwrap_err().to_string()
        };
        assert!(message(&|s| s.weights.view = f64::NAN).contains("view is NaN"));
        assert!(message(&|s| s.half_life_days = Some(0.0)).contains("half_life_days is 0"));
        assert!(message(&|s| s.folds = 1).contains("folds is 1"));
        assert!(message(&|s| s.test_share = 1.0).contains("test_share is 1"));
        let unmeasured = message(&|s| {
            s.evaluation = Evaluation::Errors;
            s.select_by = SelectBy::Ndcg;
        });
        assert!(unmeasured.contains("select_by is ndcg"), "{unmeasured}");
        assert!(message(&|s| s.implicit.alpha.clear()).contains("alpha is empty"));
        assert!(message(&|s| s.explicit.factors = vec![0]).contains("factors is 0"));
        assert!(message(&|s| s.explicit.regularization = vec![-1.0]).contains("-1"));
        assert!(message(&|s| s.implicit.unobserved_weight = Some(0.0)).contains("unobserved"));
    }
}
