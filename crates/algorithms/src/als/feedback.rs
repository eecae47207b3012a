use serde::{Deserialize, Serialize};

/// What the scores mean, and so what is minimised.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feedback {
    /// Scores are ratings to be predicted; pairs without a score say nothing.
    Explicit {
        /// Whether a global mean and a bias per user and per item are part of the prediction.
        biases: bool,
    },
    /// Scores are evidence: a positive one for a preference of 1, any other for a preference of 0,
    /// with a confidence that grows with its size; pairs without a score are weak evidence for 0.
    Implicit {
        /// Confidence per unit of score. At least 0.
        alpha: f64,
        /// Weight of the pairs without a score. `None`: weight 1, and a score adds `alpha |r|` to
        /// it (Hu and Koren, Spark). `Some(w)`: weight `w` on all pairs, and a score is a term of
        /// its own of weight `alpha |r|` (Rendle et al., *iALS revisited*).
        unobserved_weight: Option<f64>,
    },
}

/// The number type of the arithmetic. Factors are always `f32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arithmetic {
    /// Normal equations in `f32`; the fast mode, within about `1e-5` of `F64`.
    F32,
    /// Normal equations in `f64`, results rounded to `f32`, as in Spark.
    F64,
}
