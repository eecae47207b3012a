//! Why a segmentation cannot be made, and what to do about it.

use chrono::{DateTime, Utc};

use pipeline::{Failure, FailureKind};

use crate::features::{FeatureError, LoadError};
use crate::fusion::FusionTableError;
use crate::lookup::LookupError;
use crate::rfm::{ModelFileError, SegmentTableError};
use crate::settings::SettingError;

/// Why a segmentation cannot be made. Each message is one paragraph: what is wrong, why it matters,
/// and what to do.
#[derive(Debug, thiserror::Error)]
pub enum SegmentationError {
    /// A setting makes no sense.
    #[error("{0}; correct it in the settings file, in the JOBS_… variables or on the command line")]
    Setting(#[from] SettingError),
    /// A file named in the settings cannot be read.
    #[error("cannot read the {what} {file}: {reason}; check the path and that it is readable")]
    ReadFile {
        /// What the file should be.
        what: &'static str,
        /// Where it should be.
        file: String,
        /// Why it cannot be read.
        reason: String,
    },
    /// The segment table is wrong.
    #[error(
        "the segment table {file} cannot be used: {source}; correct the file, or leave it out to use the built-in table"
    )]
    SegmentTable {
        /// The file.
        file: String,
        /// What is wrong.
        source: SegmentTableError,
    },
    /// The fusion table is wrong.
    #[error(
        "the fusion table {file} cannot be used: {source}; correct the file, or leave it out to use the built-in table"
    )]
    FusionTable {
        /// The file.
        file: String,
        /// What is wrong.
        source: FusionTableError,
    },
    /// The RFM model file is wrong.
    #[error(
        "the RFM model {file} cannot be used: {source}; give the rfm_model.json of an earlier run, or leave it out to find new cut points"
    )]
    RfmModel {
        /// The file.
        file: String,
        /// What is wrong.
        source: ModelFileError,
    },
    /// There is nothing to look at.
    #[error(
        "the input has no usable event, so there is nobody to segment; run `jobs check` on it to see why its rows were set aside"
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
    /// There are too few customers.
    #[error(
        "only {found} customers have events, fewer than the {needed} that a segmentation needs: with so few, five score steps and clusters would describe single people; give a longer log (rows without a user do not count), a larger --quick share, or a smaller min_customers in the settings"
    )]
    TooFewCustomers {
        /// Customers with events.
        found: usize,
        /// Customers needed.
        needed: usize,
    },
    /// Nobody bought.
    #[error(
        "none of the {customers} customers has a purchase, so recency, frequency and monetary value cannot be scored; check that the mapping turns the shop's orders into purchase events (`jobs check` counts events by type), or give a longer log"
    )]
    NoPurchases {
        /// Customers with events.
        customers: usize,
    },
    /// Recency, frequency or monetary value is the same for everybody.
    #[error(
        "all {buyers} buyers have the same {measure} ({value}), so it cannot be divided into five scores; {advice}, or score with the cut points of an earlier run (--rfm-model)"
    )]
    OneValue {
        /// `recency`, `frequency` or `monetary value`.
        measure: &'static str,
        /// The value.
        value: String,
        /// Customers with a purchase.
        buyers: usize,
        /// What to do.
        advice: &'static str,
    },
    /// Every behaviour column is constant.
    #[error(
        "the columns to cluster by ({columns}) are empty or the same for every customer, so there is nothing to tell customers apart by; name other columns in the settings (columns), or give a longer log"
    )]
    NoBehaviour {
        /// The columns.
        columns: String,
    },
    /// There are fewer different customers than clusters.
    #[error(
        "{k} clusters were asked for, but the customers show only {distinct} different behaviours, and identical customers cannot be told apart; ask for at most {distinct} (--k 2..{distinct}), name more columns in the settings, or give a longer log"
    )]
    TooManyClusters {
        /// The largest number asked for.
        k: usize,
        /// Different rows of the behaviour matrix.
        distinct: usize,
    },
    /// The feature table is not as expected.
    #[error(transparent)]
    Features(#[from] FeatureError),
    /// The behaviour cannot be brought to one scale.
    #[error(
        "the behaviour of the customers cannot be brought to one scale: {0}; check the input for absurd quantities or prices"
    )]
    Scaling(String),
    /// The clusterer failed.
    #[error("clustering into {k} groups failed: {reason}")]
    Clustering {
        /// The number of clusters.
        k: usize,
        /// The reason.
        reason: String,
    },
    /// A result could not be written down.
    #[error("{what} could not be made: {reason}")]
    Writing {
        /// The file.
        what: &'static str,
        /// The reason.
        reason: String,
    },
}

impl From<SegmentationError> for Failure {
    fn from(error: SegmentationError) -> Self {
        use SegmentationError as E;
        let kind = match &error {
            E::Setting(_)
            | E::ReadFile { .. }
            | E::SegmentTable { .. }
            | E::FusionTable { .. }
            | E::RfmModel { .. } => FailureKind::Usage,
            E::NoEvents
            | E::NothingBefore { .. }
            | E::TooFewCustomers { .. }
            | E::NoPurchases { .. }
            | E::OneValue { .. }
            | E::NoBehaviour { .. }
            | E::TooManyClusters { .. }
            | E::Scaling(_) => FailureKind::BadInput,
            E::Features(_) | E::Clustering { .. } | E::Writing { .. } => FailureKind::Internal,
        };
        Self::new(kind, error)
    }
}

impl From<FeatureError> for Failure {
    fn from(error: FeatureError) -> Self {
        SegmentationError::from(error).into()
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Engine(error) => error.into(),
            LoadError::Features(error) => error.into(),
        }
    }
}

impl From<LookupError> for Failure {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Artifact(error) => error.into(),
            error @ LookupError::Content { .. } => Self::new(FailureKind::BadInput, error),
        }
    }
}
