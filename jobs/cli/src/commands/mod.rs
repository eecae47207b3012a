//! One file per command: parse its arguments into a call, print what comes back.

mod check;
mod cluster;
mod demo;
mod generate;
mod profile;
mod recommend;
mod recommendation_summary;
mod run;
mod runs;
mod segmentation_summary;
mod show;

use std::sync::Arc;

use artifacts::{Output, RunReader};
use pipeline::{CancellationToken, Failure};

use crate::args::{Cli, Command};
use crate::progress::ConsoleReporter;

/// What every command is given.
pub(crate) struct App {
    pub(crate) reporter: Arc<ConsoleReporter>,
    pub(crate) cancel: CancellationToken,
}

impl App {
    /// The failure of a command that was interrupted outside of a job.
    fn cancelled(&self) -> Failure {
        pipeline::Cancelled { step: None }.into()
    }

    /// The result of work that is given up when the program is interrupted.
    async fn or_cancelled<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            done = work => done,
            () = self.cancel.cancelled() => Err(self.cancelled()),
        }
    }
}

/// Runs the command that was asked for.
pub(crate) async fn dispatch(app: &App, cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Demo(args) => demo::demo(app, args).await,
        Command::Run { job } => run::run(app, job).await,
        Command::Submit { cluster, job } => run::submit(app, cluster, job).await,
        Command::Status(args) => cluster::status(args).await,
        Command::Cancel(args) => cluster::cancel(args).await,
        Command::Recommend(args) => recommend::recommend(app, args).await,
        Command::Similar(args) => recommend::similar(app, args).await,
        Command::Profile(args) => profile::profile(args).await,
        Command::Runs(args) => runs::runs(args).await,
        Command::Show(args) => show::show(args).await,
        Command::Check(args) => check::check(app, args).await,
        Command::Generate(args) => generate::generate(app, args).await,
    }
}

/// The runs of an output folder or URL. A folder is named by its absolute path, because an executor
/// does not share our working directory.
fn open_output(url_or_path: &str) -> Result<Output, Failure> {
    let resolved = engine::stores::resolve(url_or_path).map_err(Failure::usage)?;
    let display = match resolved.url.to_file_path() {
        Ok(path) => path.to_string_lossy().into_owned(),
        Err(()) => resolved.url.to_string(),
    };
    let display = display.trim_end_matches('/').to_owned();
    Ok(Output::new(resolved.store, resolved.path, display))
}

/// The run of a job that a question is put to: the one that is named, or the latest of the output,
/// which may be named as well.
async fn finished_run(
    output: &Output,
    job: &str,
    run_id: Option<&str>,
) -> Result<RunReader, Failure> {
    let run = match run_id {
        None | Some("latest") => output.latest(job).await?,
        Some(run_id) => Some(output.open(job, run_id).await?),
    };
    run.ok_or_else(|| {
        let folder = output.display();
        Failure::usage(format!(
            "there is no finished {job} in {folder}; make one with `jobs run {job} --output \
             {folder}`, or check the path"
        ))
    })
}
