//! A scheduler and executors as real processes, ended with the test however it ends.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Once;

/// Ends its process when dropped, also when the test panics.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running cluster on loopback.
pub(crate) struct Cluster {
    url: String,
    _executors: Vec<Daemon>,
    _scheduler: Daemon,
    _work: tempfile::TempDir,
}

impl Cluster {
    /// Starts a scheduler and this many executors of two cores each.
    pub(crate) fn start(n_executors: usize) -> Self {
        let work = tempfile::tempdir().unwrap();
        let (scheduler, url) = start(Command::new(binary("scheduler")).args(["--port", "0"]));
        let executors = (0..n_executors)
            .map(|number| {
                let folder = work.path().join(format!("executor-{number}"));
                let mut command = Command::new(binary("executor"));
                command.args([
                    "--scheduler",
                    &url,
                    "--port",
                    "0",
                    "--grpc-port",
                    "0",
                    "--health-port",
                    "0",
                ]);
                command.args(["--vcores", "2", "--work-dir"]).arg(folder);
                start(&mut command).0
            })
            .collect();
        Self {
            url,
            _executors: executors,
            _scheduler: scheduler,
            _work: work,
        }
    }

    /// Where its scheduler listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// Starts a daemon and waits for the line that says where it listens.
fn start(command: &mut Command) -> (Daemon, String) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the daemon starts");
    let stdout = child.stdout.take().unwrap();
    let daemon = Daemon(child);
    for line in BufReader::new(stdout).lines() {
        if let Some(url) = line.unwrap().strip_prefix("listening on ") {
            return (daemon, url.to_owned());
        }
    }
    panic!("the daemon ended before it listened");
}

/// The daemon's program beside this test's; built first when a test of this package runs alone.
fn binary(name: &str) -> PathBuf {
    static BUILT: Once = Once::new();
    let path = PathBuf::from(env!("CARGO_BIN_EXE_jobs")).with_file_name(name);
    BUILT.call_once(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args([
            "build",
            "--offline",
            "--package",
            "scheduler",
            "--package",
            "executor",
        ]);
        let status = build
            .current_dir(super::house::root())
            .status()
            .expect("cargo runs");
        assert!(status.success(), "the daemons do not build");
    });
    path
}
