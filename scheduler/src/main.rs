//! The scheduler of a Clientele cluster.
//!
//! What belongs here: flags, settings, logging, signals. The scheduler itself
//! is `engine::cluster::serve_scheduler`, so that every role plans with the same
//! functions, stores and codecs.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod logging;
mod settings;

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let flags = settings::Flags::parse();
    match run(&flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Logging may not have been set up when settings are wrong. A
            // closed stderr leaves nobody to tell.
            let _ = writeln!(std::io::stderr(), "scheduler: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(flags: &settings::Flags) -> anyhow::Result<()> {
    let settings = settings::load(flags)?;
    logging::start(&settings.log_level, settings.log_format)?;
    let params = settings.params()?;
    let scheme = params.security.scheme();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("scheduler")
        .thread_stack_size(engine::cluster::THREAD_STACK_BYTES)
        .build()
        .context("cannot start threads")?
        .block_on(async {
            let shutdown = stop_signal().context("cannot listen to signals")?;
            engine::cluster::serve_scheduler(params, |address| announce(scheme, address), shutdown)
                .await?;
            Ok(())
        })
}

/// One line that scripts can wait for and read.
fn announce(scheme: &str, address: std::net::SocketAddr) {
    tracing::info!(%address, "scheduler is listening");
    let mut stdout = std::io::stdout().lock();
    // A closed stdout is the caller's choice.
    let _ = writeln!(stdout, "listening on {scheme}://{address}");
    let _ = stdout.flush();
}

/// Ends at the first SIGTERM or Ctrl-C.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("asked to stop");
    })
}
