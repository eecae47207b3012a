//! Jobs whose events and output lie in S3, on one machine and on a cluster, behind a good store
//! and behind bad ones.

mod moto;
mod proxy;

use std::path::Path;
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use engine::testing::{LocalCluster, Surroundings};

use super::program::{csv_shop, jobs, latest_run, run, tree};
use moto::{BUCKET, KEY, Moto, SECRET};
use proxy::{Fault, Proxy, Request};

#[expect(clippy::print_stderr, reason = "a skipped test says why")]
fn skip(why: &str) {
    eprintln!("skipped: {why}");
}

/// How long clients and executors of a test try a request again.
const PATIENCE_SECONDS: &str = "8";

const JOB: &str = "segmentation";

/// Files that tell of the run rather than of its result.
const TIMED: [&str; 3] = ["manifest.json", "report.html", "metrics.json"];

type Files = Vec<(String, Vec<u8>)>;

/// Segments the shop of `events` into `output`; `how` is `run`, or `submit` and where to.
fn segment(how: &[&str], store: &str, events: &str, output: &str) -> Output {
    let mut command = jobs();
    command
        .args(how)
        .args([JOB, "--events", events, "--output", output, "--k", "2..3"])
        .envs(Moto::variables(store))
        .env("CLIENTELE_STORE_RETRY_SECONDS", PATIENCE_SECONDS);
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// The tables of a local run over the same events, and the folder they came from.
fn expected(folder: &Path) -> (String, Files) {
    let events = csv_shop(&folder.join("shop"), 5000, 400);
    let output = folder.join("local");
    let flags = [
        "--quiet", "run", JOB, "--events", &events, "--k", "2..3", "--output",
    ];
    let ended = run(&[&flags[..], &[output.to_str().unwrap()]].concat());
    assert!(ended.status.success(), "{}", said(&ended));
    let run = latest_run(&output, JOB);
    let files = tree(&run)
        .into_iter()
        .filter(|name| !TIMED.contains(&name.as_str()))
        .map(|name| {
            let bytes = std::fs::read(run.join(&name)).unwrap();
            (name, bytes)
        })
        .collect();
    (events, files)
}

/// Puts the files of a folder into the bucket; gives its URL there.
fn upload(moto: &Moto, folder: &str) -> String {
    for name in tree(Path::new(folder)) {
        let bytes = std::fs::read(Path::new(folder).join(&name)).unwrap();
        moto.put(&format!("events/{name}"), &bytes);
    }
    format!("s3://{BUCKET}/events/")
}

/// Makes sure that the run that `latest.json` names below `output` has exactly these tables, and
/// that nothing else is left there.
fn assert_run(moto: &Moto, output: &str, expected: &Files) {
    let latest: serde_json::Value =
        serde_json::from_slice(&moto.get(&format!("{output}/{JOB}/latest.json"))).unwrap();
    let run = format!("{output}/{JOB}/{}/", latest["run_id"].as_str().unwrap());
    let mut left = moto.list(&format!("{output}/"));
    for (name, bytes) in expected {
        let key = format!("{run}{name}");
        assert!(left.contains(&key), "{key} is missing");
        assert!(&moto.get(&key) == bytes, "{output}: {name} differs");
        left.retain(|other| *other != key);
    }
    left.retain(|key| !TIMED.iter().any(|name| *key == format!("{run}{name}")));
    assert_eq!(left, [format!("{output}/{JOB}/latest.json")]);
}

/// Two executors in whose surroundings alone the credentials are.
fn cluster(folder: &Path, store: &str) -> LocalCluster {
    let mut variables = Moto::variables(store);
    let (name, seconds) = ("CLIENTELE_STORE_RETRY_SECONDS", PATIENCE_SECONDS);
    variables.push((name.to_owned(), seconds.to_owned()));
    let surroundings = Surroundings {
        variables,
        flags: [
            "--log-format",
            "json",
            "--log-level",
            "debug,h2=info,hyper=info",
        ]
        .map(str::to_owned)
        .to_vec(),
        log_file: Some(folder.join("cluster.log")),
    };
    LocalCluster::start_in(2, &folder.join("executors"), surroundings).unwrap()
}

fn assert_no_secret(text: &str, place: &str) {
    assert!(
        !text.contains(SECRET) && !text.contains(KEY),
        "a credential shows in {place}"
    );
}

#[test]
fn events_and_output_in_s3_give_the_bytes_of_a_local_run_and_no_credential_shows() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some(moto) = Moto::start(folder) else {
        return;
    };
    let (events, expected) = expected(folder);
    let events = upload(&moto, &events);
    let output = |name: &str| format!("s3://{BUCKET}/{name}");

    let log = folder.join("client.log");
    let logging = ["-vv", "--log-file", log.to_str().unwrap(), "run"];
    let ended = segment(&logging, &moto.address, &events, &output("one"));
    assert!(ended.status.success(), "{}", said(&ended));
    assert_run(&moto, "one", &expected);
    assert_no_secret(&said(&ended), "what a client says");

    let cluster = cluster(folder, &moto.address);
    let submit = ["-vv", "submit", "--scheduler", &cluster.url()];
    let ended = segment(&submit, &moto.address, &events, &output("two"));
    assert!(ended.status.success(), "{}", said(&ended));
    assert_run(&moto, "two", &expected);
    assert_no_secret(&said(&ended), "what a client of a cluster says");

    // Everything that the cluster says, writes and answers.
    let (_, status) = cluster.scheduler.get("/api/status").unwrap();
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    let jobs = status["jobs"].as_array().unwrap();
    assert!(jobs.len() > 3, "{status}");
    let mut asked = [
        "/",
        "/metrics",
        "/api/status",
        "/api/state",
        "/api/executors",
        "/api/jobs",
    ]
    .map(str::to_owned)
    .to_vec();
    for job in jobs {
        let id = job["id"].as_str().unwrap();
        asked.extend(["", "/config", "/stages", "/dot"].map(|part| format!("/api/job/{id}{part}")));
        asked.extend([format!("/api/status/{id}"), format!("/jobs/{id}")]);
    }
    for path in asked {
        let (_, body) = cluster.scheduler.get(&path).unwrap();
        assert_no_secret(&body, &path);
    }
    let (_, body) = cluster.executors[0].get("/metrics").unwrap();
    assert_no_secret(&body, "the executor's numbers");
    for name in tree(folder).iter().filter(|name| *name != "moto.log") {
        let bytes = std::fs::read(folder.join(name)).unwrap_or_default();
        assert_no_secret(&String::from_utf8_lossy(&bytes), name);
    }
    for key in moto.list("") {
        assert_no_secret(&String::from_utf8_lossy(&moto.get(&key)), &key);
    }
}

