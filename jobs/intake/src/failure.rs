use data::DataError;
use pipeline::{Failure, FailureKind};

/// A failure to read or stage events, with the kind that decides the exit code.
pub fn data_failure(error: DataError) -> Failure {
    let kind = match error {
        DataError::Engine(error) => return (*error).into(),
        DataError::Store(_) | DataError::Parameter(_) => FailureKind::Usage,
        DataError::Sql(_) => FailureKind::Internal,
        // What is left is about the files and the mapping that reads them: not found, of another
        // shape, too much of it unusable.
        _ => FailureKind::BadInput,
    };
    Failure::new(kind, error)
}
