//! How the daemons start, tell their state, and stop.

use std::process::Command;
use std::time::Duration;

use engine::testing::{LocalCluster, start};

const SOON: Duration = Duration::from_secs(20);

#[test]
fn readiness_follows_the_executors() {
    let folder = tempfile::tempdir().unwrap();
    let mut cluster = LocalCluster::start(0, folder.path()).unwrap();
    // Zero executors asked for: ready at once. One asked for: not yet.
    assert_eq!(cluster.scheduler.status_of("/healthz"), 200);
    let waiting = start("scheduler", &["--port", "0"]).unwrap();
    assert_eq!(
        (waiting.status_of("/healthz"), waiting.status_of("/readyz")),
        (200, 503)
    );
    cluster.add_executor().unwrap();
    let executor = &cluster.executors[0];
    assert_eq!(executor.status_of("/healthz"), 200);
    let begin = std::time::Instant::now();
    while executor.status_of("/readyz") != 200 && begin.elapsed() < SOON {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(executor.status_of("/readyz"), 200);
}

#[test]
fn a_terminated_executor_leaves_in_peace_and_takes_its_files_along() {
    let folder = tempfile::tempdir().unwrap();
    let mut cluster = LocalCluster::start(1, folder.path()).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(cluster.executors[0].terminate(SOON).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(cluster.scheduler.status_of("/healthz"), 200);
    let begin = std::time::Instant::now();
    while cluster.scheduler.status_of("/readyz") == 200 && begin.elapsed() < SOON {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(cluster.scheduler.status_of("/readyz"), 503);
    assert!(cluster.scheduler.terminate(SOON).unwrap());
}

#[test]
fn what_a_killed_executor_left_is_removed_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let mut cluster = LocalCluster::start(1, folder.path()).unwrap();
    cluster.executors[0].kill().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    cluster.add_executor().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_port_that_is_taken_says_so() {
    let scheduler = start("scheduler", &["--port", "0"]).unwrap();
    let port = scheduler.address.rsplit(':').next().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_scheduler"))
        .args(["--port", port])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("cannot listen on 127.0.0.1"), "{text}");
}
