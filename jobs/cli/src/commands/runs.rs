//! `jobs runs`: the finished runs of an output folder.

use pipeline::Failure;

use super::open_output;
use crate::args::{OutputFormat, RunsArgs};
use crate::output;

/// Lists finished runs, newest first.
pub(super) async fn runs(args: RunsArgs) -> Result<(), Failure> {
    let runs = open_output(&args.output)?.runs(None).await?;
    if args.format == OutputFormat::Json {
        let manifests: Vec<_> = runs.iter().map(|run| &run.manifest).collect();
        return output::json(&manifests);
    }
    let mut table = output::table(&["run", "job", "started (UTC)", "took", "files", "seed"]);
    for run in &runs {
        let manifest = &run.manifest;
        let seconds = (manifest.finished - manifest.started).as_seconds_f64();
        table.add_row([
            manifest.run_id.to_string(),
            manifest.job.clone(),
            manifest.started.format("%Y-%m-%d %H:%M:%S").to_string(),
            format!("{seconds:.1} s"),
            manifest.files.len().to_string(),
            manifest.seed.to_string(),
        ]);
    }
    output::line(&table.to_string())
}
