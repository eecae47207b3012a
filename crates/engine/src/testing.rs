//! A cluster of real processes for tests: a scheduler and executors on free
//! loopback ports, ended when the value is dropped, also by a failing test.
//!
//! Uses the binaries `scheduler` and `executor` of this workspace and nothing
//! but the standard library. Not for anything but tests.

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
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        let start = Instant::now();
        while start.elapsed() < longest {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.success());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(false)
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

/// A scheduler and its executors.
#[derive(Debug)]
pub struct LocalCluster {
    /// The scheduler.
    pub scheduler: Daemon,
    /// The executors, in the order they were started.
    pub executors: Vec<Daemon>,
    work_dir: PathBuf,
}

impl LocalCluster {
    /// Starts a scheduler and `executors` executors of two vcores and 512 MiB
    /// each, and waits until all are registered. Their files go below `work_dir`.
    pub fn start(executors: usize, work_dir: &Path) -> std::io::Result<Self> {
        let flags = [
            "--port",
            "0",
            "--min-ready-executors",
            &executors.to_string(),
        ];
        let scheduler = start("scheduler", &flags)?;
        let mut cluster = Self {
            scheduler,
            executors: Vec::new(),
            work_dir: work_dir.to_owned(),
        };
        for _ in 0..executors {
            cluster.add_executor()?;
        }
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// Starts one more executor and waits until it is registered.
    pub fn add_executor(&mut self) -> std::io::Result<()> {
        let url = self.url();
        let work_dir = self.work_dir.to_string_lossy().into_owned();
        let flags = [
            "--scheduler",
            &url,
            "--port",
            "0",
            "--grpc-port",
            "0",
            "--health-port",
            "0",
            "--vcores",
            "2",
            "--memory-limit",
            "512MiB",
            "--work-dir",
            &work_dir,
        ];
        self.executors.push(start("executor", &flags)?);
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

/// Starts a daemon of the workspace and reads where it listens.
pub fn start(role: &str, flags: &[&str]) -> std::io::Result<Daemon> {
    let mut child = Command::new(binaries()?.join(role))
        .args(flags)
        .args(["--log-level", "warn"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
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
        if let Some(address) = line.strip_prefix("listening on http://") {
            address.clone_into(&mut daemon.address);
            address.clone_into(&mut daemon.health);
        } else if let Some(address) = line.strip_prefix("health on http://") {
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
