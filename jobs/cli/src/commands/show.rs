//! `jobs show`: one finished run.

use artifacts::{Output, RunReader};
use indicatif::HumanBytes;
use pipeline::Failure;
use serde_json::Value;

use super::open_output;
use crate::args::{OutputFormat, ShowArgs};
use crate::output;

/// Shows the parameters, steps and files of a run.
pub(super) async fn show(args: ShowArgs) -> Result<(), Failure> {
    let output_folder = open_output(&args.output)?;
    let run = find(&output_folder, &args.run).await?;
    let manifest = run.manifest();
    if args.format == OutputFormat::Json {
        return output::json(manifest);
    }
    let facts = [
        ("run", manifest.run_id.to_string()),
        ("job", manifest.job.clone()),
        ("started", manifest.started.to_rfc3339()),
        ("finished", manifest.finished.to_rfc3339()),
        ("seed", manifest.seed.to_string()),
        ("input", manifest.input_fingerprint.clone()),
    ];
    let mut facts: Vec<_> = facts
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    flatten("", &manifest.parameters, &mut facts);
    output::line(&output::facts(&facts).to_string())?;

    let mut steps = output::table(&["step", "rows", "seconds"]);
    for timing in &manifest.timings {
        let rows = timing.rows.map_or_else(String::new, output::count);
        steps.add_row([timing.step.clone(), rows, format!("{:.2}", timing.seconds)]);
    }
    output::right_align(&mut steps, &[1, 2]);
    output::line(&steps.to_string())?;

    let mut files = output::table(&["file", "rows", "size", "sha256"]);
    for file in &manifest.files {
        let rows = file.rows.map_or_else(String::new, output::count);
        let digest = file.sha256.get(..12).unwrap_or(&file.sha256);
        files.add_row([
            &file.name,
            &rows,
            &HumanBytes(file.size).to_string(),
            digest,
        ]);
    }
    output::right_align(&mut files, &[1, 2]);
    output::line(&files.to_string())
}

/// One row per parameter; those of a section carry its name.
fn flatten(section: &str, value: &Value, rows: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = match section {
                    "" => name.clone(),
                    section => format!("{section}.{name}"),
                };
                flatten(&name, value, rows);
            }
        }
        Value::Array(values) => {
            let texts: Vec<String> = values.iter().map(plain).collect();
            rows.push((section.to_owned(), texts.join("\n")));
        }
        value => rows.push((section.to_owned(), plain(value))),
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The run of this id whatever its job, or the newest of all for `latest`.
async fn find(output: &Output, run_id: &str) -> Result<RunReader, Failure> {
    let runs = output.runs(None).await?;
    let found = match run_id {
        "latest" => runs.first(),
        _ => runs
            .iter()
            .find(|run| run.manifest.run_id.as_str() == run_id),
    };
    match found {
        Some(run) => Ok(output
            .open(&run.manifest.job, run.manifest.run_id.as_str())
            .await?),
        None => Err(Failure::usage(format!(
            "there is no finished run {run_id} in {folder}; `jobs runs --output {folder}` lists \
             those there are",
            folder = output.display()
        ))),
    }
}
