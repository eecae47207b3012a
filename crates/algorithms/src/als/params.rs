use linfa::ParamGuard;
use serde::{Deserialize, Serialize};

use super::error::AlsParamsError;
use super::feedback::{Arithmetic, Feedback};
use super::model::Als;

/// ALS parameters that passed the checks; made by [`ParamGuard::check`] on [`AlsParams`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlsValidParams {
    pub(crate) factors: usize,
    pub(crate) feedback: Feedback,
    pub(crate) regularization: f64,
    pub(crate) regularization_exponent: f64,
    pub(crate) bias_regularization: Option<f64>,
    pub(crate) iterations: usize,
    pub(crate) tol: f64,
    pub(crate) non_negative: bool,
    pub(crate) arithmetic: Arithmetic,
    pub(crate) init_scale: f64,
    pub(crate) seed: u64,
    /// Nothing of the model: not kept with it.
    #[serde(skip)]
    pub(crate) untraced: bool,
}

/// ALS parameters as given. [`ParamGuard::check`] turns them into [`AlsValidParams`].
///
/// ```
/// use algorithms::als::{Als, Interactions};
/// use linfa::ParamGuard;
///
/// // Users 0 and 1 buy items 0 and 1, users 2 and 3 buy items 2 and 3.
/// let bought = [(0, 0), (0, 1), (1, 0), (2, 2), (2, 3), (3, 3)];
/// let triples: Vec<_> = bought.iter().map(|&(user, item)| (user, item, 1.0)).collect();
/// let interactions = Interactions::from_triples(4, 4, &triples)?;
///
/// let fit = Als::implicit(2).alpha(10.0).check()?.fit(&interactions)?;
/// assert!(fit.model.score(1, 1) > fit.model.score(1, 2));
/// # Ok::<(), algorithms::als::AlsError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AlsParams(AlsValidParams);

impl Als {
    /// Parameters for explicit scores: biases, regularization 0.1 in proportion to the number of
    /// scores (ALS-WR), at most 20 iterations, `tol` 1e-4, arithmetic `F32`, `init_scale` 0.1,
    /// seed 42.
    #[must_use]
    pub fn explicit(factors: usize) -> AlsParams {
        AlsParams(AlsValidParams {
            factors,
            feedback: Feedback::Explicit { biases: true },
            regularization: 0.1,
            regularization_exponent: 1.0,
            bias_regularization: None,
            iterations: 20,
            tol: 1e-4,
            non_negative: false,
            arithmetic: Arithmetic::F32,
            init_scale: 0.1,
            seed: 42,
            untraced: false,
        })
    }

    /// Parameters for implicit feedback: `alpha` 1 and unobserved pairs as in Spark; the rest as
    /// in [`Als::explicit`].
    #[must_use]
    pub fn implicit(factors: usize) -> AlsParams {
        let mut params = Self::explicit(factors);
        params.0.feedback = Feedback::Implicit {
            alpha: 1.0,
            unobserved_weight: None,
        };
        params
    }
}

impl AlsParams {
    /// Whether explicit predictions have a global mean and biases. Without them a row that was not
    /// learned is predicted as 0, whatever the scale of the scores. Without effect on implicit
    /// feedback.
    #[must_use]
    pub fn biases(mut self, wanted: bool) -> Self {
        if let Feedback::Explicit { biases } = &mut self.0.feedback {
            *biases = wanted;
        }
        self
    }

    /// Confidence per unit of score. Without effect on explicit scores.
    #[must_use]
    pub fn alpha(mut self, value: f64) -> Self {
        if let Feedback::Implicit { alpha, .. } = &mut self.0.feedback {
            *alpha = value;
        }
        self
    }

    /// Weight of all pairs as in *iALS revisited*, where the regularization of a row grows with the
    /// number of its positive scores plus this weight times the size of the other side. Without
    /// effect on explicit scores.
    #[must_use]
    pub fn unobserved_weight(mut self, weight: f64) -> Self {
        if let Feedback::Implicit {
            unobserved_weight, ..
        } = &mut self.0.feedback
        {
            *unobserved_weight = Some(weight);
        }
        self
    }

    /// Strength of the penalty on squared factors. At least 0.
    #[must_use]
    pub fn regularization(mut self, regularization: f64) -> Self {
        self.0.regularization = regularization;
        self
    }

