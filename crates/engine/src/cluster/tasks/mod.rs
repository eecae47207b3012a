//! The executor's side of tasks: they arrive, run, and are reported.
//!
//! Ballista's own (`executor_server`) binds a port without TLS or tokens, and
//! gives no way to put a gate before it; this one is a service that
//! [`super::security::serve`] serves. What runs a task is Ballista's.

mod run;
mod service;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ballista_core::error::BallistaError;
use ballista_core::serde::BallistaCodec;
use ballista_core::serde::protobuf::executor_status::Status;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::serde::protobuf::{
    ExecutorMetric, ExecutorStatus, HeartBeatParams, RegisterExecutorParams, TaskStatus,
    UpdateTaskStatusParams, executor_metric,
};
use ballista_core::serde::scheduler::TaskDefinition;
use ballista_core::utils::{GrpcClientConfig, create_grpc_client_endpoint};
use ballista_executor::execution_engine::ExecutionEngine;
use ballista_executor::executor::Executor;
use ballista_executor::executor_server::TERMINATING;
use ballista_executor::health::ExecutorHealth;
use ballista_executor::shutdown::ShutdownNotifier;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use tokio::sync::{Mutex, mpsc};
use tonic::transport::Channel;
use tonic::{Code, Status as Answer};

pub(super) use self::service::check_job_name;
use super::metrics::memory_of_process;
use super::security::Outgoing;

/// Heartbeats without an answer after which the executor gives up.
const SILENT_HEARTBEATS: u32 = 5;

/// How long a scheduler may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Times that a scheduler may refuse a report before it must find out by itself.
const REFUSALS: u32 = 4;

/// Wait before the second attempt to report; every further one is longer by as much.
const REPORT_RETRY: Duration = Duration::from_millis(500);

/// Longest wait between two attempts to report.
const LONGEST_RETRY: Duration = Duration::from_secs(5);

type Codec = BallistaCodec<LogicalPlanNode, PhysicalPlanNode>;

/// A task and who sent it.
struct Received {
    scheduler: String,
    task: TaskDefinition,
}

/// How a task ended and who wants to know.
struct Ended {
    scheduler: String,
    status: TaskStatus,
}

/// The service that tasks are sent to, and all that keeps it going.
#[derive(Clone)]
pub(super) struct Tasks {
    executor: Arc<Executor>,
    engine: Arc<dyn ExecutionEngine>,
    codec: Codec,
    /// The scheduler this executor registered with.
    home: SchedulerGrpcClient<Channel>,
    /// Those that sent tasks, by the address they gave.
    schedulers: Arc<Mutex<HashMap<String, SchedulerGrpcClient<Channel>>>>,
    outgoing: Outgoing,
    message_size: usize,
    received: mpsc::Sender<Received>,
    stop: mpsc::Sender<bool>,
    health: ExecutorHealth,
}

/// What [`Tasks::new`] leaves to be started.
pub(super) struct Queue(mpsc::Receiver<Received>);

