//! Whatever dies, a job ends with the right answer or with a clear error, in time.
//!
//! Each run draws from its seed what goes wrong and when, starts a cluster of real processes,
//! submits a segmentation, breaks something, and looks at how the job ended: with the tables of the
//! embedded run, or with the exit code of a failure; no half of a run, no work file, no process left.
//!
//! A dozen runs by default; a soak is `CLIENTELE_CHAOS_RUNS=100 cargo test -p jobs --test it chaos`.
//! `CLIENTELE_CHAOS_SEED` begins at another seed.

mod network;

use std::io::Read;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use engine::testing::{LocalCluster, Unusual};

use self::network::{OTHER_HOST, slow_way, slow_way_to_other_host};
use super::modes::{assert_same, tables};
use super::program::{csv_shop, jobs, latest_run, succeed, tree};

/// Runs of the suite when nobody asks for more.
const RUNS: u64 = 12;
/// Nothing may take longer.
const DEADLINE: Duration = Duration::from_secs(240);
/// Seconds of silence after which an executor counts as lost.
const EXECUTOR_TIMEOUT_SECONDS: u64 = 6;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// An executor is killed.
    ExecutorKilled,
    /// An executor is asked to stop.
    ExecutorStopped,
    /// An executor stands still for longer than the scheduler waits, and then goes on.
    ExecutorFrozen,
    /// The scheduler is killed, and another one takes its place.
    SchedulerKilled,
    /// The client is killed.
    ClientKilled,
    /// The client is asked to stop.
    ClientStopped,
    /// The disk of an executor is full.
    DiskFull,
    /// The way from the client to the scheduler is slow.
    SlowClient,
    /// All ways to and from an executor are slow.
    SlowExecutor,
}

const FAULTS: [Fault; 9] = [
    Fault::ExecutorKilled,
    Fault::ExecutorFrozen,
    Fault::ExecutorStopped,
    Fault::SchedulerKilled,
    Fault::ClientKilled,
    Fault::DiskFull,
    Fault::ClientStopped,
    Fault::SlowClient,
    Fault::SlowExecutor,
];

/// Numbers that look like chance (splitmix64), the same for the same seed.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % n
    }
}

/// A client that is ended with the test.
struct Client(Child);

impl Client {
    /// Submits a segmentation of the events.
    fn submit(scheduler: &str, events: &str, output: &Path) -> Self {
        let mut command = jobs();
        command.args(["--quiet", "submit", "--scheduler", scheduler]);
        command.args(["--queue-timeout", "40s", "--stall-timeout", "30s"]);
        command.args(["segmentation", "--threads", "6", "--k", "2..4"]);
        command.args(["--events", events, "--output", output.to_str().unwrap()]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null());
        Self(child.stderr(Stdio::piped()).spawn().unwrap())
    }

    fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        let kill = std::process::Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status();
        assert!(kill.is_ok());
    }

    fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// Waits for its end, within the deadline.
    fn end(&mut self) -> (ExitStatus, String) {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < DEADLINE, "the job hangs");
            std::thread::sleep(Duration::from_millis(20));
        };
        let mut said = String::new();
        let stderr = self.0.stderr.as_mut().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        (status, said)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Both fail only when the process has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for a moment that falls into any step of the job: before its first query reaches the
/// cluster, or a while after the drawn one of its `queries` does.
fn wait_for_the_moment(
    cluster: &LocalCluster,
    client: &mut Client,
    draws: &mut Draws,
    queries: u64,
) {
    let query = draws.below(queries + 1);
    while queries_of(cluster) < query && client.is_running() {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(draws.below(1_000)));
}