/// One request in four fails, each time in another way.
fn moody(request: &Request<'_>) -> Fault {
    // A scramble of the number: neighbours have nothing in common, and every run is the same.
    let chance = request.number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    match chance % 20 {
        0 => Fault::SlowDown,
        1 => Fault::ServerError,
        2 => Fault::Reset,
        3 if request.method == "GET" => Fault::Truncate,
        4 => Fault::Lose,
        _ => Fault::None,
    }
}

#[test]
fn a_moody_store_costs_time_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some(moto) = Moto::start(folder) else {
        return;
    };
    let (events, expected) = expected(folder);
    let events = upload(&moto, &events);
    let proxy = Proxy::start(&moto.address, moody);

    let output = format!("s3://{BUCKET}/one");
    let ended = segment(&["run"], &proxy.address, &events, &output);
    assert!(ended.status.success(), "{}", said(&ended));
    assert_run(&moto, "one", &expected);
    let faults = proxy.faults();
    assert!(faults > 3, "only {faults} requests failed");

    let cluster = cluster(folder, &proxy.address);
    let output = format!("s3://{BUCKET}/two");
    let submit = ["submit", "--scheduler", &cluster.url()];
    let ended = segment(&submit, &proxy.address, &events, &output);
    assert!(ended.status.success(), "{}", said(&ended));
    assert_run(&moto, "two", &expected);
    assert!(proxy.faults() > faults, "no request of the cluster failed");
}

