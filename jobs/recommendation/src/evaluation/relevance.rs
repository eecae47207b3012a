//! What a list should hold, and what a score should be predicted as.

use crate::interactions::Pair;
use crate::settings::{FeedbackKind, RecommendationSettings};

/// What the scores of a test mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Relevance {
    feedback: FeedbackKind,
    /// For explicit feedback, the score from which on a product was worth recommending.
    least: f32,
}

/// Whether these pairs can be learned from: implicit feedback needs somebody who likes something.
pub(super) fn learnable(feedback: FeedbackKind, train: &[Pair]) -> bool {
    match feedback {
        FeedbackKind::Explicit => !train.is_empty(),
        FeedbackKind::Implicit => train.iter().any(|pair| pair.score > 0.0),
    }
}

impl Relevance {
    /// Learned from the pairs of the training.
    pub(super) fn new(
        feedback: FeedbackKind,
        settings: &RecommendationSettings,
        train: impl Iterator<Item = f32>,
    ) -> Self {
        let least = settings.relevant_score.unwrap_or_else(|| {
            let (sum, n) = train.fold((0.0, 0_u64), |(sum, n), score| {
                (sum + f64::from(score), n + 1)
            });
            sum / n.max(1) as f64
        });
        Self {
            feedback,
            least: least as f32,
        }
    }

    /// Whether a product with this score was worth recommending.
    pub(super) fn holds(self, score: f32) -> bool {
        match self.feedback {
            FeedbackKind::Explicit => score >= self.least,
            FeedbackKind::Implicit => score > 0.0,
        }
    }

    /// What a prediction should be: the score or, for implicit feedback, the preference.
    pub(super) fn target(self, pair: &Pair) -> f32 {
        match self.feedback {
            FeedbackKind::Explicit => pair.score,
            FeedbackKind::Implicit => f32::from(u8::from(pair.score > 0.0)),
        }
    }
}
