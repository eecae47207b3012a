//! From settings to the parameters of a fit.

use algorithms::als::{Als, AlsParams, AlsValidParams, Arithmetic};
use linfa::ParamGuard;

use super::EvaluationError;
use crate::outcome::Setting;
use crate::settings::{ArithmeticChoice, FeedbackKind, RecommendationSettings};

/// The parameters of a fit with one setting of the grid.
///
/// # Errors
///
/// [`EvaluationError::Params`].
pub fn als_params(
    setting: Setting,
    feedback: FeedbackKind,
    settings: &RecommendationSettings,
    seed: u64,
) -> Result<AlsValidParams, EvaluationError> {
    let params = match feedback {
        FeedbackKind::Explicit => explicit(setting, settings),
        FeedbackKind::Implicit => implicit(setting, settings),
    };
    let arithmetic = match settings.arithmetic {
        ArithmeticChoice::F32 => Arithmetic::F32,
        ArithmeticChoice::F64 => Arithmetic::F64,
    };
    let params = params
        .regularization(setting.regularization)
        .iterations(settings.iterations)
        .tol(settings.tol)
        .non_negative(settings.non_negative)
        .arithmetic(arithmetic)
        .seed(seed);
    Ok(params.check()?)
}

fn explicit(setting: Setting, settings: &RecommendationSettings) -> AlsParams {
    let grid = &settings.explicit;
    Als::explicit(setting.factors)
        .biases(grid.biases)
        .regularization_exponent(grid.regularization_exponent)
}

fn implicit(setting: Setting, settings: &RecommendationSettings) -> AlsParams {
    let grid = &settings.implicit;
    let params = Als::implicit(setting.factors)
        .alpha(setting.alpha.unwrap_or(1.0))
        .regularization_exponent(grid.regularization_exponent);
    match grid.unobserved_weight {
        Some(weight) => params.unobserved_weight(weight),
        None => params,
    }
}

/// The settings of the grid: factors slowest, then regularization, then alpha.
pub(super) fn grid(feedback: FeedbackKind, settings: &RecommendationSettings) -> Vec<Setting> {
    let (factors, regularization, alpha): (_, _, Vec<Option<f64>>) = match feedback {
        FeedbackKind::Explicit => {
            let grid = &settings.explicit;
            (&grid.factors, &grid.regularization, vec![None])
        }
        FeedbackKind::Implicit => {
            let grid = &settings.implicit;
            let alpha = grid.alpha.iter().copied().map(Some).collect();
            (&grid.factors, &grid.regularization, alpha)
        }
    };
    let mut all = Vec::with_capacity(factors.len() * regularization.len() * alpha.len());
    for &factors in factors {
        for &regularization in regularization {
            all.extend(alpha.iter().map(|&alpha| Setting {
                factors,
                regularization,
                alpha,
            }));
        }
    }
    all
}

/// The parameters of all settings of the grid.
pub(crate) fn grid_params(
    feedback: FeedbackKind,
    settings: &RecommendationSettings,
    seed: u64,
) -> Result<Vec<AlsValidParams>, EvaluationError> {
    let grid = grid(feedback, settings).into_iter();
    grid.map(|setting| als_params(setting, feedback, settings, seed))
        .collect()
}
