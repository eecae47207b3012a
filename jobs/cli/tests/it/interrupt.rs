//! Ctrl-C ends a job within a second or two, leaves no run, and says so with exit code 130; a deadline
//! does the same with exit code 4.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use engine::testing::LocalCluster;

use super::program::{fail, jobs, shop, tree};

#[test]
fn ctrl_c_leaves_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let events = shop(&folder.path().join("shop"), 200_000, 8_000);
    let output = folder.path().join("out");
    interrupt(
        "segmentation",
        &["--k", "2..20", "--n-init", "50"],
        &events,
        &output,
    );
    let long = ["--factors", "64,128", "--iterations", "500", "--tol", "0"];
    interrupt("recommendation", &long, &events, &output);
}

fn interrupt(job: &str, more: &[&str], events: &str, output: &Path) {
    let mut child = jobs()
        .args(["run", job, "--events", events])
        .args(["--output", output.to_str().unwrap()])
        .args(more)
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // The run's folder exists from the first step on; interrupt it in full work.
    let started = Instant::now();
    while tree(output).is_empty() && started.elapsed() < Duration::from_secs(60) {
        assert!(
            child.try_wait().unwrap().is_none(),
            "the job ended before it was interrupted"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let interrupted = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(interrupted.unwrap().success());
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > Duration::from_secs(120) {
            let _ = child.kill();
            panic!("the job did not stop");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(130), "{job}");
    assert!(tree(output).is_empty(), "{:?}", tree(output));
}

#[test]
fn a_deadline_leaves_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let events = shop(&folder.path().join("shop"), 2_000, 200);
    let output = folder.path().join("out");
    let cluster = LocalCluster::start(0, &folder.path().join("executors")).unwrap();
    let began = Instant::now();
    // Without executors it would wait for minutes.
    let where_to = ["submit", "--scheduler", &cluster.url(), "--deadline", "2s"];
    let what = ["segmentation", "--events", &events, "--output"];
    let what = [&where_to[..], &what, &[output.to_str().unwrap()]].concat();
    let said = fail(4, &what);
    assert!(began.elapsed() < Duration::from_secs(60));
    assert!(said.contains("the deadline of 2s has passed"), "{said}");
    assert!(tree(&output).is_empty(), "{:?}", tree(&output));
}
