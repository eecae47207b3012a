//! A cluster of real processes for tests: a scheduler and executors on free
//! loopback ports, ended when the value is dropped, also by a failing test.
//!
//! Uses the binaries `scheduler` and `executor` of this workspace and nothing
//! but the standard library. Not for anything but tests.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long a process may take to announce itself.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    /// `host:port` of its first announced address.
    pub address: String,
    /// `host:port` that answers `/healthz` and `/readyz`.
    pub health: String,
}

impl Daemon {
    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM and waits for the end; whether it ended with success in
    /// `longest`.
    pub fn terminate(&mut self, longest: Duration) -> std::io::Result<bool> {
        self.signal("TERM")?;
        let start = Instant::now();
        while start.elapsed() < longest {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.success());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(false)
    }

    /// Sends a signal by name, such as `STOP`.
    pub fn signal(&self, name: &str) -> std::io::Result<()> {
        let id = self.child.id().to_string();
        Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status()
            .map(drop)
    }

    /// Ends the process at once, as a crash would.
    pub fn kill(&mut self) -> std::io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// The HTTP status of `path` on the health address, 0 when nobody answers.
    pub fn status_of(&self, path: &str) -> u16 {
        self.get(path).map_or(0, |(status, _)| status)
    }

    /// The HTTP status and body of `path` on the health address.
    pub fn get(&self, path: &str) -> std::io::Result<(u16, String)> {
        http_get(&self.health, path)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Both fail only when the process has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the processes of a cluster are started with.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Variables added to the test's own.
    pub variables: Vec<(String, String)>,
    /// Flags added to every daemon's.
    pub flags: Vec<String>,
    /// The file that gets what all of them log; the test's stderr without one.
    pub log_file: Option<PathBuf>,
}

/// What sets an executor apart from the others.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unusual<'a> {
    /// A command that runs it, for example a shell that limits it.
    pub behind: &'a [&'a str],
    /// The URL under which it finds the scheduler; the scheduler's own without one.
    pub scheduler: Option<&'a str>,
    /// Ports of the data exchange and of the tasks; 0 = a free one.
    pub ports: [u16; 2],
    /// More flags.
    pub flags: &'a [&'a str],
}

/// A scheduler and its executors.
#[derive(Debug)]
pub struct LocalCluster {
    /// The scheduler.
    pub scheduler: Daemon,
    /// The executors, in the order they were started.
    pub executors: Vec<Daemon>,
    work_dir: PathBuf,
    executor_timeout_seconds: u64,
    surroundings: Surroundings,
}

impl LocalCluster {
    /// Starts a scheduler and `executors` executors of two vcores and 512 MiB
    /// each, and waits until all are registered. Their files go below `work_dir`.
    pub fn start(executors: usize, work_dir: &Path) -> std::io::Result<Self> {
        Self::start_in(executors, work_dir, Surroundings::default())
    }

    /// The same in these surroundings.
    pub fn start_in(
        executors: usize,
        work_dir: &Path,
        surroundings: Surroundings,
    ) -> std::io::Result<Self> {
        Self::begin(executors, work_dir, 20, surroundings)
    }

    /// The same with executors that count as lost after so many seconds of silence.
    pub fn start_with_timeout(
        executors: usize,
        work_dir: &Path,
        executor_timeout_seconds: u64,
    ) -> std::io::Result<Self> {
        let surroundings = Surroundings::default();
        Self::begin(executors, work_dir, executor_timeout_seconds, surroundings)
    }

