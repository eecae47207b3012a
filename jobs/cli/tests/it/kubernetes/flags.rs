//! Flags and variables of our programs, as their `--help` tells them.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::tools::{list, output, text};
use crate::program::succeed;

/// A program of ours by the name of its image.
pub(crate) fn program(image: &str) -> String {
    let name = image.split(':').next().unwrap().rsplit('/').next().unwrap();
    name.trim_start_matches("clientele-").to_owned()
}

/// The flags among these arguments that a program does not know, as complaints.
pub(crate) fn unknown_arguments(program: &str, arguments: &[&str]) -> Vec<String> {
    let known = flags(program, arguments);
    let given = arguments.iter().filter_map(|argument| {
        let flag = argument.strip_prefix("--")?;
        Some(flag.split('=').next().unwrap())
    });
    given
        .filter(|flag| !known.contains(*flag))
        .map(|flag| format!("{program} has no flag --{flag}"))
        .collect()
}

/// A complaint about a variable of one of our prefixes that says nothing to its program. Other
/// variables are none of our business.
pub(crate) fn unknown_variable(name: &str) -> Option<String> {
    let (program, key) = [
        ("scheduler", "SCHEDULER_"),
        ("executor", "EXECUTOR_"),
        ("jobs", "JOBS_"),
    ]
    .into_iter()
    .find_map(|(program, prefix)| Some((program, name.strip_prefix(prefix)?)))?;
    let flag = key.to_lowercase().replace('_', "-");
    // The one setting of jobs without a flag.
    let known =
        name == "JOBS_WORK_DIR" || flags(program, &["submit", "segmentation"]).contains(&flag);
    (!known).then(|| format!("{program} knows no {name}: it has no flag --{flag}"))
}

/// What a container of Kubernetes tells its program that it does not understand.
pub(crate) fn unknown_to(container: &Value) -> Vec<String> {
    let program = program(text(container, "/image"));
    let mut unknown = unknown_arguments(&program, &texts(container, "/args"));
    let variables = list(container, "/env").iter();
    unknown.extend(variables.filter_map(|variable| unknown_variable(text(variable, "/name"))));
    let hook = texts(container, "/lifecycle/preStop/exec/command");
    if let Some((called, arguments)) = hook.split_first() {
        assert_eq!(*called, format!("/usr/local/bin/{program}"));
        unknown.extend(unknown_arguments(&program, arguments));
    }
    unknown
}

/// A list of texts at a place of a document.
pub(crate) fn texts<'a>(value: &'a Value, pointer: &str) -> Vec<&'a str> {
    let values = list(value, pointer).iter();
    values.map(|value| value.as_str().unwrap()).collect()
}

/// The long flags of a program; of the subcommand that `arguments` begin with if it has any.
fn flags(program: &str, arguments: &[&str]) -> BTreeSet<String> {
    let help = if program == "jobs" {
        // `submit segmentation`, but `generate`.
        let words = if arguments[0] == "submit" { 2 } else { 1 };
        succeed(&[&arguments[..words], &["--help"]].concat())
    } else {
        // Beside ours, where a build of the whole workspace puts it.
        let path = Path::new(env!("CARGO_BIN_EXE_jobs")).with_file_name(program);
        output(path, &["--help"], "")
    };
    help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .filter_map(|word| word.strip_prefix("--"))
        .map(str::to_owned)
        .collect()
}