/// Breaks something.
fn strike(fault: Fault, cluster: &mut LocalCluster, client: &Client, draws: &mut Draws) {
    let victim = draws.below(cluster.executors.len() as u64) as usize;
    match fault {
        Fault::ExecutorKilled => {
            cluster.executors[victim].kill().unwrap();
            if draws.below(2) == 0 {
                cluster.add_executor().unwrap();
            }
        }
        Fault::ExecutorStopped => {
            cluster.executors[victim].signal("TERM").unwrap();
            cluster.add_executor().unwrap();
        }
        Fault::ExecutorFrozen => {
            cluster.executors[victim].signal("STOP").unwrap();
            std::thread::sleep(Duration::from_secs(EXECUTOR_TIMEOUT_SECONDS + 4));
            cluster.executors[victim].signal("CONT").unwrap();
        }
        Fault::SchedulerKilled => cluster.restart_scheduler().unwrap(),
        Fault::ClientKilled => client.signal("KILL"),
        Fault::ClientStopped => client.signal("TERM"),
        Fault::DiskFull | Fault::SlowClient | Fault::SlowExecutor => {}
    }
}

/// The cluster of a run, broken from the start where the fault asks for it.
fn cluster(fault: Fault, place: &Path) -> LocalCluster {
    let folder = place.join("executors");
    let mut cluster =
        LocalCluster::start_with_timeout(2, &folder, EXECUTOR_TIMEOUT_SECONDS).unwrap();
    match fault {
        Fault::DiskFull => {
            // No file of this executor can grow beyond 16 KiB: its writes fail as on a full disk,
            // and its log, as large already, is on that disk too.
            let log = place.join("full.log");
            std::fs::write(&log, [b'\n'; 16 << 10]).unwrap();
            let log = log.display();
            let full = format!("trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\" 2>>'{log}'");
            replace_executor(
                &mut cluster,
                &Unusual {
                    behind: &["bash", "-c", &full],
                    flags: &["--log-level", "info"],
                    ..Default::default()
                },
            );
        }
        Fault::SlowExecutor => {
            let scheduler = slow_way(cluster.scheduler.address.clone());
            let ports = [slow_way_to_other_host(), slow_way_to_other_host()];
            replace_executor(
                &mut cluster,
                &Unusual {
                    scheduler: Some(&scheduler),
                    ports,
                    flags: &["--bind", OTHER_HOST, "--advertise-host", "127.0.0.1"],
                    ..Default::default()
                },
            );
        }
        _ => {}
    }
    cluster
}

/// Puts an unusual executor in the place of one that leaves in good order.
fn replace_executor(cluster: &mut LocalCluster, unusual: &Unusual<'_>) {
    let mut usual = cluster.executors.pop().unwrap();
    assert!(usual.terminate(DEADLINE).unwrap());
    cluster.add_unusual(unusual).unwrap();
}

fn status(cluster: &LocalCluster) -> serde_json::Value {
    let (_, status) = cluster.scheduler.get("/api/status").unwrap();
    serde_json::from_str(&status).unwrap()
}

/// How many queries have reached the scheduler.
fn queries_of(cluster: &LocalCluster) -> u64 {
    status(cluster)["jobs"].as_array().unwrap().len() as u64
}

/// Whether the scheduler still has work.
fn is_busy(cluster: &LocalCluster) -> bool {
    let status = status(cluster);
    status["running_jobs"] != 0 || status["queued_jobs"] != 0
}

/// Work files and unfinished runs in the output.
fn left_over(output: &Path) -> Vec<String> {
    let files = tree(output);
    files
        .into_iter()
        .filter(|name| name.contains("_work") || name.contains(".tmp"))
        .collect()
}

/// Ends the cluster in good order and looks at what it leaves: nothing, but for the folder of an
/// executor that was killed and that none started after it could sweep.
fn leaves_nothing(mut cluster: LocalCluster, fault: Fault, place: &Path, what: &str) {
    for mut executor in cluster.executors.drain(..) {
        // Some have ended already, and not all of these as they would have wished.
        let _ = executor.terminate(DEADLINE).unwrap();
    }
    let left = std::fs::read_dir(place.join("executors")).unwrap().count();
    let killed = usize::from(fault == Fault::ExecutorKilled);
    assert!(left <= killed, "{what}: {left} folders are left");
}

/// What a run is about.
struct Trial<'a> {
    folder: &'a Path,
    events: &'a str,
    /// The tables of the embedded run.
    expected: &'a [(String, Vec<u8>)],
    /// Queries that the job sends to a cluster.
    queries: u64,
}

