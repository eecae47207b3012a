//! The feature table: the queries that make it, its columns, and its rows sorted by customer.

mod columns;
mod customers;
mod load;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

pub use columns::{BehaviourColumn, Measure, Theme};
pub(crate) use customers::normal_id;
pub use customers::{Customers, FeatureError};
pub use load::LoadError;
pub(crate) use load::{buying_months, feature_table};
