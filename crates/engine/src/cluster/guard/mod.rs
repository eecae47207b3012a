//! The guard: no result of a job that lost an executor is ever used.
//!
//! When an executor disappears in the middle of a job, Ballista runs the lost tasks again, but
//! what survivors had already handed on stays registered and is read twice: the job succeeds with
//! repeated rows, or never ends. So a job with tasks or outputs on an executor that goes is given
//! up before Ballista hears of the loss, and its client sends it again. Jobs that have nothing
//! there go on, which is what lets an executor leave without harm once nobody needs it.
//!
//! A job whose client has died is given up as well.

mod cancel;
mod clients;
mod ledger;
mod state;

pub(crate) use cancel::routes;
pub(crate) use clients::watch_clients;
pub(crate) use ledger::{Ledger, Reason};
pub(crate) use state::GuardedCluster;
