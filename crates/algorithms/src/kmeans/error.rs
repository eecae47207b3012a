use thiserror::Error;

use crate::points::PointsError;

/// A parameter outside its range.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum KMeansParamsError {
    /// `n_clusters` was zero or more than `u32` can number.
    #[error("n_clusters is {0}, but must be between 1 and {max}", max = u32::MAX)]
    NClusters(usize),
    /// `n_init` was zero.
    #[error("n_init is 0, but at least one start is needed")]
    NInit,
    /// `max_iter` was zero.
    #[error("max_iter is 0, but at least one iteration is needed")]
    MaxIter,
    /// `tol` was negative, infinite or NaN.
    #[error("tol is {0}, but must be a finite number that is at least 0")]
    Tol(f64),
    /// The given centroids are not one per cluster.
    #[error("{found} initial centroids were given for {n_clusters} clusters")]
    InitRows {
        /// The clusters asked for.
        n_clusters: usize,
        /// The centroids given.
        found: usize,
    },
    /// A given centroid holds NaN or infinity.
    #[error("initial centroid {cluster} is not a finite number in column {column}")]
    InitNonFinite {
        /// Index of the centroid.
        cluster: usize,
        /// Index of the column.
        column: usize,
    },
}

/// Why a fit was not possible.
#[derive(Debug, Error)]
pub enum KMeansError {
    /// A parameter is outside its range.
    #[error("invalid K-Means parameters: {0}")]
    Params(#[from] KMeansParamsError),
    /// There is no row.
    #[error("K-Means needs at least one row, but the matrix has none")]
    NoRows,
    /// There is no column.
    #[error("K-Means needs at least one column, but the matrix has none")]
    NoColumns,
    /// A value is NaN or infinite.
    #[error("row {row}, column {column} is not a finite number; fill or drop it before clustering")]
    NonFinite {
        /// Index of the first such row.
        row: usize,
        /// Index of its first such column.
        column: usize,
    },
    /// A value is so large that its square is not a finite number.
    #[error("row {row}, column {column} is too large to be squared ({value:e}); scale the column")]
    TooLarge {
        /// Index of the first such row.
        row: usize,
        /// Index of its first such column.
        column: usize,
        /// The value.
        value: f64,
    },
    /// More clusters than different rows.
    #[error(
        "{n_clusters} clusters were asked for, but there are only {distinct_rows} distinct rows; \
         ask for at most {distinct_rows} clusters"
    )]
    TooFewDistinctRows {
        /// The clusters asked for.
        n_clusters: usize,
        /// The distinct rows there are.
        distinct_rows: usize,
    },
    /// The given centroids have another number of columns than the rows.
    #[error("the initial centroids have {found} columns, but the rows have {expected}")]
    InitColumns {
        /// Columns of the rows.
        expected: usize,
        /// Columns of the given centroids.
        found: usize,
    },
    /// An error of linfa's own dataset handling, for use through its traits.
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
}

impl From<PointsError> for KMeansError {
    fn from(error: PointsError) -> Self {
        match error {
            PointsError::Empty { rows: 0, .. } => Self::NoRows,
            PointsError::Empty { .. } => Self::NoColumns,
            PointsError::NonFinite { row, column } => Self::NonFinite { row, column },
            PointsError::TooLarge { row, column, value } => Self::TooLarge { row, column, value },
        }
    }
}
