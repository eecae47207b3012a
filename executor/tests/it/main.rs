//! The executor as a process. What it does in a cluster is tested beside the
//! scheduler.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::process::{Command, Output};

fn executor(work_dir: &std::path::Path, flags: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_executor"))
        .args(["--port", "0", "--grpc-port", "0", "--health-port", "0"])
        .args(flags)
        .arg("--work-dir")
        .arg(work_dir)
        .output()
        .unwrap()
}

#[test]
fn without_a_scheduler_it_says_so_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let flags = [
        "--scheduler",
        "http://127.0.0.1:1",
        "--connect-timeout-seconds",
        "1",
    ];
    let output = executor(folder.path(), &flags);
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("no scheduler answers at http://127.0.0.1:1"),
        "{text}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn settings_that_cannot_be_are_told_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    for (flags, said) in [
        (["--memory-limit", "lots"], "memory_limit"),
        (["--vcores", "0"], "0 vcores"),
        (["--scheduler", "https://secure"], "with certificates"),
    ] {
        let output = executor(folder.path(), &flags);
        assert!(!output.status.success());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(said), "{text}");
        assert!(output.stdout.is_empty());
    }
}
