//! A job through TLS and tokens gives what it gives anywhere, and no secret is left behind.

use std::path::Path;
use std::process::Output;

use super::super::modes::{assert_same, tables};
use super::super::program::{jobs, latest_run, shop, succeed, tree};
use super::cluster::{ADMIN, READ, STORE_SECRET, SUBMIT, Secured, answer};

const JOB: &str = "segmentation";

fn submit(cluster: &Secured, output: &str, events: &str, flags: &[&str]) -> Output {
    let log = cluster.path("client.log");
    jobs()
        .args([
            "-vv",
            "--log-file",
            &log,
            "submit",
            JOB,
            "--k",
            "2..3",
            "--retries",
            "0",
        ])
        .args(["--events", events, "--output", output])
        .args(flags)
        .output()
        .unwrap()
}

#[test]
fn a_job_through_tls_and_tokens_is_the_same_job_and_leaves_no_secret() {
    let cluster = Secured::start();
    let path = |name: &str| cluster.path(name);
    let events = shop(Path::new(&path("data")), 4000, 300);
    let here = path("here");
    succeed(&[
        "--quiet", "run", JOB, "--k", "2..3", "--events", &events, "--output", &here,
    ]);
    let expected = tables(&latest_run(Path::new(&here), JOB));

    let (url, ca, output) = (cluster.url(), path("ca.pem"), path("output"));
    let (submitter, reader) = (path("submit.token"), path("read.token"));
    let known = ["--scheduler", &url, "--ca", &ca, "--token-file"];
    let as_submitter = [&known[..], &[&submitter]].concat();
    let as_reader = [&known[..], &[&reader]].concat();
    let done = submit(&cluster, &output, &events, &as_submitter);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    assert_same(
        &expected,
        &tables(&latest_run(Path::new(&output), JOB)),
        "TLS and tokens",
    );

    // Looking takes less than running.
    let status = jobs().arg("status").args(&as_reader).output().unwrap();
    assert!(status.status.success());
    assert!(
        !submit(&cluster, &output, &events, &as_reader)
            .status
            .success()
    );
    let plain = url.replace("https", "http");
    let stranger = path("stranger.pem");
    for flags in [
        &["--scheduler", &url, "--ca", &ca][..],
        &["--scheduler", &url, "--token-file", &submitter],
        &[
            "--scheduler",
            &url,
            "--ca",
            &stranger,
            "--token-file",
            &submitter,
        ],
        &["--scheduler", &plain, "--token-file", &submitter],
    ] {
        let refused = submit(&cluster, &output, &events, flags);
        assert!(!refused.status.success(), "{flags:?}");
        let refused = jobs().arg("status").args(flags).output().unwrap();
        assert!(!refused.status.success(), "{flags:?}");
    }

    // Files outside the roots are refused, by whichever daemon is asked.
    let outside = shop(Path::new(&path("elsewhere")), 1000, 100);
    let refused = submit(&cluster, &output, &outside, &as_submitter);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("--root"),
        "{said}"
    );

    let mut shown = Vec::new();
    let list = answer(&cluster.scheduler.address, "GET", "/api/jobs", Some(READ)).unwrap();
    let ids: serde_json::Value = serde_json::from_str(&list.body).unwrap();
    shown.push(("/api/jobs".to_owned(), list.body));
    for job in ids.as_array().unwrap() {
        let id = job["job_id"].as_str().unwrap();
        for page in ["", "/config", "/stages", "/dot"] {
            let page = format!("/api/job/{id}{page}");
            let body = answer(&cluster.scheduler.address, "GET", &page, Some(READ))
                .unwrap()
                .body;
            shown.push((page, body));
        }
    }
    assert!(shown.len() > 4, "no job was seen");
    for page in [
        "/api/status",
        "/api/executors",
        "/api/state",
        "/api/metrics",
        "/metrics",
        "/",
    ] {
        let body = answer(&cluster.scheduler.address, "GET", page, Some(READ))
            .unwrap()
            .body;
        shown.push((page.to_owned(), body));
    }
    let keys = ["ca-scheduler.key", "ca-executor.key"].map(|name| {
        let key = std::fs::read_to_string(path(name)).unwrap();
        key.lines().nth(1).unwrap().to_owned()
    });
    let kept_on_purpose = [
        "read.token",
        "submit.token",
        "admin.token",
        "ca-scheduler.key",
        "ca-executor.key",
    ];
    for name in tree(cluster.folder.path()) {
        if !kept_on_purpose.contains(&name.as_str()) {
            let bytes = std::fs::read(cluster.folder.path().join(&name)).unwrap_or_default();
            shown.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    assert!(
        shown
            .iter()
            .any(|(name, text)| name == "scheduler.log" && !text.is_empty())
    );
    assert!(
        shown
            .iter()
            .any(|(name, text)| name == "client.log" && !text.is_empty())
    );
    for (name, text) in &shown {
        for secret in [READ, SUBMIT, ADMIN, STORE_SECRET, &keys[0], &keys[1]] {
            assert!(!text.contains(secret), "{name} shows {secret}");
        }
    }
}
