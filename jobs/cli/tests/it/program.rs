//! Runs the real program and looks at what a user would see.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use arrow::util::display::array_value_to_string;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// The program, ready for arguments, shielded from the settings of whoever runs the tests.
pub(crate) fn jobs() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jobs"));
    for (name, _) in std::env::vars() {
        if name.starts_with("JOBS_") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command
}

/// Runs the program with these arguments to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    jobs().args(arguments).output().expect("the program starts")
}

/// Runs the program and insists that it succeeds; gives its standard output.
pub(crate) fn succeed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(
        output.status.success(),
        "jobs {} ended with {:?}\n{}",
        arguments.join(" "),
        output.status.code(),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Runs the program and insists on this exit code; gives its standard error.
pub(crate) fn fail(code: i32, arguments: &[&str]) -> String {
    let output = run(arguments);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        output.status.code(),
        Some(code),
        "jobs {}\n{error}",
        arguments.join(" ")
    );
    assert!(!error.contains("panicked"), "{error}");
    error
}

#[expect(clippy::print_stderr, reason = "a skipped test says why")]
pub(crate) fn skip(why: &str) {
    eprintln!("skipped: {why}");
}

/// The folder of real datasets, if this machine has it; says so when it does not.
pub(crate) fn datasets() -> Option<PathBuf> {
    let folder = std::env::var_os("CLIENTELE_DATASETS").map_or_else(
        || super::house::root().join("../shared/datasets"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    skip(&format!(
        "no real datasets at {} (set CLIENTELE_DATASETS)",
        folder.display()
    ));
    None
}

/// A small simulated shop in Parquet.
pub(crate) fn shop(folder: &Path, events: u64, users: u64) -> String {
    shop_as("parquet", folder, events, users)
}

/// A small simulated shop in CSV, which the first step of a job writes to a table of its own.
pub(crate) fn csv_shop(folder: &Path, events: u64, users: u64) -> String {
    shop_as("csv", folder, events, users)
}

fn shop_as(format: &str, folder: &Path, events: u64, users: u64) -> String {
    let path = folder.to_str().unwrap().to_owned();
    succeed(&[
        "--quiet",
        "generate",
        "--output",
        &path,
        "--events",
        &events.to_string(),
        "--users",
        &users.to_string(),
        "--products",
        "300",
        "--seed",
        "7",
        "--format",
        format,
    ]);
    path
}

/// The files of the latest finished run of a job below this output folder.
pub(crate) fn latest_run(output: &Path, job: &str) -> PathBuf {
    let text = std::fs::read_to_string(output.join(job).join("latest.json")).expect("a latest run");
    let latest: serde_json::Value = serde_json::from_str(&text).unwrap();
    output
        .join(job)
        .join(latest["run_id"].as_str().expect("latest.json names a run"))
}

/// Every file below a folder, relative, sorted.
pub(crate) fn tree(folder: &Path) -> Vec<String> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                found.push(
                    path.strip_prefix(root)
                        .unwrap()
                        .to_string_lossy()
                        .into_owned(),
                );
            }
        }
    }
    let mut found = Vec::new();
    if folder.exists() {
        walk(folder, folder, &mut found);
    }
    found.sort();
    found
}

/// A row of a table as text by column.
pub(crate) type Row = BTreeMap<String, String>;

/// The rows of a Parquet file; null is the empty text.
pub(crate) fn rows(file: &Path) -> Vec<Row> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(file).unwrap());
    let mut rows = Vec::new();
    for batch in reader.unwrap().build().unwrap() {
        let batch = batch.unwrap();
        let schema = batch.schema();
        for place in 0..batch.num_rows() {
            let cells = schema.fields().iter().zip(batch.columns());
            let cells = cells.map(|(field, column)| {
                let text = array_value_to_string(column, place).unwrap();
                (field.name().clone(), text)
            });
            rows.push(cells.collect());
        }
    }
    rows
}
