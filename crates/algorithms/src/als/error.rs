use thiserror::Error;

/// A parameter outside its range.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum AlsParamsError {
    /// `factors` was zero or absurdly large.
    #[error("factors is {0}, but must be between 1 and 4096")]
    Factors(usize),
    /// `iterations` was zero.
    #[error("iterations is 0, but at least one iteration is needed")]
    Iterations,
    /// `regularization` was negative, infinite or NaN.
    #[error("regularization is {0}, but must be a finite number that is at least 0")]
    Regularization(f64),
    /// `bias_regularization` was negative, infinite or NaN.
    #[error("bias_regularization is {0}, but must be a finite number that is at least 0")]
    BiasRegularization(f64),
    /// `regularization_exponent` was outside 0 to 1.
    #[error("regularization_exponent is {0}, but must be between 0 and 1")]
    RegularizationExponent(f64),
    /// `alpha` was negative, infinite or NaN.
    #[error("alpha is {0}, but must be a finite number that is at least 0")]
    Alpha(f64),
    /// `unobserved_weight` was not a positive finite number.
    #[error("unobserved_weight is {0}, but must be a finite number above 0")]
    UnobservedWeight(f64),
    /// `init_scale` was not a positive finite number.
    #[error("init_scale is {0}, but must be a finite number above 0")]
    InitScale(f64),
    /// `tol` was negative, infinite or NaN.
    #[error("tol is {0}, but must be a finite number that is at least 0")]
    Tol(f64),
}

/// One of the two sides of the interactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The users.
    User,
    /// The items.
    Item,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Item => "item",
        })
    }
}

/// Why a fit, a fold-in or an explanation was not possible.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum AlsError {
    /// A parameter is outside its range.
    #[error("invalid ALS parameters: {0}")]
    Params(#[from] AlsParamsError),
    /// There is no interaction at all.
    #[error("there is no interaction to learn from")]
    NoInteractions,
    /// Implicit feedback needs something that somebody liked.
    #[error(
        "no score is above 0, so nobody prefers anything; check the weights of the event types, \
         or fit explicit scores"
    )]
    NoPositiveScore,
    /// A score is NaN or infinite.
    #[error(
        "the score of user {user} for item {item} is not a finite number; fill or drop it before \
         fitting"
    )]
    NonFiniteScore {
        /// Index of the user.
        user: u32,
        /// Index of the item.
        item: u32,
    },
    /// An index is not below the number of rows of its side.
    #[error("{side} index {index} is out of range: there are {n} {side}s")]
    OutOfRange {
        /// Side of the index.
        side: Side,
        /// The index.
        index: usize,
        /// Rows of the side.
        n: usize,
    },
    /// Given factors have another shape than needed.
    #[error(
        "the given {side} factors are {found_rows} x {found_columns}, but {rows} x {columns} are \
         needed"
    )]
    Shape {
        /// Side of the factors.
        side: Side,
        /// Rows needed.
        rows: usize,
        /// Columns needed.
        columns: usize,
        /// Rows given.
        found_rows: usize,
        /// Columns given.
        found_columns: usize,
    },
    /// Given biases are missing, superfluous, or not one per row.
    #[error("{found} {side} biases were given, but {expected} are needed")]
    Biases {
        /// Side of the biases.
        side: Side,
        /// Biases needed; 0 for a model without.
        expected: usize,
        /// Biases given.
        found: usize,
    },
    /// A given factor is NaN or infinite.
    #[error("the given factors of {side} {row} hold a value that is not a finite number")]
    NonFiniteFactor {
        /// Side of the factors.
        side: Side,
        /// Index of the row.
        row: usize,
    },
    /// The normal equations of a row have no unique solution.
    #[error(
        "the equations of {side} {row} have no unique solution; raise regularization above 0, or \
         scale down the scores"
    )]
    Singular {
        /// Side of the row.
        side: Side,
        /// Index of the row.
        row: usize,
    },
    /// A score of a folded-in user is NaN or infinite.
    #[error("the score for item {item} is not a finite number")]
    NonFiniteFoldIn {
        /// Index of the item.
        item: u32,
    },
    /// The normal equations of a folded-in user have no unique solution.
    #[error(
        "the equations of the given user have no unique solution; raise regularization above 0, \
         or scale down the scores"
    )]
    SingularFoldIn,
}
