//! Recommendation: what to show each customer next, learned from the event log.
//!
//! Belongs here: what an event says about a preference, how settings are chosen and tested, the
//! order of the steps, their settings and files, and asking a finished run ([`serving`]). Does not
//! belong here: SQL (`sql`), reading events (`data`), mathematics on plain arrays (`algorithms`),
//! drawing (`charts`), how a run is kept (`artifacts`) or carried out (`pipeline`).
//!
//! The way of a run: events → one score per customer and product → cross-validation over a grid →
//! a test on the latest events against baselines → a model fitted on everything → the best products
//! for each customer → [`Outcome`], plain values from which report and charts are written.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod error;
pub mod evaluation;
mod examples;
mod files;
mod ids;
mod interactions;
mod job;
mod keep;
mod model;
mod notes;
pub mod outcome;
mod output;
mod popular;
mod products;
mod reach;
mod report;
mod segments;
pub mod serving;
mod settings;
mod tables;
mod training;

pub use error::{RecommendationError, TableError};
pub use files::{
    CV, DATA_QUALITY, INTERACTIONS, ITEM_FACTORS, METRICS, MODEL, POPULAR, PRODUCTS, QUARANTINE,
    RECOMMENDATIONS, REPORT, SEGMENTS, USER_FACTORS,
};
pub use ids::{IdError, IdMap, ItemIndex, UserIndex};
pub use interactions::{Pair, PairTable};
pub use job::Recommendation;
pub use model::{MODEL_FORMAT, MODEL_VERSION, RecommendationModel};
pub use outcome::Outcome;
pub use settings::{
    ArithmeticChoice, DEFAULT_SETTINGS, Evaluation, EventWeights, ExplicitGrid, FeedbackChoice,
    FeedbackKind, FoldChoice, ImplicitGrid, RecommendationSettings, SelectBy, SettingError,
};
pub use tables::{FactorTable, read_items};
pub use training::JOB;
