//! Every SQL text of the project, one `.sql` file per relation, and nothing else.
//!
//! Belongs here: the files under `staging/`, `features/`, `quality/` and `recommendation/`, this catalogue of them,
//! and [`Query::render`], which splices the few parts that cannot be bound (the expressions of a
//! mapping). Does not belong here: a connection, a table name known only at run time, a value.
//! Values are bound by the engine as `$name` parameters and are never spliced.
//!
//! Every file begins with four header lines, which a test enforces:
//!
//! ```sql
//! -- purpose: what the relation is for
//! -- grain: what one row is
//! -- params: the $parameters and {{parts}} it takes, or none
//! -- reads: the tables it reads
//! ```
//!
//! The texts run unchanged on DataFusion and on Ballista: no in-memory tables, no recursion, no
//! table functions, and no `count(distinct …)` per user. Distinct things are counted by grouping
//! twice, so that memory stays bounded and aggregates can spill. Sums are taken over integers and
//! decimals only, and every tie is broken explicitly, so that no partitioning shows in a result.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod query;

pub mod features;
pub mod quality;
pub mod recommendation;
pub mod staging;

pub use query::{Query, SqlError};

/// Every query of the catalogue, in the order in which a job would run them.
pub const ALL: &[Query] = &[
    staging::CATALOGUE_PRODUCTS,
    staging::SOURCE_WITH_CATALOGUE,
    staging::MAPPING_TYPES,
    staging::STG_ROWS,
    quality::ACCOUNT,
    quality::DISTINCT_VALUES,
    quality::EXAMPLES,
    quality::DUPLICATE_ROWS,
    quality::CATALOGUE_ACCOUNT,
    staging::EVENTS,
    staging::EVENTS_DEDUPLICATED,
    staging::REJECTED,
    quality::QUARANTINE,
    features::LAST_EVENT,
    features::EVENTS_AFTER,
    features::USER_FEATURES,
    features::SEGMENT_MONTHS,
    recommendation::LOG_FACTS,
    recommendation::EVENT_TIMES,
    recommendation::PAIRS,
    recommendation::INTERACTIONS,
    recommendation::PRODUCTS,
    recommendation::USER_SEGMENTS,
    recommendation::ALLOWED_PRODUCTS,
];