#[test]
fn the_pointer_to_the_newest_run_moves_also_when_the_answers_to_its_puts_are_lost() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some(moto) = Moto::start(folder) else {
        return;
    };
    let (events, expected) = expected(folder);
    let events = upload(&moto, &events);
    for (name, fault) in [("one", Fault::Lose), ("two", Fault::Reset)] {
        let first = AtomicBool::new(true);
        let proxy = Proxy::start(&moto.address, move |request: &Request<'_>| {
            let pointer = request.method == "PUT" && request.target.ends_with("/latest.json");
            if pointer && first.swap(false, Ordering::AcqRel) {
                fault
            } else {
                Fault::None
            }
        });
        let output = format!("s3://{BUCKET}/{name}");
        let ended = segment(&["run"], &proxy.address, &events, &output);
        assert!(ended.status.success(), "{}", said(&ended));
        assert_eq!(proxy.faults(), 1);
        assert!(!said(&ended).contains("newer"), "{}", said(&ended));
        assert_run(&moto, name, &expected);
    }
}

/// Runs against a store that refuses what `choose` says; gives what was said.
fn refused(moto: &Moto, how: &[&str], address: &str, events: &str, output: &str) -> (i32, String) {
    let begin = Instant::now();
    let ended = segment(how, address, events, &format!("s3://{BUCKET}/{output}"));
    let said = said(&ended);
    assert!(
        begin.elapsed() < Duration::from_secs(180),
        "{:?}\n{said}",
        begin.elapsed()
    );
    assert!(!said.contains("panicked"), "{said}");
    let left = moto.list(&format!("{output}/"));
    let visible = ["manifest.json", "latest.json"];
    let seen = left
        .iter()
        .find(|key| visible.iter().any(|name| key.ends_with(name)));
    assert_eq!(seen, None, "{left:?}");
    (ended.status.code().unwrap(), said)
}

#[test]
fn a_store_that_stays_broken_is_told_of_in_bounded_time_and_no_run_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some(moto) = Moto::start(folder) else {
        return;
    };
    let events = upload(&moto, &csv_shop(&folder.join("shop"), 2000, 200));

    // Nothing can be read.
    let broken = Proxy::start(&moto.address, |_| Fault::ServerError);
    let (code, said) = refused(&moto, &["run"], &broken.address, &events, "one");
    assert!(matches!(code, 3 | 5), "{code}\n{said}");
    assert!(said.contains("500"), "{said}");

    // Everything can be read, and after a while nothing can be written.
    let full = |request: &Request<'_>| match request.method {
        "PUT" | "POST" if request.number > 20 => Fault::SlowDown,
        _ => Fault::None,
    };
    let full = Proxy::start(&moto.address, full);
    let (code, said) = refused(&moto, &["run"], &full.address, &events, "two");
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("503") || said.contains("SlowDown"), "{said}");

    // The same where executors write.
    let cluster = cluster(folder, &full.address);
    let submit = ["submit", "--scheduler", &cluster.url()];
    let (code, said) = refused(&moto, &submit, &moto.address, &events, "three");
    assert!(matches!(code, 4 | 5), "{code}\n{said}");
    assert!(said.contains("503") || said.contains("SlowDown"), "{said}");
}

#[test]
fn a_bucket_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some(moto) = Moto::start(folder) else {
        return;
    };
    let events = upload(&moto, &csv_shop(&folder.join("shop"), 500, 50));
    let begin = Instant::now();
    let missing = segment(
        &["run"],
        &moto.address,
        "s3://nowhere/x.csv",
        "s3://shop/one",
    );
    assert_eq!(missing.status.code(), Some(3), "{}", said(&missing));
    assert!(said(&missing).contains("nowhere"), "{}", said(&missing));
    let missing = segment(&["run"], &moto.address, &events, "s3://nowhere/one");
    assert_eq!(missing.status.code(), Some(5), "{}", said(&missing));
    assert!(said(&missing).contains("nowhere"), "{}", said(&missing));
    assert!(begin.elapsed() < Duration::from_secs(60));
}
