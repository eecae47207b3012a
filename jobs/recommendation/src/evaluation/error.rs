use algorithms::als::{AlsError, AlsParamsError};
use algorithms::ranking::RankingError;
use algorithms::topn::TopNError;
use pipeline::FailureKind;

/// Why settings could not be chosen or tested.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// A point of the grid is no setting.
    #[error("{0}; correct the grid in the settings or on the command line")]
    Params(#[from] AlsParamsError),
    /// A grid without folds.
    #[error(
        "the grid has {settings} settings, and without folds there is nothing to choose between them by; ask for at least 2 --folds, or give one value each for --factors, --regularization and --alpha"
    )]
    NothingToChooseBy {
        /// Settings of the grid.
        settings: usize,
    },
    /// A fold cannot be tested.
    #[error("the fold {fold} cannot be tested: {reason}")]
    Fold {
        /// The fold.
        fold: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// More folds than pairs.
    #[error(
        "{pairs} pairs of a customer and a product cannot be divided into {folds} folds; give a longer log, or fewer --folds"
    )]
    TooFewPairs {
        /// Pairs.
        pairs: usize,
        /// Folds.
        folds: u32,
    },
    /// No list could be measured in any fold.
    #[error(
        "no customer has products in one fold and others outside it, so lists cannot be measured and NDCG cannot choose; give a longer log, or --select-by rmse"
    )]
    NoLists,
    /// A fit failed.
    #[error("fitting {setting} failed: {reason}")]
    Fit {
        /// The setting.
        setting: String,
        /// Why.
        reason: AlsError,
    },
    /// Scores are no interactions.
    #[error("the scores cannot be learned from: {0}")]
    Scores(#[from] AlsError),
    /// A measure could not be taken.
    #[error("a list could not be measured: {0}")]
    Measure(#[from] RankingError),
    /// A list could not be made.
    #[error("a list could not be made: {0}")]
    Lists(#[from] TopNError),
}

impl EvaluationError {
    /// What it means for the exit code.
    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::Params(_) | Self::NothingToChooseBy { .. } => FailureKind::Usage,
            Self::Fold { .. }
            | Self::TooFewPairs { .. }
            | Self::NoLists
            | Self::Fit { .. }
            | Self::Scores(_) => FailureKind::BadInput,
            Self::Measure(_) | Self::Lists(_) => FailureKind::Internal,
        }
    }
}
