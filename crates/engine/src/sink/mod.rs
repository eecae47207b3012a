//! Writing a table by all tasks at once.
//!
//! A [`Sink`] node above a query stands for "write its rows below this folder". Its operator,
//! [`SinkExec`], keeps the partitions of the query: each becomes one Parquet file, written where the
//! partition runs, and one row that tells the file's name, rows and bytes. Who asked for the table
//! collects these rows; the files they name, and no others, are the table
//! ([`Attempt`](attempt::Attempt)).
//!
//! A cluster runs a task again when it failed, numbers a task's partitions from zero, and may forget
//! a task that still runs. So a name holds the attempt to write the table, the task's own identity
//! and the partition within the task: no two writers share one, and a file nobody reports is
//! litter that goes with the attempt.

pub(crate) mod attempt;
pub(crate) mod codec;
mod exec;
pub(crate) mod files;
mod node;
mod part;
mod planner;
mod upload;

pub(crate) use exec::SinkExec;
pub(crate) use node::Sink;
pub(crate) use planner::SinkPlanner;

#[cfg(test)]
mod tests;
