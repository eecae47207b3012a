//! Bringing rows with the same keys together before they are aggregated.
//!
//! An aggregate of many groups is planned in two phases: one where the rows are, one after the
//! exchange. Where nearly every row of a part is a group of its own there, the first phase only
//! rewrites rows as states, each several times as wide as the row. The functions of groups
//! (`functions::per_group`) belong to such queries; below an aggregate with one of them [`KeyRows`]
//! places a [`Keyed`], and the aggregate finds its groups whole and is planned in one phase, and run
//! on one part of its groups after the other ([`InPartsExec`]). Where the exchange goes through files
//! and networks its rows are packed ([`PackExec`], [`UnpackExec`]).

mod bytes;
pub(crate) mod codec;
mod exchange;
mod exec;
mod held;
mod node;
mod numbered;
mod packed;
mod packer;
mod part;
mod parts;
mod planner;
mod pool;
mod rule;
mod split;
mod words;

pub(crate) use exchange::{PackExec, UnpackExec, pack_exchanges};
pub(crate) use exec::KeyedExec;
pub(crate) use node::Keyed;
pub(crate) use parts::InPartsExec;
pub(crate) use planner::KeyedPlanner;
pub(crate) use rule::KeyRows;
