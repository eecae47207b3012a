use std::any::Any;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use artifacts::{Committed, ManifestHeader, Output, RunWriter};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use engine::Engine;
use futures::FutureExt;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span, error_span, field};

use crate::{Cancelled, Failure, JobContext, Reporter};

/// How often a run that is still going says so (see [`RunWriter::touch`]).
const TOUCH_EVERY: Duration = Duration::from_secs(3600);
/// How long the removal of an unfinished run may take before the process goes
/// on without it; the next run of the job sweeps what stays.
const ABORT_WAIT: Duration = Duration::from_secs(15);

/// Something that reads data and leaves a run.
#[async_trait]
pub trait Job: Send + Sync {
    /// What it found, for the caller to print; everything worth keeping is in
    /// the run.
    type Outcome: Send;
    /// Its errors.
    type Error: Into<Failure> + Send;

    /// The job's name, which is also its folder in the output.
    fn name(&self) -> &'static str;

    /// The names of its steps, in order.
    fn steps(&self) -> &'static [&'static str];

    /// Does the work, step by step ([`JobContext::step`]), and writes the
    /// results into `context.run`.
    async fn run(&self, context: &JobContext) -> Result<Self::Outcome, Self::Error>;
}

/// What surrounds a job.
pub struct Frame {
    /// Where queries run.
    pub engine: Engine,
    /// Where the run goes.
    pub output: Output,
    /// The present time (UTC); the end is this plus the time that passed.
    pub started: DateTime<Utc>,
    /// What names the input before it is read (its URLs and mapping): part of
    /// what the run's name carries a hash of.
    pub input: String,
    /// All parameters, defaults included: recorded in the manifest, and the
    /// other part of the run's name.
    pub parameters: serde_json::Value,
    /// The seed of everything random.
    pub seed: u64,
    /// The moment the data is looked at from, when the user gave one.
    pub as_of: Option<DateTime<Utc>>,
    /// Versions of the program and of the engines it stands on.
    pub versions: BTreeMap<String, String>,
    /// Where progress goes.
    pub reporter: Arc<dyn Reporter>,
    /// Cancelled when the user stops the job.
    pub cancel: CancellationToken,
}

/// A job that is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished<O> {
    /// What it found.
    pub outcome: O,
    /// The run it left.
    pub run: Committed,
    /// How long it took.
    pub elapsed: Duration,
}

/// Runs a job within its frame: begins a run, runs the steps, commits.
///
/// After an error, a panic or a cancellation the run is removed and nothing is
/// left in the output. A cancellation takes effect at once, wherever the job
/// is, up to the commit; the commit itself is finished.
///
/// # Errors
/// [`Failure`], with the kind that decides the exit code. A panic becomes
/// [`crate::FailureKind::Internal`] and names the step.
pub async fn run_job<J: Job>(job: J, frame: Frame) -> Result<Finished<J::Outcome>, Failure> {
    let span = error_span!("job", name = job.name(), run_id = field::Empty);
    run_in_frame(job, frame).instrument(span).await
}

async fn run_in_frame<J: Job>(job: J, frame: Frame) -> Result<Finished<J::Outcome>, Failure> {
    let began = Instant::now();
    let question = format!("{}\n{}", frame.input, frame.parameters);
    let cancelled = frame.cancel.clone();
    let begin = frame.output.begin(job.name(), frame.started, &question);
    tokio::pin!(begin);
    let run: RunWriter = tokio::select! {
        biased;
        () = cancelled.cancelled() => {
            // Dropped halfway, it would leave its claim behind.
            if let Ok(Ok(run)) = tokio::time::timeout(ABORT_WAIT, begin).await {
                abort(run).await;
            }
            return Err(Cancelled { step: None }.into());
        }
        run = &mut begin => run?,
    };
    Span::current().record("run_id", field::display(run.id()));
    tracing::info!(run = %run.id(), url = run.url(), "run begun");
    let context = JobContext {
        engine: frame.engine,
        run,
        seed: frame.seed,
        as_of: frame.as_of,
        reporter: frame.reporter,
        cancel: frame.cancel,
        steps: job.steps(),
        state: Mutex::default(),
    };
    let result = guarded(&job, &context).await;
    let state = std::mem::take(&mut *context.state());
    match result {
        Ok(outcome) => {
            let elapsed = began.elapsed();
            let header = ManifestHeader {
                finished: frame.started + TimeDelta::from_std(elapsed).unwrap_or_default(),
                parameters: frame.parameters,
                seed: frame.seed,
                input_fingerprint: state.input_fingerprint.unwrap_or_default(),
                versions: frame.versions,
                timings: state.timings,
            };
            let run = context.run.commit(header).await?;
            tracing::info!(
                url = run.url,
                seconds = elapsed.as_secs_f64(),
                "run committed"
            );
            Ok(Finished {
                outcome,
                run,
                elapsed,
            })
        }
        Err(failure) => {
            let kind = failure.kind;
            tracing::error!(
                error = failure.paragraph(),
                ?kind,
                step = state.current,
                "job failed"
            );
            abort(context.run).await;
            Err(failure)
        }
    }
}

/// The job's body with everything that can end it: its own result, a panic,
/// a cancellation.
async fn guarded<J: Job>(job: &J, context: &JobContext) -> Result<J::Outcome, Failure> {
    let body = AssertUnwindSafe(job.run(context)).catch_unwind();
    tokio::pin!(body);
    let mut touch = tokio::time::interval(TOUCH_EVERY);
    touch.tick().await;
    loop {
        tokio::select! {
            biased;
            // Leaving this function drops the body where it stands.
            () = context.cancel.cancelled() => return Err(context.cancelled().into()),
            result = &mut body => return match result {
                Ok(Ok(outcome)) => Ok(outcome),
                // Whatever an interrupted part says of itself, the user
                // stopped it.
                Ok(Err(_)) if context.cancel.is_cancelled() => Err(context.cancelled().into()),
                Ok(Err(error)) => Err(error.into()),
                Err(panic) => Err(panicked(context.current_step(), panic.as_ref())),
            },
            _ = touch.tick() => {
                if let Err(error) = context.run.touch().await {
                    tracing::warn!(%error, "cannot say that the run is still going");
                }
            }
        }
    }
}

fn panicked(step: Option<&str>, panic: &(dyn Any + Send)) -> Failure {
    let said = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let place = step.map_or_else(
        || "outside any step".to_owned(),
        |s| format!("in the step `{s}`"),
    );
    Failure::internal(format!(
        "the program failed {place} ({said}); this is a mistake in the program, please report it \
         with the log"
    ))
}

async fn abort(run: RunWriter) {
    let url = run.url();
    match tokio::time::timeout(ABORT_WAIT, run.abort()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, url, "an unfinished run could not be removed"),
        Err(_) => tracing::warn!(
            url,
            "an unfinished run is not removed yet; the next one will"
        ),
    }
}
