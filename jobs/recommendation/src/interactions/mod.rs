//! What the events say: one score per customer and product.

mod learned;
mod load;
mod moment;
mod order;
mod pairs;
mod places;
mod seen;
mod table;

pub(crate) use learned::learned;
pub(crate) use load::{Window, interactions, log_facts, pairs, products, split_moment};
pub use pairs::{Pair, PairTable};
pub(crate) use places::Places;
pub(crate) use seen::Seen;
pub(crate) use table::{Rows, Scoring};
