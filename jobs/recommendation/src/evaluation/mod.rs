//! How settings are chosen, and how good the lists of the chosen one are.
//!
//! Folds choose: every setting of the grid is fitted on all folds but one and tested on that one.
//! The time split tests: a model with the chosen setting learns from what happened before a moment
//! and is asked what comes after it, beside four baselines. That model knows nothing of the later
//! events; the choice of its setting does, because the folds are cut from all pairs.

mod baselines;
mod choose;
mod error;
mod fits;
mod folds;
mod lists;
mod params;
mod relevance;
mod test;
#[cfg(test)]
mod tests;

pub use choose::choose;
pub use error::EvaluationError;
pub use folds::fold_split;
pub use params::als_params;
pub(crate) use params::grid_params;
pub use test::{Split, test};
