//! `jobs generate`: the event log of a simulated shop.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use data::simulate::{FileFormat, ShopParams, ShopSummary, SimulateError, write_shop};
use pipeline::{Failure, FailureKind, Reporter};

use super::App;
use crate::args::{GenerateArgs, GenerateFormat};
use crate::output;

/// Writes the shop and prints what it holds.
pub(super) async fn generate(app: &App, args: GenerateArgs) -> Result<(), Failure> {
    let folder = args.output.display().to_string();
    let summary = simulate(app, args).await?;
    let mut rows = vec![
        ("folder".to_owned(), folder),
        ("events".to_owned(), output::count(summary.rows)),
    ];
    for (kind, count) in &summary.events {
        rows.push((format!("  {kind}"), output::count(*count)));
    }
    rows.extend([
        ("users".to_owned(), output::count(summary.users)),
        ("products".to_owned(), output::count(summary.products)),
        ("orders".to_owned(), output::count(summary.orders)),
        ("first event".to_owned(), summary.first_event.to_rfc3339()),
        ("last event".to_owned(), summary.last_event.to_rfc3339()),
        ("files".to_owned(), output::count(summary.files)),
        (
            "size".to_owned(),
            indicatif::HumanBytes(summary.bytes).to_string(),
        ),
    ]);
    output::line(&output::facts(&rows).to_string())
}

/// Simulates the shop on a thread of its own; a cancelled simulation removes what it wrote.
pub(super) async fn simulate(app: &App, args: GenerateArgs) -> Result<ShopSummary, Failure> {
    let params = ShopParams {
        events: args.events,
        users: args.users,
        products: args.products,
        seed: args.seed,
        threads: args.threads,
    };
    let format = match args.format {
        GenerateFormat::Parquet => FileFormat::Parquet,
        GenerateFormat::Csv => FileFormat::Csv,
    };
    let reporter = Arc::clone(&app.reporter);
    let cancel = app.cancel.clone();
    let began = Instant::now();
    reporter.step_started("simulate", 1, 1);
    let task = tokio::task::spawn_blocking(move || {
        let told = Mutex::new(Tenths::default());
        let written = AtomicU64::new(0);
        let total = params.events;
        let progress = |events: u64| {
            let written = written.fetch_add(events, Ordering::Relaxed) + events;
            let mut told = told
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            if let Some(percent) = told.passed(written, total) {
                tracing::info!(written, percent, "events simulated");
            }
            !cancel.is_cancelled()
        };
        write_shop(&params, format, &args.output, &progress)
    });
    let summary = match task.await {
        Ok(Ok(summary)) => summary,
        Ok(Err(SimulateError::Stopped)) => return Err(app.cancelled()),
        Ok(Err(error)) => return Err(Failure::new(kind(&error), error)),
        Err(panic) => return Err(Failure::internal(panic)),
    };
    app.reporter
        .step_finished("simulate", Some(summary.rows), began.elapsed());
    Ok(summary)
}

fn kind(error: &SimulateError) -> FailureKind {
    match error {
        SimulateError::Zero { .. }
        | SimulateError::TooMany { .. }
        | SimulateError::MoreUsersThanEvents { .. } => FailureKind::Usage,
        SimulateError::Threads { .. } => FailureKind::Internal,
        _ => FailureKind::Output,
    }
}

/// Which tenth of the work was last told of.
#[derive(Default)]
struct Tenths(u64);

impl Tenths {
    /// The per cent to tell of, when another tenth is passed.
    fn passed(&mut self, done: u64, total: u64) -> Option<u64> {
        let tenth = 10 * done / total.max(1);
        (tenth > self.0).then(|| {
            self.0 = tenth;
            10 * tenth
        })
    }
}
