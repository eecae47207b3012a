//! Why products cannot be recommended, and what to do about it.

use algorithms::als::AlsError;
use algorithms::topn::TopNError;
use arrow::error::ArrowError;
use chrono::{DateTime, Utc};
use pipeline::{Failure, FailureKind};

use crate::ids::IdError;
use crate::settings::SettingError;

/// Why no recommender can be made. Each message is one paragraph: what is wrong, why it matters,
/// and what to do.
#[derive(Debug, thiserror::Error)]
pub enum RecommendationError {
    /// A setting makes no sense.
    #[error("{0}; correct it in the settings file, in the JOBS_… variables or on the command line")]
    Setting(#[from] SettingError),
    /// There is nothing to look at.
    #[error(
        "the input has no usable event of a known customer, so there is nothing to learn from; run `jobs check` on it to see why its rows were set aside"
    )]
    NoEvents,
    /// Everything lies after `as_of`.
    #[error(
        "no customer has an event before {as_of}, the moment this run looks back from: the log goes from {first} to {last}; give a later --as-of, or leave it out to use the midnight after the last event"
    )]
    NothingBefore {
        /// The moment.
        as_of: DateTime<Utc>,
        /// The first event.
        first: DateTime<Utc>,
        /// The last event.
        last: DateTime<Utc>,
    },
    /// There are too few customers or products.
    #[error(
        "there is nothing to compare: {users} customers and {products} products can be learned from, and a recommender needs at least two of each; give a longer log or a larger --quick share, or lower min_user_events and min_product_events"
    )]
    TooFew {
        /// Customers that can be learned from.
        users: usize,
        /// Products that can be learned from.
        products: usize,
    },
    /// No pair speaks for a product.
    #[error(
        "none of the {pairs} pairs of a customer and a product has a score above 0, so nobody is known to like anything; check the weights of events in the settings (`jobs check` counts events by type), or, when the log has ratings, use --feedback explicit"
    )]
    NothingPositive {
        /// Pairs that can be learned from.
        pairs: usize,
    },
    /// The folds of the log were asked for, and there are none.
    #[error(
        "fold_source is column, but no event that is learned from has a fold; map the column `fold`, or use random folds (fold_source = \"random\")"
    )]
    NoFolds,
    /// The moment to test from leaves nothing to learn from, or nothing to test on.
    #[error(
        "test_from is {at}, but the events that this run looks at go from {first} to {last}; give a moment between the two, or test_share instead"
    )]
    TestFrom {
        /// The moment.
        at: DateTime<Utc>,
        /// The first event.
        first: DateTime<Utc>,
        /// The last event that is looked at.
        last: DateTime<Utc>,
    },
    /// The run to start from cannot be used.
    #[error(
        "cannot start from the factors of the run {run}: {reason}; give the id of a recommendation run of the same output (`jobs runs` lists them), or leave --warm-start out"
    )]
    WarmStart {
        /// The run.
        run: String,
        /// What is wrong.
        reason: String,
    },
    /// The settings could not be chosen or tested.
    #[error(transparent)]
    Evaluation(#[from] crate::evaluation::EvaluationError),
    /// The fit failed.
    #[error("the model cannot be fitted: {0}")]
    Fit(#[from] AlsError),
    /// The lists could not be made.
    #[error("the recommendations cannot be made: {0}")]
    Lists(#[from] TopNError),
    /// A table is not as expected.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A result could not be written down.
    #[error("{what} could not be made: {reason}")]
    Writing {
        /// The file.
        what: &'static str,
        /// The reason.
        reason: String,
    },
}

/// A table does not look as its query or file promises.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// A column is missing.
    #[error("the table of pairs has no column {0}")]
    NoColumn(String),
    /// The table of products lacks one that customers had to do with.
    #[error(
        "the table of products lacks a product of the table of pairs; both come from the same events, so this is a mistake of the program: please report it"
    )]
    Stranger,
    /// Ids cannot be mapped.
    #[error("the ids of customers or products cannot be used: {0}")]
    Ids(#[from] IdError),
    /// A conversion failed.
    #[error("a table cannot be read: {0}")]
    Arrow(#[from] ArrowError),
}

impl From<RecommendationError> for Failure {
    fn from(error: RecommendationError) -> Self {
        use RecommendationError as E;
        let kind = match &error {
            E::Setting(_) | E::WarmStart { .. } | E::NoFolds | E::TestFrom { .. } => {
                FailureKind::Usage
            }
            E::NoEvents
            | E::NothingBefore { .. }
            | E::TooFew { .. }
            | E::NothingPositive { .. }
            | E::Fit(_) => FailureKind::BadInput,
            E::Evaluation(error) => error.kind(),
            E::Lists(_) | E::Table(_) | E::Writing { .. } => FailureKind::Internal,
        };
        Self::new(kind, error)
    }
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        RecommendationError::from(error).into()
    }
}

impl From<SettingError> for Failure {
    fn from(error: SettingError) -> Self {
        RecommendationError::from(error).into()
    }
}
