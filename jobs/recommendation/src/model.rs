//! `model.json`: what a model was made with, and all that is needed to use it again beside the
//! factors.

use algorithms::als::AlsValidParams;
use artifacts::{ArtifactError, ModelFile, RunReader};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::files::MODEL;
use crate::settings::{EventWeights, FeedbackKind};

/// The kind of the model file.
pub const MODEL_FORMAT: &str = "clientele/als";
/// The version of its content.
pub const MODEL_VERSION: u32 = 1;

/// A fitted model without its factors, which stand in tables of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecommendationModel {
    /// What the scores mean.
    pub feedback: FeedbackKind,
    /// Whether scores are those of the log instead of weights of events.
    pub scores_given: bool,
    /// What the factors were fitted with.
    pub params: AlsValidParams,
    /// What predictions of explicit models with biases begin with; else 0.
    pub global_mean: f32,
    /// What events were worth.
    pub weights: EventWeights,
    /// Days after which evidence was worth half.
    pub half_life_days: Option<f64>,
    /// The most evidence of a pair.
    pub max_score: f64,
    /// The moment that was looked back from, and that ages are counted to.
    pub as_of: DateTime<Utc>,
    /// The fewest events of a customer.
    pub min_user_events: u64,
    /// Customers with factors.
    pub n_users: u64,
    /// Products with factors.
    pub n_products: u64,
    /// The segmentation run whose segments name the lists of popular products, for the record: a
    /// customer's segment is looked up in the newest one.
    pub segmentation_run: Option<String>,
}

impl RecommendationModel {
    /// The file's bytes.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Json`].
    pub fn to_json(&self, created_by: &str) -> Result<Vec<u8>, ArtifactError> {
        ModelFile::new(MODEL_FORMAT, MODEL_VERSION, created_by, self.clone()).to_json()
    }

    /// Reads the model of a run.
    ///
    /// # Errors
    ///
    /// [`ArtifactError`] when the run has none, or one of another version.
    pub async fn read(run: &RunReader) -> Result<Self, ArtifactError> {
        let bytes = run.read_bytes(MODEL).await?;
        let origin = run.file_url(MODEL)?;
        let file = ModelFile::from_json(&bytes, MODEL_FORMAT, MODEL_VERSION, &origin)?;
        Ok(file.model)
    }

    /// The score of a pair that is learned from, given its exact evidence.
    pub fn score_of(&self, evidence: f64) -> f32 {
        score_of(evidence, self.scores_given, self.max_score)
    }
}

/// The score of a pair that is learned from: its evidence within the cap; a score of the log as it
/// is.
pub(crate) fn score_of(evidence: f64, scores_given: bool, max_score: f64) -> f32 {
    let within = if scores_given {
        evidence
    } else {
        evidence.clamp(-max_score, max_score)
    };
    within as f32
}
