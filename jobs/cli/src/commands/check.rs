//! `jobs check`: the account of an event log.

use data::{Account, EventsParams};
use engine::{Engine, EngineParams};
use pipeline::settings::ByteSize;
use pipeline::{Failure, FailureKind};

use super::App;
use crate::args::{CheckArgs, OutputFormat};
use crate::output;

/// A check looks at everything, so nothing is too bad to be shown unless the user says so.
const MAX_INVALID: f64 = 1.0;

/// Reads the log as a job would and prints what becomes of every row.
pub(super) async fn check(app: &App, args: CheckArgs) -> Result<(), Failure> {
    let memory_limit = args
        .memory_limit
        .as_deref()
        .map(str::parse::<ByteSize>)
        .transpose()
        .map_err(|error| Failure::new(FailureKind::Usage, error))?;
    let work = tempfile::Builder::new()
        .prefix("clientele-check-")
        .tempdir()
        .map_err(|error| Failure::new(FailureKind::Output, error))?;
    let engine = Engine::open(EngineParams {
        threads: args.threads,
        memory_limit_bytes: memory_limit.map(ByteSize::as_usize),
        ..EngineParams::default()
    })
    .await?;
    let params = EventsParams {
        events: args.source.events,
        mapping: args.source.mapping,
        latest: args.source.latest,
        max_invalid: args.source.max_invalid.unwrap_or(MAX_INVALID),
        quick: None,
        seed: 0,
    };
    let work_url = work.path().to_string_lossy().into_owned();
    let checked = async {
        let account = data::check(&engine, &params, &work_url).await;
        account.map_err(intake::data_failure)
    };
    let account = app.or_cancelled(checked).await?;
    engine.close().await;
    match args.format {
        OutputFormat::Json => output::json(&account),
        OutputFormat::Table => print(&account),
    }
}

fn print(account: &Account) -> Result<(), Failure> {
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: u64| rows.push((name.to_owned(), output::count(value)));
    add("rows read", account.rows_read);
    add("  used", account.used);
    add("  exact duplicates, dropped", account.duplicates);
    add("  quarantined", account.quarantined_rows());
    if let Some(kept) = account.duplicates_kept {
        add("exact duplicates, kept", kept);
    }
    add("rows without a user", account.anonymous);
    for (kind, count) in &account.events {
        add(&format!("events: {kind}"), *count);
    }
    add("users", account.users);
    add("products", account.products);
    add("orders", account.orders);
    for (column, count) in &account.missing {
        add(&format!("without {column}"), *count);
    }
    if account.zero_price > 0 {
        add("price of zero", account.zero_price);
    }
    for (column, count) in &account.distinct {
        add(&format!("different {column}"), *count);
    }
    if let Some(catalogue) = &account.catalogue {
        add("catalogue rows", catalogue.rows);
        add("catalogue products", catalogue.products);
    }
    add("files", account.files);
    output::line(&output::facts(&rows).to_string())?;
    if let (Some(first), Some(last)) = (account.first_event, account.last_event) {
        output::line(&format!("from {first} to {last}"))?;
    }
    if account.quarantined.is_empty() {
        return Ok(());
    }
    let mut table = output::table(&["quarantined because", "rows", "first at", "which reads"]);
    for (reason, count) in &account.quarantined {
        let example = account.examples.get(reason);
        let place = example.map_or_else(String::new, |e| {
            format!("{}:{}", e.file.trim_start_matches("file://"), e.line)
        });
        let text = example.map_or_else(String::new, |e| e.text.chars().take(80).collect());
        table.add_row([reason.clone(), output::count(*count), place, text]);
    }
    output::right_align(&mut table, &[1]);
    output::line(&table.to_string())
}
