use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use artifacts::{RunWriter, StepTiming};
use chrono::{DateTime, Utc};
use engine::Engine;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};

use crate::Reporter;

/// What a job works with: the engine, the run it writes, and the frame around
/// its steps.
pub struct JobContext {
    /// Where queries run.
    pub engine: Engine,
    /// Where results go.
    pub run: RunWriter,
    /// The seed of everything random.
    pub seed: u64,
    /// The moment the data is looked at from, when the user gave one.
    pub as_of: Option<DateTime<Utc>>,
    pub(crate) reporter: Arc<dyn Reporter>,
    pub(crate) cancel: CancellationToken,
    pub(crate) steps: &'static [&'static str],
    pub(crate) state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) current: Option<&'static str>,
    pub(crate) timings: Vec<StepTiming>,
    pub(crate) input_fingerprint: Option<String>,
}

/// What a step gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done<T> {
    /// The result.
    pub value: T,
    /// How many rows it made, where that means something.
    pub rows: Option<u64>,
}

impl<T> Done<T> {
    /// A result that is not counted in rows.
    pub fn new(value: T) -> Self {
        Self { value, rows: None }
    }

    /// A result of this many rows.
    pub fn rows(value: T, rows: u64) -> Self {
        Self {
            value,
            rows: Some(rows),
        }
    }
}

/// The user stopped the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled {
    /// The step it was in.
    pub step: Option<&'static str>,
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Some(step) => write!(
                f,
                "cancelled during the step `{step}`; nothing was left behind"
            ),
            None => f.write_str("cancelled; nothing was left behind"),
        }
    }
}

impl std::error::Error for Cancelled {}

impl JobContext {
    /// Runs one step: reports it, times it (the timing goes into the
    /// manifest), wraps it in a tracing span, and drops it when the job is
    /// cancelled.
    ///
    /// Names are those the job lists ([`crate::Job::steps`]), in that order.
    /// The body must not hold up its thread: long CPU work goes through
    /// [`Self::compute`].
    ///
    /// # Errors
    /// The body's own, and [`Cancelled`] as the body's error type.
    pub async fn step<T, E, F>(&self, name: &'static str, body: F) -> Result<T, E>
    where
        F: Future<Output = Result<Done<T>, E>>,
        E: From<Cancelled>,
    {
        self.check()?;
        let (index, total) = self.place(name);
        let outer = self.state().current.replace(name);
        self.engine.name_jobs(&format!("{}/{name}", self.run.id()));
        self.reporter.step_started(name, index, total);
        let span = info_span!("step", name);
        let began = Instant::now();
        let done = tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(self.cancelled().into()),
            done = body.instrument(span.clone()) => done,
        };
        let elapsed = began.elapsed();
        let seconds = elapsed.as_secs_f64();
        match done {
            Ok(Done { value, rows }) => {
                span.in_scope(|| tracing::info!(seconds, rows, "step finished"));
                self.reporter.step_finished(name, rows, elapsed);
                let mut state = self.state();
                let step = name.to_owned();
                state.timings.push(StepTiming {
                    step,
                    seconds,
                    rows,
                });
                state.current = outer;
                Ok(value)
            }
            // The step stays the current one: it is where the job failed.
            Err(error) => {
                span.in_scope(|| tracing::info!(seconds, "step did not finish"));
                Err(error)
            }
        }
    }

    /// Runs CPU work on a thread of its own, so that progress and cancellation
    /// go on meanwhile. On a cancellation this returns at once and the thread
    /// is left to end by itself; it keeps neither the runtime nor the process
    /// from ending. A panic of the work goes on in the caller.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Cancelled> {
        self.check()?;
        let (sender, answer) = oneshot::channel();
        let span = tracing::Span::current();
        // A runtime waits for its blocking threads when it is dropped, which
        // would hold up Ctrl-C; nothing waits for a plain thread.
        let thread = std::thread::Builder::new()
            .name("compute".to_owned())
            .spawn(move || {
                let result = span.in_scope(|| catch_unwind(AssertUnwindSafe(work)));
                // Nobody listens after a cancellation.
                let _ = sender.send(result);
            });
        if let Err(error) = thread {
            resume_unwind(Box::new(format!("cannot start a thread: {error}")));
        }
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(self.cancelled()),
            result = answer => match result {
                Ok(Ok(value)) => Ok(value),
                Ok(Err(panic)) => resume_unwind(panic),
                Err(_) => resume_unwind(Box::new("a compute thread ended without an answer")),
            },
        }
    }

    /// Returns an error once the job is cancelled; for loops.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn check(&self) -> Result<(), Cancelled> {
        match self.cancel.is_cancelled() {
            true => Err(self.cancelled()),
            false => Ok(()),
        }
    }

    /// The token that is cancelled when the user stops the job, for CPU work
    /// that wants to stop early.
    pub fn cancel_token(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Tells the user something, in one sentence.
    pub fn note(&self, text: &str) {
        tracing::info!(text, "note");
        self.reporter.note(text);
    }

    /// Records what identifies the input that was read (SHA-256, hexadecimal);
    /// goes into the manifest.
    pub fn set_input_fingerprint(&self, sha256: impl Into<String>) {
        self.state().input_fingerprint = Some(sha256.into());
    }

    /// The step that is running, or that failed.
    pub(crate) fn current_step(&self) -> Option<&'static str> {
        self.state().current
    }

    pub(crate) fn cancelled(&self) -> Cancelled {
        Cancelled {
            step: self.current_step(),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A panic in a step ends the job, not the record of it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Index from 1 and total; a step that is not listed comes next.
    fn place(&self, name: &str) -> (usize, usize) {
        let listed = self.steps.iter().position(|step| *step == name);
        let index = listed.unwrap_or_else(|| self.state().timings.len()) + 1;
        (index, self.steps.len().max(index))
    }
}

impl fmt::Debug for JobContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobContext")
            .field("engine", &self.engine)
            .field("run", &self.run.id())
            .field("seed", &self.seed)
            .field("as_of", &self.as_of)
            .finish_non_exhaustive()
    }
}
