//! The tables of factors and recommendations, to and from Arrow.

mod factors;
mod lists;
#[cfg(test)]
mod tests;

pub use factors::{FactorTable, read_items};
pub(crate) use factors::{factor_row, read_item_table, write_items, write_users};
pub(crate) use lists::write_recommendations;
