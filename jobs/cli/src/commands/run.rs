//! `jobs run` and `jobs submit`: a job in this process, or on a cluster.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use data::EventsParams;
use engine::cluster::redact;
use engine::{Access, ClusterListener, ClusterParams, Engine, EngineParams, Mode};
use pipeline::settings::ByteSize;
use pipeline::{CancellationToken, Failure, FailureKind, Finished, Frame, Job, run_job};
use recommendation::Recommendation;
use segmentation::Segmentation;
use serde_json::{Value, json};

use super::{App, open_output, recommendation_summary, segmentation_summary};
use crate::args::{CommonArgs, JobArgs, SubmitArgs};
use crate::output;
use crate::settings::Settings;

/// Runs a job in this process.
pub(super) async fn run(app: &App, job: JobArgs) -> Result<(), Failure> {
    let settings = Settings::of(&job)?;
    let mode = if job.common().standalone {
        Mode::Standalone
    } else {
        Mode::Embedded
    };
    start(app, &job, settings, Place::here(mode)).await
}

/// Runs a job on the cluster of this scheduler.
pub(super) async fn submit(app: &App, cluster: SubmitArgs, job: JobArgs) -> Result<(), Failure> {
    if job.common().standalone {
        return Err(Failure::usage(
            "--standalone runs a job inside this process, and `jobs submit` sends it to a \
             cluster; use `jobs run … --standalone`, or leave --standalone out",
        ));
    }
    let settings = Settings::of(&job)?;
    let scheduler = cluster
        .scheduler
        .clone()
        .or_else(|| settings.scheduler.clone())
        .ok_or_else(|| {
            Failure::usage(
                "no scheduler to submit to; say where it listens with --scheduler URL, such as \
             http://127.0.0.1:50050, with JOBS_SCHEDULER, or as `scheduler` in the settings",
            )
        })?;
    let place = Place {
        mode: Mode::Cluster { scheduler },
        cluster: ClusterParams {
            max_retries: cluster.retries,
            queue_timeout: cluster.queue_timeout,
            stall_timeout: cluster.stall_timeout,
            listener: Some(listener(app)),
        },
        deadline: cluster.deadline,
        access: cluster.access.into(),
    };
    start(app, &job, settings, place).await
}

/// Shows on the console how the cluster's jobs go on.
fn listener(app: &App) -> ClusterListener {
    let reporter = Arc::clone(&app.reporter);
    ClusterListener::new(move |event| reporter.cluster(event))
}

/// Where and how a job runs.
struct Place {
    mode: Mode,
    cluster: ClusterParams,
    deadline: Option<Duration>,
    access: Access,
}

impl Place {
    /// In this process.
    fn here(mode: Mode) -> Self {
        Self {
            mode,
            cluster: ClusterParams::default(),
            deadline: None,
            access: Access::default(),
        }
    }
}

async fn start(app: &App, job: &JobArgs, settings: Settings, place: Place) -> Result<(), Failure> {
    let common = job.common();
    size_pool(settings.threads);
    let events = EventsParams {
        events: common.source.events.clone(),
        mapping: common.source.mapping.clone(),
        latest: common.source.latest,
        max_invalid: settings.max_invalid,
        quick: common.quick,
        seed: settings.seed,
    };
    match job {
        JobArgs::Segmentation(_) => {
            let job = Segmentation {
                events,
                settings: settings.segmentation.clone(),
            };
            let own = json!(settings.segmentation);
            let finished = carry_out(app, common, &settings, own, place, job).await?;
            segmentation_summary::print(&finished.outcome)?;
            print_place(&finished)
        }
        JobArgs::Recommendation(_) => {
            let job = Recommendation {
                events,
                settings: settings.recommendation.clone(),
            };
            let own = json!(settings.recommendation);
            let finished = carry_out(app, common, &settings, own, place, job).await?;
            recommendation_summary::print(&finished.outcome)?;
            print_place(&finished)?;
            recommendation_summary::print_question(&finished.outcome, &common.output)
        }
    }
}

