//! A scheduler and an executor inside this process, for standalone mode.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::drain::Drain;
use super::executor::Running;
use super::scheduler::Scheduler;
use super::{ClusterError, ExecutorParams, SchedulerParams, THREAD_STACK_BYTES};

/// Tries to start; a port found free may be taken by somebody else meanwhile.
const ATTEMPTS: usize = 3;

/// How long the parts may take to come together, and to go.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs on threads of its own, so that everything the two spawned ends with it;
/// the caller's runtime is not touched, and no signal is listened to.
pub(crate) struct LocalCluster {
    url: String,
    work_dir: PathBuf,
    parts: Mutex<Option<Parts>>,
}

struct Parts {
    runtime: Runtime,
    stop: oneshot::Sender<()>,
    stopped: oneshot::Receiver<()>,
}

impl LocalCluster {
    /// Starts both on free loopback ports and waits until they know each other.
    pub(crate) async fn start(
        threads: usize,
        memory_limit_bytes: usize,
        max_message_size_bytes: usize,
        work_dir: PathBuf,
    ) -> Result<Self, ClusterError> {
        let mut attempt = 1;
        loop {
            let scheduler = SchedulerParams {
                port: 0,
                max_message_size_bytes,
                // A machine busy with the work itself is not a lost one.
                executor_timeout_seconds: 300,
                drain_timeout: Duration::ZERO,
                ..Default::default()
            };
            let executor = ExecutorParams {
                port: 0,
                grpc_port: 0,
                health_port: None,
                vcores: Some(threads),
                memory_limit_bytes: Some(memory_limit_bytes),
                work_dir: work_dir.clone(),
                max_message_size_bytes,
                connect_timeout: PATIENCE,
                drain_timeout: Duration::ZERO,
                ..Default::default()
            };
            match Self::try_start(scheduler, executor).await {
                Err(_) if attempt < ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    async fn try_start(
        scheduler: SchedulerParams,
        executor: ExecutorParams,
    ) -> Result<Self, ClusterError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("standalone")
            .thread_stack_size(THREAD_STACK_BYTES)
            .enable_all()
            .build()
            .map_err(|e| ClusterError::Parameters(format!("no threads: {e}")))?;
        let (stop, stopping) = oneshot::channel();
        let (tell_stopped, stopped) = oneshot::channel();
        let (tell_ready, ready) = oneshot::channel();
        runtime.spawn(async move {
            run(scheduler, executor, tell_ready, stopping).await;
            // Nobody waits when the engine was dropped instead of closed.
            let _ = tell_stopped.send(());
        });
        let parts = Parts {
            runtime,
            stop,
            stopped,
        };
        match ready.await {
            Ok(Ok((url, work_dir))) => Ok(Self {
                url,
                work_dir,
                parts: Mutex::new(Some(parts)),
            }),
            failed => {
                parts.runtime.shutdown_background();
                Err(match failed {
                    Ok(Err(error)) => error,
                    _ => ClusterError::Stopped {
                        role: "scheduler",
                        reason: "it ended before it was ready".to_owned(),
                    },
                })
            }
        }
    }

    /// `http://127.0.0.1:port`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where the executor keeps what its tasks hand on.
    pub(crate) fn work_dir(&self) -> &Path {
        &self.work_dir
    }

    /// Stops both and waits until the executor's files are gone.
    pub(crate) async fn close(&self) {
        let Some(parts) = self.take() else { return };
        // An error means that the other side has ended already.
        let _ = parts.stop.send(());
        if tokio::time::timeout(PATIENCE, parts.stopped).await.is_err() {
            tracing::warn!("the standalone cluster did not stop in time");
        }
        parts.runtime.shutdown_background();
    }

    fn take(&self) -> Option<Parts> {
        self.parts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl Drop for LocalCluster {
    fn drop(&mut self) {
        if let Some(parts) = self.take() {
            // Blocking is not allowed here: the drop may happen on a thread that
            // runs futures. Work in flight is abandoned.
            parts.runtime.shutdown_background();
        }
    }
}

/// Both servers, until told to stop.
async fn run(
    scheduler: SchedulerParams,
    mut executor: ExecutorParams,
    ready: oneshot::Sender<Result<(String, PathBuf), ClusterError>>,
    stopping: oneshot::Receiver<()>,
) {
    let scheduler = match Scheduler::bind(scheduler).await {
        Ok(scheduler) => scheduler,
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    let url = format!("http://{}", scheduler.address);
    let server = scheduler.server().clone();
    let (close, closing) = oneshot::channel::<()>();
    let serving = tokio::spawn(scheduler.serve(
        async {
            let _ = closing.await;
        },
        Duration::ZERO,
    ));
    executor.scheduler.clone_from(&url);
    let running = match Running::start(executor, Drain::default()).await {
        Ok(running) => running,
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    let known = async {
        while !server.is_ready() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, known).await.is_err() {
        let reason = "it did not register in time".to_owned();
        let _ = ready.send(Err(ClusterError::Stopped {
            role: "executor",
            reason,
        }));
        return;
    }
    let work_dir = running.work_dir().to_owned();
    if ready.send(Ok((url, work_dir))).is_err() {
        return;
    }
    // A dropped sender stops as well.
    let _ = stopping.await;
    running.close().await;
    drop(close);
    let _ = serving.await;
}
