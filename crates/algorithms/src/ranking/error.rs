use thiserror::Error;

/// Why a measure could not be computed.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum RankingError {
    /// Two lists that belong together differ in length.
    #[error("{left} {left_name} were given for {right} {right_name}")]
    Length {
        /// Length of the first.
        left: usize,
        /// What the first holds.
        left_name: &'static str,
        /// Length of the second.
        right: usize,
        /// What the second holds.
        right_name: &'static str,
    },
    /// There is nothing to take a mean of.
    #[error("there is nothing to evaluate: no user has a relevant item, or no score was given")]
    Nothing,
    /// A value is NaN or infinite.
    #[error("value {index} is not a finite number")]
    NonFinite {
        /// Its index.
        index: usize,
    },
    /// A bootstrap parameter is outside its range.
    #[error("{name} is {value}, but must be {range}")]
    Params {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        range: &'static str,
    },
    /// An item index is not below the number of items.
    #[error("item index {index} is out of range: there are {n} items")]
    OutOfRange {
        /// The index.
        index: u32,
        /// Number of items.
        n: usize,
    },
}
