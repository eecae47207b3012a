//! Which jobs were given up, and why.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ballista_core::JobId;
use ballista_scheduler::state::task_manager::JobInfoCache;

/// Jobs that are remembered; older ones are forgotten, as the scheduler itself forgets ended jobs.
const REMEMBERED: usize = 10_000;

/// Why a job was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// An executor went that the job had tasks or outputs on.
    ExecutorLost {
        /// The executor.
        executor: String,
    },
    /// Somebody asked for it.
    Asked,
    /// Its client was not heard of any more.
    ClientGone,
}

impl Reason {
    /// Whether to send the same query again is worth it.
    pub(crate) fn retry(&self) -> bool {
        // A client that was only held up finds its job given up when it comes back.
        matches!(self, Self::ExecutorLost { .. } | Self::ClientGone)
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ExecutorLost { executor } => write!(
                f,
                "the executor {executor} was lost while the job had work or results on it"
            ),
            Self::Asked => f.write_str("somebody cancelled it at the scheduler"),
            Self::ClientGone => f.write_str("nothing was heard of its client any more"),
        }
    }
}

/// The jobs given up, and those that a client attends. Cloning gives the same ledger.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    entries: Arc<Mutex<Entries>>,
}

#[derive(Debug, Default)]
struct Entries {
    reasons: HashMap<JobId, Reason>,
    order: VecDeque<JobId>,
    /// When the client of a job was last heard of.
    attended: HashMap<JobId, Instant>,
}

impl Ledger {
    /// Records why a job is given up; the first reason stands.
    pub(crate) fn record(&self, job: &JobId, reason: Reason) {
        let mut entries = self.entries();
        if entries.reasons.contains_key(job) {
            return;
        }
        entries.reasons.insert(job.clone(), reason);
        entries.order.push_back(job.clone());
        if entries.order.len() > REMEMBERED
            && let Some(oldest) = entries.order.pop_front()
        {
            entries.reasons.remove(&oldest);
        }
    }

    /// Why a job was given up; nothing for a job that was not.
    pub(crate) fn reason(&self, job: &JobId) -> Option<Reason> {
        self.entries().reasons.get(job).cloned()
    }

    /// The client of the job is there. From now on it must be heard of again and again.
    pub(crate) fn attend(&self, job: &JobId) {
        self.entries().attended.insert(job.clone(), Instant::now());
    }

    /// Forgets all attended jobs but these, and gives those whose client was silent for `longest`.
    pub(crate) fn abandoned(
        &self,
        running: &HashMap<JobId, JobInfoCache>,
        longest: Duration,
    ) -> Vec<JobId> {
        let mut entries = self.entries();
        entries.attended.retain(|job, _| running.contains_key(job));
        let silent = |heard: &Instant| heard.elapsed() > longest;
        let attended = entries.attended.iter();
        attended
            .filter(|(_, heard)| silent(heard))
            .map(|(job, _)| job.clone())
            .collect()
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Entries> {
        // Whole after every statement that could panic.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_stands_and_the_oldest_is_forgotten() {
        let ledger = Ledger::default();
        let lost = Reason::ExecutorLost {
            executor: "e".to_owned(),
        };
        let job = |n: usize| JobId::from(format!("j{n}"));
        ledger.record(&job(0), lost.clone());
        ledger.record(&job(0), Reason::Asked);
        assert_eq!(ledger.reason(&job(0)), Some(lost));
        for n in 1..=REMEMBERED {
            ledger.record(&job(n), Reason::Asked);
        }
        assert_eq!(ledger.reason(&job(0)), None);
        assert_eq!(ledger.reason(&job(1)), Some(Reason::Asked));
        assert!(!Reason::Asked.retry());
    }
}
