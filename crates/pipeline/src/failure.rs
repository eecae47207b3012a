use std::error::Error;
use std::fmt;

use artifacts::ArtifactError;
use engine::EngineError;

use crate::{Cancelled, SettingsError};

/// What a job failed on, as far as the caller's next move depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The request makes no sense: flags, settings.
    Usage,
    /// The input cannot be used.
    BadInput,
    /// The cluster cannot be reached or could not do the work.
    Cluster,
    /// The output cannot be written or read.
    Output,
    /// The user stopped it.
    Cancelled,
    /// Anything else, our own mistakes included.
    Internal,
}

impl FailureKind {
    /// The exit code of a process that ends with this failure: 2 usage, 3 bad
    /// input, 4 cluster, 5 output, 130 cancelled, 1 anything else.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::BadInput => 3,
            Self::Cluster => 4,
            Self::Output => 5,
            Self::Cancelled => 130,
            Self::Internal => 1,
        }
    }
}

/// Why a job did not finish: a kind, and the error itself.
///
/// `Display` gives the error's own message; [`Failure::paragraph`] adds the
/// causes below it, for people.
pub struct Failure {
    /// What it failed on.
    pub kind: FailureKind,
    source: Box<dyn Error + Send + Sync>,
}

impl Failure {
    /// A failure of this kind. The error may be an error or a message.
    pub fn new(kind: FailureKind, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind,
            source: error.into(),
        }
    }

    /// The request makes no sense.
    pub fn usage(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(FailureKind::Usage, error)
    }

    /// The input cannot be used.
    pub fn bad_input(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(FailureKind::BadInput, error)
    }

    /// Anything else.
    pub fn internal(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(FailureKind::Internal, error)
    }

    /// The exit code of a process that ends with this failure.
    pub const fn exit_code(&self) -> u8 {
        self.kind.exit_code()
    }

    /// The error with the causes below it, in one paragraph. A cause that its
    /// parent already tells is not repeated.
    pub fn paragraph(&self) -> String {
        let mut text = self.source.to_string();
        let mut cause = self.source.source();
        while let Some(error) = cause {
            let message = error.to_string();
            if !message.is_empty() && !text.contains(&message) {
                text.push_str(": ");
                text.push_str(&message);
            }
            cause = error.source();
        }
        text
    }

    /// The error as it was, to look at its type.
    pub fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        self.source.as_ref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("kind", &self.kind)
            .field("source", &self.source)
            .finish()
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.source()
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let kind = match &error {
            EngineError::Configuration { .. } | EngineError::Store(_) => FailureKind::Usage,
            EngineError::SchedulerUnreachable { .. }
            | EngineError::SchedulerRefuses { .. }
            | EngineError::Cluster { .. }
            | EngineError::Job { .. } => FailureKind::Cluster,
            EngineError::Read { .. } => FailureKind::BadInput,
            EngineError::Write { .. } => FailureKind::Output,
            _ => FailureKind::Internal,
        };
        Self::new(kind, error)
    }
}

impl From<ArtifactError> for Failure {
    fn from(error: ArtifactError) -> Self {
        let kind = match &error {
            ArtifactError::BadName { .. } => FailureKind::Usage,
            ArtifactError::Format { .. } => FailureKind::BadInput,
            _ => FailureKind::Output,
        };
        Self::new(kind, error)
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::usage(error)
    }
}

impl From<Cancelled> for Failure {
    fn from(error: Cancelled) -> Self {
        Self::new(FailureKind::Cancelled, error)
    }
}
