//! An executor of a Clientele cluster.
//!
//! What belongs here: flags, settings, logging, signals. The executor itself
//! is `engine::cluster::serve_executor`, so that every role runs with the same
//! functions, stores and codecs.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod logging;
mod settings;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use engine::cluster::ExecutorAddresses;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let flags = settings::Flags::parse();
    match run(&flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Logging may not have been set up when settings are wrong. A
            // closed stderr leaves nobody to tell.
            let _ = writeln!(std::io::stderr(), "executor: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(flags: &settings::Flags) -> anyhow::Result<()> {
    let settings = settings::load(flags)?;
    logging::start(&settings.log_level, settings.log_format)?;
    let params = settings.params()?;
    if flags.drain {
        return drain(&params);
    }
    let scheme = params.security.scheme();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("executor")
        .thread_stack_size(engine::cluster::THREAD_STACK_BYTES)
        .build()
        .context("cannot start threads")?
        .block_on(async {
            let shutdown = stop_signal().context("cannot listen to signals")?;
            engine::cluster::serve_executor(
                params,
                |addresses| announce(scheme, addresses),
                shutdown,
            )
            .await?;
            Ok(())
        })
}

/// Asks the executor beside this process to leave.
fn drain(params: &engine::cluster::ExecutorParams) -> anyhow::Result<()> {
    let port = params
        .health_port
        .context("an executor without a health port cannot be asked to drain")?;
    // The other process ends its wait by itself; given the same settings, this one is not the first
    // to stop.
    let longest = params.drain_timeout + Duration::from_secs(30);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start threads")?
        .block_on(engine::cluster::request_drain(
            params.bind,
            port,
            &params.security,
            longest,
        ))?;
    Ok(())
}

/// Lines that scripts can wait for and read; they come once the scheduler knows
/// the executor.
fn announce(scheme: &str, addresses: ExecutorAddresses) {
    let ExecutorAddresses {
        flight,
        grpc,
        health,
    } = addresses;
    tracing::info!(%flight, %grpc, ?health, "executor is registered");
    let mut stdout = std::io::stdout().lock();
    // A closed stdout is the caller's choice.
    let _ = writeln!(stdout, "listening on {scheme}://{flight}");
    if let Some(health) = health {
        let _ = writeln!(stdout, "health on {scheme}://{health}");
    }
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
