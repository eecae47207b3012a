//! Logs: to the console, and to a rotating file when one is named.

use std::io::IsTerminal;
use std::path::Path;

use anyhow::{Context, Result};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use crate::args::{LogArgs, LogFormat};

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// How many daily files are kept.
const KEPT_FILES: usize = 14;

/// Starts logging. The console shows warnings (more with `-v` or as JSON, where logs are the only
/// account of progress); the file always tells the whole story of a run. `RUST_LOG` overrides
/// both. The guard flushes the file when dropped.
pub(crate) fn start(args: &LogArgs) -> Result<Option<WorkerGuard>> {
    // Why a job failed is the last line on the console in any case.
    let console_level = match (args.quiet, args.verbose, args.log_format) {
        (true, _, LogFormat::Text) => LevelFilter::OFF,
        (true, _, LogFormat::Json) => LevelFilter::ERROR,
        (_, 0, LogFormat::Text) => LevelFilter::WARN,
        (_, 0 | 1, _) => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let ansi = std::io::stderr().is_terminal();
    let mut layers: Vec<BoxedLayer> = vec![layer(
        args.log_format,
        std::io::stderr,
        ansi,
        filter(console_level),
    )];
    let mut guard = None;
    if let Some(path) = &args.log_file {
        let (writer, file_guard) = tracing_appender::non_blocking(appender(path)?);
        layers.push(layer(
            args.log_format,
            writer,
            false,
            filter(LevelFilter::INFO),
        ));
        guard = Some(file_guard);
    }
    tracing_subscriber::registry().with(layers).init();
    Ok(guard)
}

/// The engines below us speak at INFO of every plan and heartbeat, whole plans included, so they
/// are heard only when something is wrong.
fn filter(level: LevelFilter) -> EnvFilter {
    if std::env::var_os(EnvFilter::DEFAULT_ENV).is_some() {
        return EnvFilter::from_default_env();
    }
    let theirs = match level {
        LevelFilter::OFF | LevelFilter::ERROR => "off",
        LevelFilter::DEBUG | LevelFilter::TRACE => "warn",
        _ => "error",
    };
    // The end of a failed job is an error of the log, and the program's last words anyway.
    let last_words = if level == LevelFilter::WARN {
        ",pipeline::job=off"
    } else {
        ""
    };
    let ours = [
        "jobs",
        "engine",
        "data",
        "artifacts",
        "pipeline",
        "segmentation",
        "recommendation",
    ]
    .map(|name| format!("{name}={level}"));
    EnvFilter::new(format!("{theirs},{}{last_words}", ours.join(",")))
}

fn layer<W>(format: LogFormat, writer: W, ansi: bool, filter: EnvFilter) -> BoxedLayer
where
    W: for<'a> tracing_subscriber::fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(ansi);
    match format {
        LogFormat::Text => layer.with_target(false).with_filter(filter).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_filter(filter).boxed(),
    }
}

/// `logs/night.log` becomes `logs/night.2026-01-31.log` and so on, with `logs/night.log` a link
/// to today's.
fn appender(path: &Path) -> Result<RollingFileAppender> {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .with_context(|| {
            format!(
                "cannot log to {}: name a file, such as logs/jobs.log",
                path.display()
            )
        })?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let cannot_log = || {
        format!(
            "cannot log to {}: check that the folder can be written",
            path.display()
        )
    };
    std::fs::create_dir_all(folder).with_context(cannot_log)?;
    let mut builder = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .max_log_files(KEPT_FILES)
        .latest_symlink(name);
    builder = match name.rsplit_once('.') {
        Some((stem, suffix)) if !stem.is_empty() => {
            builder.filename_prefix(stem).filename_suffix(suffix)
        }
        _ => builder.filename_prefix(name),
    };
    builder.build(folder).with_context(cannot_log)
}
