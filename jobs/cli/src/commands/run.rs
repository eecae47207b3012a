//! `jobs run` and `jobs submit`: a job in this process, or on a cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use data::EventsParams;
use engine::{Engine, Mode};
use pipeline::{Failure, Finished, Frame, Job, run_job};
use segmentation::{Outcome, Segmentation};
use serde_json::json;

use super::{App, open_engine, open_output};
use crate::args::{CommonArgs, JobArgs, SegmentationArgs};
use crate::output;
use crate::settings::Settings;

/// Runs a job in this process.
pub(super) async fn run(app: &App, job: JobArgs) -> Result<(), Failure> {
    match job {
        JobArgs::Segmentation(args) => {
            let settings = Settings::of_segmentation(&args)?;
            let mode = if args.common.standalone {
                Mode::Standalone
            } else {
                Mode::Embedded
            };
            segment(app, *args, settings, mode).await
        }
    }
}

/// Runs a job on the cluster of this scheduler.
pub(super) async fn submit(
    app: &App,
    scheduler: Option<String>,
    job: JobArgs,
) -> Result<(), Failure> {
    match job {
        JobArgs::Segmentation(args) => {
            if args.common.standalone {
                return Err(Failure::usage(
                    "--standalone runs a job inside this process, and `jobs submit` sends it to a \
                     cluster; use `jobs run … --standalone`, or leave --standalone out",
                ));
            }
            let settings = Settings::of_segmentation(&args)?;
            let scheduler = scheduler.or_else(|| settings.scheduler.clone()).ok_or_else(|| {
                Failure::usage(
                    "no scheduler to submit to; say where it listens with --scheduler URL, such \
                     as http://127.0.0.1:50050, with JOBS_SCHEDULER, or as `scheduler` in the \
                     settings",
                )
            })?;
            segment(app, *args, settings, Mode::Cluster { scheduler }).await
        }
    }
}

async fn segment(
    app: &App,
    args: SegmentationArgs,
    settings: Settings,
    mode: Mode,
) -> Result<(), Failure> {
    let common = args.common;
    let events = EventsParams {
        events: common.source.events.clone(),
        mapping: common.source.mapping.clone(),
        latest: common.source.latest,
        max_invalid: settings.max_invalid,
        quick: common.quick,
        seed: settings.seed,
    };
    let job = Segmentation {
        events,
        settings: settings.segmentation.clone(),
    };
    let finished = carry_out(app, &common, &settings, mode, job).await?;
    print(&finished)
}

/// Opens engine and output, runs the job within its frame, and closes the engine however it ends.
pub(super) async fn carry_out<J: Job>(
    app: &App,
    common: &CommonArgs,
    settings: &Settings,
    mode: Mode,
    job: J,
) -> Result<Finished<J::Outcome>, Failure> {
    let output = open_output(&common.output)?;
    let parameters = parameters(common, settings, &mode);
    let opened = open_engine(
        mode,
        settings.threads,
        settings.memory_limit,
        settings.work_dir.clone(),
    );
    let engine: Engine = tokio::select! {
        engine = opened => engine?,
        () = app.cancel.cancelled() => return Err(app.cancelled()),
    };
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
        cancel: app.cancel.clone(),
    };
    let finished = run_job(job, frame).await;
    engine.close().await;
    finished
}

/// What a reader of the manifest needs to run the job again; widths and limits are left out,
/// because they change nothing.
fn parameters(common: &CommonArgs, settings: &Settings, mode: &Mode) -> serde_json::Value {
    let mode = match mode {
        Mode::Embedded => "embedded",
        Mode::Standalone => "standalone",
        Mode::Cluster { .. } => "cluster",
    };
    json!({
        "events": common.source.events,
        "mapping": common.source.mapping,
        "latest": common.source.latest,
        "max_invalid": settings.max_invalid,
        "as_of": common.as_of,
        "quick": common.quick,
        "mode": mode,
        "settings": settings.segmentation,
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

/// Prints what was found and where it is.
fn print(finished: &Finished<Arc<Outcome>>) -> Result<(), Failure> {
    let outcome = &finished.outcome;
    let mut table = output::table(&["segment", "customers", "share", "revenue"]);
    for segment in outcome
        .rfm
        .segments
        .iter()
        .filter(|segment| segment.size.customers > 0)
    {
        table.add_row([
            segment.name.clone(),
            output::count(segment.size.customers),
            format!("{:.1} %", 100.0 * segment.size.share),
            format!("{:.2}", segment.size.revenue.to_f64()),
        ]);
    }
    output::right_align(&mut table, &[1, 2, 3]);
    output::line(&table.to_string())?;
    let clusters = &outcome.clusters;
    output::line(&format!(
        "{} clusters: {}",
        clusters.n_clusters, clusters.reason
    ))?;
    for cluster in &clusters.clusters {
        let share = 100.0 * cluster.size.share;
        output::line(&format!(
            "  {} {} ({share:.1} %)",
            cluster.cluster, cluster.name
        ))?;
    }
    output::line(&format!("run     {}", finished.run.manifest.run_id))?;
    output::line(&format!(
        "report  {}/report.html",
        finished.run.url.trim_end_matches('/')
    ))
}
