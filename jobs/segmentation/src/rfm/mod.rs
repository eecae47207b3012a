//! Recency, frequency and monetary value: five-step scores and the segments made of them.
//!
//! * `recency_days`: whole days from a customer's last purchase to `as_of`;
//! * `frequency`: distinct orders with a purchase;
//! * `monetary`: purchases minus returns, exact.
//!
//! [`RfmModel`] holds the cut points and scores by them; [`SegmentTable`] turns three scores into a
//! named segment. A user who never bought has no scores and belongs to [`PROSPECT`].

mod analysis;
mod model;
mod segments;

pub(crate) use analysis::analyse;
pub use model::{CutPoints, ModelFileError, RfmModel, Scores};
pub use segments::{Segment, SegmentTable, SegmentTableError};

/// How many steps each score has.
pub const STEPS: usize = 5;

/// The segment of users who never bought.
pub const PROSPECT: &str = "Prospect";

/// What a customer is scored by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RfmValues {
    /// Whole days from the last purchase to `as_of`, never negative.
    pub recency_days: i64,
    /// Distinct orders with a purchase, at least 1.
    pub frequency: i64,
    /// Purchases minus returns; can be negative.
    pub monetary: crate::money::Money,
}

#[cfg(test)]
mod tests;
