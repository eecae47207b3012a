//! The feature table on the driver: its columns, and its rows sorted by customer.

mod columns;
mod customers;

pub use columns::{BehaviourColumn, Measure, Theme};
pub(crate) use customers::normal_id;
pub use customers::{Customers, FeatureError};
