//! Where events come from, and what they are worth.
//!
//! What belongs here: finding the files ([`EventsParams::events`]), mappings that turn any source
//! into the event log, the rules that tell usable rows from others, the quarantine and the account
//! of both ([`Account`]), and the simulator of a shop. What does not: parsing files and running
//! queries (the `engine` crate), the text of the queries (`sql`), anything about customers.
//!
//! ```text
//! files ─ SourceTable ─► source_rows (─ catalogue ─► source_with_catalogue)
//!       ─ mapping, rules ─► stg_rows ─┬─► events    what can be used
//!                                     └─► rejected  what cannot, and why
//! ```
//!
//! The columns of `events`: `event_time` timestamp(µs, UTC), `event_type` (`view`, `cart`,
//! `remove_from_cart`, `purchase`, `return`), `user_id` (null = anonymous), `product_id`, `order_id`
//! (nullable; order, invoice or session), `quantity` (positive, also of returns), `unit_price`
//! decimal(18, 4), `category_id`, `category_code`, `brand`, `score` double, `fold` int; all from
//! `order_id` on null when the mapping does not give them, but `quantity`, which is then 1. Ids are
//! bigint or text, as the mapping gives them.
//!
//! Nothing vanishes: `rows_read = used + duplicates + not_sampled + quarantined`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod account;
mod choose;
mod error;
mod files;
mod mapping;
mod resolve;
pub mod simulate;
mod stage;

pub use account::{Account, CatalogueAccount, Example};
pub use error::DataError;
pub use files::DATA_EXTENSIONS;
pub use mapping::BUILT_IN_MAPPINGS;
pub use stage::{EventsParams, Staged, check, stage};