impl Tasks {
    /// A service that takes tasks and does not run them yet.
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of an executor, told once"
    )]
    pub(super) fn new(
        executor: Arc<Executor>,
        engine: Arc<dyn ExecutionEngine>,
        codec: Codec,
        home: SchedulerGrpcClient<Channel>,
        outgoing: Outgoing,
        message_size: usize,
        stop: mpsc::Sender<bool>,
        health: ExecutorHealth,
    ) -> (Self, Queue) {
        let (received, queue) = mpsc::channel(executor.vcores * 50);
        let tasks = Self {
            executor,
            engine,
            codec,
            home,
            schedulers: Arc::default(),
            outgoing,
            message_size,
            received,
            stop,
            health,
        };
        (tasks, Queue(queue))
    }

    /// Registers with the scheduler, which tries our port; then starts the
    /// heartbeats and runs what arrives, until `shutdown`.
    pub(super) async fn start(
        &self,
        queue: Queue,
        heartbeat: Duration,
        shutdown: &ShutdownNotifier,
    ) -> Result<(), BallistaError> {
        let metadata = Some(self.executor.metadata.clone());
        let registered = self
            .home
            .clone()
            .register_executor(RegisterExecutorParams { metadata })
            .await?;
        if !registered.into_inner().success {
            let reason = "the scheduler did not register this executor";
            return Err(BallistaError::General(reason.to_owned()));
        }
        tokio::spawn(self.clone().beat(heartbeat, Parts::of(shutdown)));
        let (ended, reports) = mpsc::channel(self.executor.vcores * 50);
        tokio::spawn(self.clone().report(reports, Parts::of(shutdown)));
        tokio::spawn(run::run(self.clone(), queue.0, ended, Parts::of(shutdown)));
        Ok(())
    }

    /// Tells the scheduler now and then that we live; ends the executor when
    /// nobody listens.
    async fn beat(self, every: Duration, mut parts: Parts) {
        let mut silent = 0;
        loop {
            let status = if TERMINATING.load(Ordering::Acquire) {
                Status::Terminating(String::new())
            } else {
                Status::Active(String::new())
            };
            let beat = HeartBeatParams {
                executor_id: self.executor.metadata.id.clone(),
                metrics: memory_used(),
                status: Some(ExecutorStatus {
                    status: Some(status),
                }),
                metadata: Some(self.executor.metadata.clone()),
            };
            match answer(self.home.clone().heart_beat_from_executor(beat)).await {
                Ok(_) => {
                    silent = 0;
                    self.health.mark_heartbeat_ok();
                }
                Err(error) => {
                    silent += 1;
                    self.health.mark_heartbeat_failed();
                    tracing::warn!(%error, "the scheduler did not answer a heartbeat");
                }
            }
            if silent >= SILENT_HEARTBEATS {
                // Everybody may have gone already.
                let _ = parts.end.send(());
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = parts.shutdown.recv() => return,
            }
        }
    }

    /// Reports ended tasks, those of one moment together.
    async fn report(self, mut reports: mpsc::Receiver<Ended>, mut parts: Parts) {
        let mut ended = Vec::new();
        loop {
            tokio::select! {
                taken = reports.recv_many(&mut ended, 1024) => if taken == 0 { return },
                () = parts.shutdown.recv() => return,
            }
            let mut by_scheduler: HashMap<String, Vec<TaskStatus>> = HashMap::new();
            for Ended { scheduler, status } in ended.drain(..) {
                by_scheduler.entry(scheduler).or_default().push(status);
            }
            for (scheduler, statuses) in by_scheduler {
                tokio::select! {
                    () = self.tell(&scheduler, statuses) => {}
                    () = parts.shutdown.recv() => return,
                }
            }
        }
    }

    /// Tells one scheduler, for as long as it takes: a report that gets lost leaves a task running
    /// for ever in its eyes. A scheduler that is gone for good ends this executor, whose heartbeats
    /// find nobody; only one that hears and refuses is left alone in the end.
    async fn tell(&self, scheduler: &str, task_status: Vec<TaskStatus>) {
        let params = UpdateTaskStatusParams {
            executor_id: self.executor.metadata.id.clone(),
            task_status,
        };
        let mut refusals = 0;
        for attempt in 1.. {
            let told = match self.scheduler(scheduler).await {
                Ok(mut client) => answer(client.update_task_status(params.clone())).await,
                Err(reason) => Err(Answer::unavailable(reason)),
            };
            let Err(error) = told else { return };
            refusals += u32::from(!is_silence(&error));
            if refusals == REFUSALS {
                tracing::error!(scheduler, %error, "a report of tasks was refused");
                return;
            }
            tracing::warn!(scheduler, attempt, %error, "tasks not reported yet");
            tokio::time::sleep((REPORT_RETRY * attempt).min(LONGEST_RETRY)).await;
        }
    }

    /// A client of the scheduler that sent a task, at the `host:port` it gave.
    async fn scheduler(&self, address: &str) -> Result<SchedulerGrpcClient<Channel>, String> {
        if let Some(client) = self.schedulers.lock().await.get(address) {
            return Ok(client.clone());
        }
        let config = GrpcClientConfig {
            max_message_size: self.message_size,
            ..Default::default()
        };
        let endpoint = create_grpc_client_endpoint(format!("http://{address}"), Some(&config))
            .map_err(|e| e.to_string())?;
        let channel = self
            .outgoing
            .with_scheduler(address)
            .apply(endpoint)
            .map_err(|e| e.to_string())?
            .connect()
            .await
            .map_err(|e| super::client::innermost(&e))?;
        let client = SchedulerGrpcClient::new(channel)
            .max_encoding_message_size(self.message_size)
            .max_decoding_message_size(self.message_size);
        let mut known = self.schedulers.lock().await;
        known.insert(address.to_owned(), client.clone());
        Ok(client)
    }
}

/// What a scheduler answers, in bounded time: one that is frozen answers nothing.
async fn answer<T>(call: impl Future<Output = Result<T, Answer>>) -> Result<T, Answer> {
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(answer) => answer,
        Err(_) => Err(Answer::deadline_exceeded("no answer")),
    }
}

/// Whether nobody answered, as opposed to a scheduler that heard and refused.
pub(super) fn is_silence(error: &Answer) -> bool {
    matches!(
        error.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown
    )
}

/// A part's share in the end of the whole: hears of it, and by being dropped
/// says that it is done.
struct Parts {
    shutdown: ballista_executor::shutdown::Shutdown,
    end: tokio::sync::broadcast::Sender<()>,
    _done: mpsc::Sender<()>,
}

impl Parts {
    fn of(notifier: &ShutdownNotifier) -> Self {
        Self {
            shutdown: notifier.subscribe_for_shutdown(),
            end: notifier.notify_shutdown.clone(),
            _done: notifier.shutdown_complete_tx.clone(),
        }
    }
}

/// The memory this process holds, for the scheduler's list of executors.
fn memory_used() -> Vec<ExecutorMetric> {
    let Some((resident, total)) = memory_of_process() else {
        return Vec::new();
    };
    [
        executor_metric::Metric::ProcPhysicalMemory(resident),
        executor_metric::Metric::ProcVirtualMemory(total),
    ]
    .map(|metric| ExecutorMetric {
        metric: Some(metric),
    })
    .to_vec()
}
