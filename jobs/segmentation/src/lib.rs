//! Customer segmentation: RFM scores, behaviour clusters, and one fused segment per customer.
//!
//! Belongs here: what a segmentation means (scores, segment and fusion tables, names of clusters),
//! the order of its steps, its settings and its files. Does not belong here: SQL (`sql`), reading
//! events (`data`), mathematics on plain arrays (`algorithms`), drawing (`charts`), how a run is
//! kept (`artifacts`) or carried out (`pipeline`).
//!
//! The way of a run: events → one row of features per customer → RFM scores and segments →
//! behaviour clusters → fusion → [`Outcome`], plain values from which every file is written.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod clusters;
mod decision;
mod error;
pub mod features;
pub mod fusion;
mod groups;
mod job;
mod lookup;
mod money;
mod months;
mod notes;
pub mod outcome;
pub mod output;
mod report;
pub mod rfm;
mod rules;
mod settings;

pub use decision::CoverageError;
pub use error::SegmentationError;
pub use job::Segmentation;
pub use lookup::{CustomerProfile, LookupError, lookup};
pub use money::{MONEY_PRECISION, MONEY_SCALE, Money, MoneyError};
pub use outcome::Outcome;
pub use settings::{
    Algorithm, DEFAULT_SETTINGS, KRange, Scale, SegmentationSettings, SettingError,
};
