//! Our SQL functions. Each is registered by name on every role, so a plan that
//! names one decodes wherever it lands.
//!
//! | function | result |
//! | --- | --- |
//! | `parse_utc(text)` | `timestamp(us, UTC)`, null when the text is not an instant |
//! | `unit_hash(id, seed)` | `double` in [0, 1), the same for the same id and seed for ever |
//!
//! The aggregate `latest(value, time)` gives what was said last. The others (`distinct_of`, `tally`,
//! `favourite`, `latest_start`, `ledger`) look at each group as a whole; `per_group` has them.

mod groups;
mod latest;
mod parse_utc;
mod per_group;
mod unit_hash;

use std::sync::Arc;

use datafusion::logical_expr::{AggregateUDF, ScalarUDF};

pub use parse_utc::{ParseUtc, parse_utc};
pub(crate) use per_group::is_per_group;
pub use unit_hash::{UnitHash, unit_hash_i64, unit_hash_str};

/// Every scalar function of ours.
pub fn scalar_functions() -> Vec<Arc<ScalarUDF>> {
    vec![
        Arc::new(ScalarUDF::from(ParseUtc::default())),
        Arc::new(ScalarUDF::from(UnitHash::default())),
    ]
}

/// Every aggregate of ours.
pub fn aggregate_functions() -> Vec<Arc<AggregateUDF>> {
    let mut functions = per_group::functions();
    functions.push(latest::latest());
    functions
}