/// Gives the mathematics as many threads as the engine. The first job of a process decides: its pool
/// is the process's.
fn size_pool(threads: Option<usize>) {
    // 0 threads are refused by the engine, with a message.
    let Some(threads) = threads.filter(|threads| *threads > 0) else {
        return;
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    if let Err(error) = pool.build_global() {
        tracing::debug!(%error, "the pool of threads stays as it is");
    }
}

/// Where a run is.
fn print_place<O>(finished: &Finished<O>) -> Result<(), Failure> {
    output::line(&format!("run     {}", finished.run.manifest.run_id))?;
    output::line(&format!(
        "report  {}/report.html",
        finished.run.url.trim_end_matches('/')
    ))
}

/// Opens engine and output, runs the job within its frame, and closes the engine however it ends.
/// `own` are the settings of the job itself.
async fn carry_out<J: Job>(
    app: &App,
    common: &CommonArgs,
    settings: &Settings,
    own: Value,
    place: Place,
    job: J,
) -> Result<Finished<J::Outcome>, Failure> {
    let output = open_output(&common.output)?;
    let cancel = with_deadline(app, place.deadline);
    let parameters = parameters(common, settings, own, &place.mode);
    let opened = Engine::open(EngineParams {
        mode: place.mode,
        threads: settings.threads,
        memory_limit_bytes: settings.memory_limit.map(ByteSize::as_usize),
        work_dir: settings.work_dir.clone(),
        cluster: place.cluster,
        access: place.access,
        ..EngineParams::default()
    });
    let engine = app.or_cancelled(async { Ok(opened.await?) }).await?;
    let frame = Frame {
        engine: engine.clone(),
        output,
        started: now(),
        input: json!([common.source.events, common.source.mapping]).to_string(),
        parameters,
        seed: settings.seed,
        as_of: common.as_of,
        versions: versions(),
        reporter: app.reporter.clone(),
        cancel: cancel.clone(),
    };
    let finished = run_job(job, frame).await;
    engine.close().await;
    match place.deadline {
        Some(deadline) if cancel.is_cancelled() && !app.cancel.is_cancelled() => {
            finished.map_err(|failure| late(deadline, &failure))
        }
        _ => finished,
    }
}

/// A token that is cancelled with the program, and once the deadline has passed.
fn with_deadline(app: &App, deadline: Option<Duration>) -> CancellationToken {
    let cancel = app.cancel.child_token();
    if let Some(deadline) = deadline {
        let late = cancel.clone();
        tokio::spawn(async move {
            tokio::time::sleep(deadline).await;
            late.cancel();
        });
    }
    cancel
}

/// A job that was given up because it took too long.
fn late(deadline: Duration, failure: &Failure) -> Failure {
    let deadline = humantime::format_duration(deadline);
    Failure::new(
        FailureKind::Cluster,
        format!("the deadline of {deadline} has passed ({failure})"),
    )
}

/// What a reader of the manifest needs to run the job again; widths and limits are left out,
/// because they change nothing.
fn parameters(common: &CommonArgs, settings: &Settings, own: Value, mode: &Mode) -> Value {
    let mode = match mode {
        Mode::Embedded => "embedded",
        Mode::Standalone => "standalone",
        Mode::Cluster { .. } => "cluster",
    };
    // The signature of a signed URL is a secret.
    let events: Vec<_> = common.source.events.iter().map(|url| redact(url)).collect();
    json!({
        "events": events,
        "mapping": common.source.mapping,
        "latest": common.source.latest,
        "max_invalid": settings.max_invalid,
        "as_of": common.as_of,
        "quick": common.quick,
        "mode": mode,
        "settings": own,
    })
}

fn versions() -> BTreeMap<String, String> {
    let mut versions = engine::versions();
    versions.insert("clientele".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    versions
}

/// The present moment, to name the run; nothing that is computed depends on it.
#[expect(clippy::disallowed_methods, reason = "the binary reads the clock")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