    /// The penalty of a row with `n` scores (positive ones, for implicit feedback) is
    /// `regularization * n^exponent`. 1 as in Spark, 0 for the same penalty on all rows; between 0
    /// and 1.
    #[must_use]
    pub fn regularization_exponent(mut self, exponent: f64) -> Self {
        self.0.regularization_exponent = exponent;
        self
    }

    /// Strength of the penalty on squared biases, scaled as that of the factors. By default equal
    /// to `regularization`.
    #[must_use]
    pub fn bias_regularization(mut self, regularization: f64) -> Self {
        self.0.bias_regularization = Some(regularization);
        self
    }

    /// Most iterations, each one pass over the items and one over the users. At least 1.
    #[must_use]
    pub fn iterations(mut self, iterations: usize) -> Self {
        self.0.iterations = iterations;
        self
    }

    /// The fit ends early when an iteration lowers the loss by at most this share of it. With 0 all
    /// iterations are made.
    #[must_use]
    pub fn tol(mut self, tol: f64) -> Self {
        self.0.tol = tol;
        self
    }

    /// Whether factors must not be negative. (Biases may be.)
    #[must_use]
    pub fn non_negative(mut self, non_negative: bool) -> Self {
        self.0.non_negative = non_negative;
        self
    }

    /// Number type of the arithmetic.
    #[must_use]
    pub fn arithmetic(mut self, arithmetic: Arithmetic) -> Self {
        self.0.arithmetic = arithmetic;
        self
    }

    /// Expected length of a random starting vector. Above 0.
    #[must_use]
    pub fn init_scale(mut self, scale: f64) -> Self {
        self.0.init_scale = scale;
        self
    }

    /// Seed of the random start.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }
}

impl AlsValidParams {
    /// For fits whose losses nobody looks at: with a `tol` of 0, where nothing else depends on them,
    /// they are not computed, which saves an eighth to a sixth of the time of a fit.
    #[must_use]
    pub fn untraced(mut self) -> Self {
        self.untraced = true;
        self
    }

    /// Factors per user and item.
    #[must_use]
    pub fn factors(&self) -> usize {
        self.factors
    }

    /// What the scores mean.
    #[must_use]
    pub fn feedback(&self) -> Feedback {
        self.feedback
    }

    /// Strength of the penalty on squared factors.
    #[must_use]
    pub fn regularization(&self) -> f64 {
        self.regularization
    }
}

/// Most factors: beyond this a single system of equations outgrows every cache.
const MAX_FACTORS: usize = 4096;

impl ParamGuard for AlsParams {
    type Checked = AlsValidParams;
    type Error = AlsParamsError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let p = &self.0;
        let at_least_zero = |value: f64| value.is_finite() && value >= 0.0;
        let above_zero = |value: f64| value.is_finite() && value > 0.0;
        if p.factors == 0 || p.factors > MAX_FACTORS {
            return Err(AlsParamsError::Factors(p.factors));
        }
        if p.iterations == 0 {
            return Err(AlsParamsError::Iterations);
        }
        if !at_least_zero(p.regularization) {
            return Err(AlsParamsError::Regularization(p.regularization));
        }
        if !(0.0..=1.0).contains(&p.regularization_exponent) {
            let exponent = p.regularization_exponent;
            return Err(AlsParamsError::RegularizationExponent(exponent));
        }
        if let Some(value) = p.bias_regularization.filter(|&value| !at_least_zero(value)) {
            return Err(AlsParamsError::BiasRegularization(value));
        }
        if let Feedback::Implicit {
            alpha,
            unobserved_weight,
        } = p.feedback
        {
            if !at_least_zero(alpha) {
                return Err(AlsParamsError::Alpha(alpha));
            }
            if let Some(weight) = unobserved_weight.filter(|&weight| !above_zero(weight)) {
                return Err(AlsParamsError::UnobservedWeight(weight));
            }
        }
        if !at_least_zero(p.tol) {
            return Err(AlsParamsError::Tol(p.tol));
        }
        if !above_zero(p.init_scale) {
            return Err(AlsParamsError::InitScale(p.init_scale));
        }
        Ok(p)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}
