//! The session: everything that runs SQL, and the only place that knows how.
//!
//! What belongs here: the [`Engine`] facade over three ways of running
//! (embedded, standalone, cluster), the session every role shares
//! ([`session::session_state`]), our own SQL functions, the object stores and
//! their credentials, the codecs that carry plans between processes, limits on
//! memory and messages, and the server side of a cluster ([`cluster`]).
//!
//! What does not: SQL text (the `sql` crate), the meaning of columns (`data`),
//! mathematics (`algorithms`), the frame of a job (`pipeline`). No other crate
//! builds a `SessionContext`, and none but the two daemons sees Ballista.
//!
//! A caller cannot tell which mode it runs on: the same tables and queries give
//! the same rows in all three. Order is part of that only when the query says
//! `ORDER BY`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod cluster;
mod codec;
mod engine;
mod envelope;
mod error;
pub mod functions;
mod keyed;
mod memory;
mod parameters;
mod planner;
mod roots;
pub mod session;
mod sink;
pub mod source;
pub mod stores;
mod tables;
pub mod testing;
mod versions;
mod work;

pub use cluster::{Access, JobStatus};
pub use codec::{EngineLogicalCodec, EnginePhysicalCodec};
pub use datafusion::scalar::ScalarValue;
pub use engine::{Engine, Params, QueryResult, Written};
pub use error::EngineError;
pub use memory::{default_memory_limit_bytes, parse_bytes, total_memory_bytes};
pub use parameters::{
    ClusterEvent, ClusterListener, ClusterParams, DEFAULT_MAX_MESSAGE_SIZE_BYTES, EngineParams,
    Mode,
};
pub use versions::versions;