/// A job on a cluster where nothing goes wrong; how many queries it sends.
fn peaceful_run(folder: &Path, events: &str, expected: &[(String, Vec<u8>)]) -> u64 {
    let cluster = LocalCluster::start(2, &folder.join("executors")).unwrap();
    let output = folder.join("peaceful");
    let mut client = Client::submit(&cluster.url(), events, &output);
    let (status, said) = client.end();
    assert!(status.success(), "{said}");
    let run = latest_run(&output, "segmentation");
    assert_same(expected, &tables(&run), "nothing goes wrong");
    queries_of(&cluster)
}

fn one_run(seed: u64, trial: &Trial<'_>) {
    let mut draws = Draws(seed);
    let fault = FAULTS[(seed % FAULTS.len() as u64) as usize];
    let what = format!("seed {seed} ({fault:?})");
    let place = trial.folder.join(seed.to_string());
    std::fs::create_dir_all(&place).unwrap();
    let output = place.join("runs");
    let mut cluster = cluster(fault, &place);
    let scheduler = match fault {
        Fault::SlowClient => slow_way(cluster.scheduler.address.clone()),
        _ => cluster.url(),
    };
    let mut client = Client::submit(&scheduler, trial.events, &output);
    wait_for_the_moment(&cluster, &mut client, &mut draws, trial.queries);
    strike(fault, &mut cluster, &client, &mut draws);
    let (status, said) = client.end();
    assert!(!said.contains("panicked"), "{what}: {said}");
    let finished = status.success();
    match (fault, status.code()) {
        (_, Some(0)) => {}
        // A killed client has no code; one that was stopped says so.
        (Fault::ClientKilled, None) | (Fault::ClientStopped, Some(130)) => {}
        (Fault::DiskFull, Some(1 | 3 | 4 | 5)) => {
            assert!(said.contains("error: "), "{what}: {said}");
        }
        (_, code) => panic!("{what}: {code:?}: {said}"),
    }
    if finished {
        let run = latest_run(&output, "segmentation");
        assert_same(trial.expected, &tables(&run), &what);
    } else {
        assert!(!output.join("segmentation/latest.json").exists(), "{what}");
        let runs = succeed(&[
            "runs",
            "--output",
            output.to_str().unwrap(),
            "--format",
            "json",
        ]);
        assert_eq!(runs.trim(), "[]", "{what}");
    }
    // A client that was killed cannot clear up; the next run does.
    if fault != Fault::ClientKilled || finished {
        assert_eq!(left_over(&output), Vec::<String>::new(), "{what}");
    }
    let begun = Instant::now();
    while is_busy(&cluster) {
        assert!(
            begun.elapsed() < DEADLINE,
            "{what}: a job goes on for nobody"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    leaves_nothing(cluster, fault, &place, &what);
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn whatever_dies_the_answer_is_right_or_the_error_is_clear() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let shop = csv_shop(&folder.join("shop"), 60_000, 3_000);
    let shop = shop.as_str();
    let plain = folder.join("plain");
    succeed(&[
        "--quiet",
        "run",
        "segmentation",
        "--k",
        "2..4",
        "--events",
        shop,
        "--output",
        plain.to_str().unwrap(),
    ]);
    let expected = tables(&latest_run(&plain, "segmentation"));
    let first = number("CLIENTELE_CHAOS_SEED").unwrap_or(0);
    let runs = number("CLIENTELE_CHAOS_RUNS").unwrap_or(RUNS);
    let trial = Trial {
        folder,
        events: shop,
        expected: &expected,
        queries: peaceful_run(folder, shop, &expected),
    };
    for seed in first..first + runs {
        let begun = Instant::now();
        one_run(seed, &trial);
        say(seed, begun.elapsed());
    }
}

#[expect(clippy::print_stderr, reason = "a long test shows that it goes on")]
fn say(seed: u64, took: Duration) {
    let fault = FAULTS[(seed % FAULTS.len() as u64) as usize];
    eprintln!("chaos seed {seed} {fault:?}: {:.1} s", took.as_secs_f64());
}
