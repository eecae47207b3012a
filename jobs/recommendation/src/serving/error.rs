//! Why a finished run cannot answer.

use algorithms::als::AlsError;
use algorithms::topn::TopNError;
use artifacts::ArtifactError;
use pipeline::{Failure, FailureKind};

/// Why a finished run cannot answer. Each message is one paragraph: what is wrong, why, and what to
/// do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServingError {
    /// The run cannot be read, or its model is of another version.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// A file of the run does not hold what it should.
    #[error(
        "{file} of the run does not hold what it should: {reason}; was it written by another version?"
    )]
    Content {
        /// The file.
        file: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// No product was asked for.
    #[error("a list of 0 products was asked for; ask for at least one")]
    NoProducts,
    /// The log of the run has no such product.
    #[error(
        "there is no product {product} in the log of the run {run_id}; check the id, which is written as in the events"
    )]
    UnknownProduct {
        /// The product.
        product: String,
        /// The run.
        run_id: String,
    },
    /// The product was not learned from.
    #[error(
        "the product {product} is in the log of the run {run_id}, but nothing was learned about it, because it or all of its customers have too few events; lower min_product_events or min_user_events in the settings and run the job again, or give a longer log"
    )]
    TooFewEvents {
        /// The product.
        product: String,
        /// The run.
        run_id: String,
    },
    /// The filter cannot be applied to the table of products.
    #[error(
        "the filter ({predicate}) cannot be applied to {table}: {reason}; it must be an SQL condition on the columns {columns}"
    )]
    Predicate {
        /// The filter.
        predicate: String,
        /// The table.
        table: String,
        /// What is wrong.
        reason: String,
        /// The columns of the table.
        columns: String,
    },
    /// The user's own table of products cannot be used.
    #[error("the table of products {file} cannot be used: {reason}")]
    Products {
        /// The file.
        file: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The preferences cannot be computed.
    #[error("the preferences of the customer cannot be computed: {0}")]
    Als(#[from] AlsError),
    /// The list cannot be made.
    #[error("the list cannot be made: {0}")]
    TopN(#[from] TopNError),
    /// The engine or the input failed.
    #[error("{0}")]
    Failed(Failure),
}

impl ServingError {
    pub(crate) fn content(file: &'static str, reason: impl ToString) -> Self {
        Self::Content {
            file,
            reason: reason.to_string(),
        }
    }
}

impl From<Failure> for ServingError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<ServingError> for Failure {
    fn from(error: ServingError) -> Self {
        use ServingError as E;
        let kind = match error {
            E::Artifact(error) => return error.into(),
            E::Failed(failure) => return failure,
            E::NoProducts => FailureKind::Usage,
            E::Content { .. }
            | E::UnknownProduct { .. }
            | E::TooFewEvents { .. }
            | E::Predicate { .. }
            | E::Products { .. }
            | E::Als(_) => FailureKind::BadInput,
            E::TopN(_) => FailureKind::Internal,
        };
        Self::new(kind, error)
    }
}
