//! `jobs`: customer segmentation and product recommendation for e-commerce event logs, on the
//! command line.
//!
//! Belongs here: parsing, dispatch, progress, printing, exit codes. Does not belong here: any work
//! of its own.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod args;
mod commands;
mod logging;
mod output;
mod progress;
mod settings;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use pipeline::{CancellationToken, Failure};

use crate::args::{Cli, LogFormat};
use crate::commands::App;
use crate::progress::ConsoleReporter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Plans are walked recursively; a deep one overflows the usual stack.
const STACK_BYTES: usize = 32 << 20;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let guard = match logging::start(&cli.log) {
        Ok(guard) => guard,
        Err(error) => return refuse(&Failure::usage(format!("{error:#}"))),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&Failure::internal(error)),
    };
    let silent = cli.log.quiet || cli.log.log_format == LogFormat::Json;
    let app = App {
        reporter: Arc::new(ConsoleReporter::new(silent)),
        cancel: CancellationToken::new(),
    };
    let result = runtime.block_on(async {
        tokio::spawn(cancel_on_signal(app.cancel.clone()));
        commands::dispatch(&app, cli).await
    });
    drop(app);
    // Work that was abandoned may still hold a thread; nobody waits for it.
    runtime.shutdown_background();
    drop(guard);
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => refuse(&failure),
    }
}

/// Says why, and gives the exit code of the failure.
fn refuse(failure: &Failure) -> ExitCode {
    // A closed standard error changes nothing about the failure.
    let _ = writeln!(std::io::stderr().lock(), "error: {}", failure.paragraph());
    ExitCode::from(failure.exit_code())
}

/// The first Ctrl-C or SIGTERM asks the work to stop and clean up; a second one ends the process
/// where it stands.
async fn cancel_on_signal(cancel: CancellationToken) {
    signal().await;
    cancel.cancel();
    signal().await;
    std::process::exit(pipeline::FailureKind::Cancelled.exit_code().into());
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        // Without a handler SIGTERM ends the process by itself; Ctrl-C is still heard.
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}