    fn begin(
        executors: usize,
        work_dir: &Path,
        executor_timeout_seconds: u64,
        surroundings: Surroundings,
    ) -> std::io::Result<Self> {
        let scheduler = start_scheduler(0, executors, executor_timeout_seconds, &surroundings)?;
        let mut cluster = Self {
            scheduler,
            executors: Vec::new(),
            work_dir: work_dir.to_owned(),
            executor_timeout_seconds,
            surroundings,
        };
        for _ in 0..executors {
            cluster.add_executor()?;
        }
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// Kills the scheduler and starts another on the same port; executors find it by themselves.
    pub fn restart_scheduler(&mut self) -> std::io::Result<()> {
        let port = self.scheduler.address.rsplit(':').next().unwrap_or("0");
        let port = port.parse().map_err(std::io::Error::other)?;
        self.scheduler.kill()?;
        let timeout = self.executor_timeout_seconds;
        self.scheduler = start_scheduler(port, 1, timeout, &self.surroundings)?;
        Ok(())
    }

    /// Starts one more executor and waits until it is registered.
    pub fn add_executor(&mut self) -> std::io::Result<()> {
        self.add_unusual(&Unusual::default())
    }

    /// The same with what sets it apart from the others.
    pub fn add_unusual(&mut self, unusual: &Unusual<'_>) -> std::io::Result<()> {
        let own = self.url();
        let heartbeat = (self.executor_timeout_seconds / 4).max(1).to_string();
        let work_dir = self.work_dir.to_string_lossy().into_owned();
        let [port, grpc_port] = unusual.ports.map(|port| port.to_string());
        let mut flags = vec![
            "--scheduler",
            unusual.scheduler.unwrap_or(&own),
            "--port",
            &port,
            "--grpc-port",
            &grpc_port,
            "--health-port",
            "0",
            "--vcores",
            "2",
            "--memory-limit",
            "512MiB",
            "--work-dir",
            &work_dir,
            "--heartbeat-seconds",
            &heartbeat,
        ];
        flags.extend(unusual.flags);
        let executor = start_behind(unusual.behind, "executor", &flags, &self.surroundings)?;
        self.executors.push(executor);
        Ok(())
    }

    /// `http://127.0.0.1:port` of the scheduler, for [`crate::Mode::Cluster`].
    pub fn url(&self) -> String {
        format!("http://{}", self.scheduler.address)
    }

    fn wait_until_ready(&self) -> std::io::Result<()> {
        let start = Instant::now();
        while self.scheduler.status_of("/readyz") != 200 {
            if start.elapsed() > PATIENCE {
                return Err(std::io::Error::other("the scheduler does not become ready"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

fn start_scheduler(
    port: u16,
    executors: usize,
    executor_timeout_seconds: u64,
    surroundings: &Surroundings,
) -> std::io::Result<Daemon> {
    start_behind(
        &[],
        "scheduler",
        &[
            "--port",
            &port.to_string(),
            "--min-ready-executors",
            &executors.to_string(),
            "--executor-timeout-seconds",
            &executor_timeout_seconds.to_string(),
        ],
        surroundings,
    )
}

/// Starts a daemon of the workspace and reads where it listens.
pub fn start(role: &str, flags: &[&str]) -> std::io::Result<Daemon> {
    start_behind(&[], role, flags, &Surroundings::default())
}

/// Starts a daemon, with a command in front where one is given.
fn start_behind(
    before: &[&str],
    role: &str,
    flags: &[&str],
    surroundings: &Surroundings,
) -> std::io::Result<Daemon> {
    let log = match &surroundings.log_file {
        Some(path) => OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)?
            .into(),
        None => Stdio::inherit(),
    };
    let more = surroundings.flags.iter().map(String::as_str);
    let flags: Vec<&str> = flags.iter().copied().chain(more).collect();
    let level = match flags.contains(&"--log-level") {
        true => None,
        false => Some("warn"),
    };
    let variables = surroundings.variables.iter();
    let variables: Vec<_> = variables.map(|(name, value)| (&**name, &**value)).collect();
    spawn(before, role, &flags, level, &variables, log)
}

/// The same with a log filter, variables of the environment and a place for the
/// log.
pub fn launch(
    role: &str,
    flags: &[&str],
    log_level: &str,
    variables: &[(&str, &str)],
    log: Stdio,
) -> std::io::Result<Daemon> {
    spawn(&[], role, flags, Some(log_level), variables, log)
}

fn spawn(
    before: &[&str],
    role: &str,
    flags: &[&str],
    log_level: Option<&str>,
    variables: &[(&str, &str)],
    log: Stdio,
) -> std::io::Result<Daemon> {
    let binary = binaries()?.join(role);
    let mut command = match before {
        [] => Command::new(binary),
        [first, more @ ..] => {
            let mut command = Command::new(first);
            command.args(more).arg(binary);
            command
        }
    };
    if let Some(level) = log_level {
        command.args(["--log-level", level]);
    }
    let mut child = command
        .args(flags)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()?;
    let stdout = child.stdout.take();
    let mut daemon = Daemon {
        child,
        address: String::new(),
        health: String::new(),
    };
    let lines = stdout
        .into_iter()
        .flat_map(|stdout| BufReader::new(stdout).lines());
    let announced = if role == "executor" { 2 } else { 1 };
    for line in lines.take(announced) {
        let line = line?;
        let (what, address) = line.split_once("://").unwrap_or_default();
        if what.starts_with("listening on") {
            address.clone_into(&mut daemon.address);
        }
        if what.starts_with("listening on") || what.starts_with("health on") {
            address.clone_into(&mut daemon.health);
        }
    }
    if daemon.address.is_empty() {
        return Err(std::io::Error::other(format!(
            "the {role} ended before it listened"
        )));
    }
    Ok(daemon)
}

/// The folder of the workspace's binaries: the one above the running test's.
///
/// `cargo test` of the whole workspace builds both daemons. Testing one package
/// alone uses them as they are, and builds them only when one is missing.
fn binaries() -> std::io::Result<&'static Path> {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let test = std::env::current_exe().map_err(|e| e.to_string())?;
        let folder = test
            .ancestors()
            .nth(2)
            .ok_or("no folder of binaries")?
            .to_owned();
        if ["scheduler", "executor"]
            .iter()
            .all(|role| folder.join(role).exists())
        {
            return Ok(folder);
        }
        match build(&folder).status() {
            Ok(status) if status.success() => Ok(folder),
            other => Err(format!(
                "the daemons are missing and cannot be built ({other:?}); \
                 run `cargo build -p scheduler -p executor`"
            )),
        }
    });
    folder
        .as_deref()
        .map_err(|e| std::io::Error::other(e.clone()))
}

/// The build of both daemons into the folder that the test runs from.
fn build(folder: &Path) -> Command {
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "-p", "scheduler", "-p", "executor"]);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    if let Some(target) = folder.parent() {
        build.arg("--target-dir").arg(target);
    }
    // What cargo tells its tests (`CARGO_PKG_NAME` and many more) would make
    // build scripts of dependencies believe that their surroundings changed,
    // and nearly everything would be compiled again.
    build.env_clear();
    for kept in [
        "PATH",
        "HOME",
        "CARGO_HOME",
        "RUSTUP_HOME",
        "RUSTUP_TOOLCHAIN",
    ] {
        if let Some(value) = std::env::var_os(kept) {
            build.env(kept, value);
        }
    }
    build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    build
}

fn http_get(address: &str, path: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head
        .split_ascii_whitespace()
        .nth(1)
        .and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| std::io::Error::other("no status line"))?;
    Ok((status, body.to_owned()))
}
