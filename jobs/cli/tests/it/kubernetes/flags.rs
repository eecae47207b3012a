//! Flags and variables of our programs, as their `--help` tells them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use super::tools::{list, output, text};
use crate::program::succeed;

/// A program of ours by the name of its image.
pub(crate) fn program(image: &str) -> String {
    let name = image.split(':').next().unwrap().rsplit('/').next().unwrap();
    name.trim_start_matches("clientele-").to_owned()
}

/// Insists that a program takes these arguments: that it knows every flag, and where the first
/// ones name a subcommand, that there is one.
pub(crate) fn check_arguments(program: &str, arguments: &[&str]) {
    let known = flags(program, arguments);
    for argument in arguments {
        if let Some(flag) = argument.strip_prefix("--") {
            let flag = flag.split('=').next().unwrap();
            assert!(known.contains(flag), "{program} has no flag --{flag}");
        }
    }
}

/// Insists that a variable of one of our prefixes says something that its program knows. Other
/// variables are none of our business.
pub(crate) fn check_variable(name: &str) {
    for (prefix, program) in [
        ("SCHEDULER_", "scheduler"),
        ("EXECUTOR_", "executor"),
        ("JOBS_", "jobs"),
    ] {
        if let Some(key) = name.strip_prefix(prefix) {
            let flag = key.to_lowercase().replace('_', "-");
            // The one setting of jobs without a flag.
            let setting = name == "JOBS_WORK_DIR";
            assert!(
                setting || flags(program, &["submit", "segmentation"]).contains(&flag),
                "{program} knows no {name}: it has no flag --{flag}"
            );
        }
    }
}

/// Arguments and environment of a container of Kubernetes.
pub(crate) fn check_container(container: &Value) {
    let program = program(text(container, "/image"));
    let arguments: Vec<&str> = texts(container, "/args");
    check_arguments(&program, &arguments);
    for variable in list(container, "/env") {
        check_variable(text(variable, "/name"));
    }
    let hook = texts(container, "/lifecycle/preStop/exec/command");
    if let Some((called, arguments)) = hook.split_first() {
        assert_eq!(*called, format!("/usr/local/bin/{program}"));
        check_arguments(&program, arguments);
    }
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
        let path: PathBuf = engine::testing::binary(program).unwrap();
        output(path, &["--help"], "")
    };
    help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .filter_map(|word| word.strip_prefix("--"))
        .map(str::to_owned)
        .collect()
}
