//! What the reports of all jobs have in common: how numbers and words are written, the frame of the
//! page and the sections that every run has.
//!
//! Belongs here: presentation that knows nothing of a job's results, as plain strings for
//! templates, and the shared templates themselves (`templates/shared`, found through the
//! `askama.toml` of a job). Does not belong here: what a job found and how it is told (the jobs),
//! drawing (`charts`), counting rows (`data`).
//!
//! A report is one self-contained HTML file without scripts or requests: it opens from a mail
//! attachment, prints, and fits a phone. Text from outside passes [`words`], and templates escape
//! it.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod account;
mod assessment;
mod figures;
mod frame;
mod headline;
pub mod markup;
pub mod notes;
pub mod numbers;
mod period;
mod reproduce;
pub mod words;

pub use account::{AccountRow, AccountView, Reason};
pub use assessment::Assessment;
pub use figures::{FigureView, Figures};
pub use frame::{Head, ReportFrame};
pub use headline::{Fact, Finding, Headline, sample_notice};
pub use period::Period;
pub use reproduce::{ReproduceView, Rerun};
