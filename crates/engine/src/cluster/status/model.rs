//! What `/api/status` answers. The scheduler writes it, clients read it; fields may be added,
//! never renamed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A cluster at one moment: `GET /api/status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClusterStatus {
    /// The scheduler's clock when it answered; what the times below are measured against.
    pub at: DateTime<Utc>,
    /// When the scheduler started. Jobs of an earlier one are unknown to it.
    pub started_at: DateTime<Utc>,
    /// Version of the scheduler.
    pub version: String,
    /// Whether the scheduler takes work: enough executors, and not draining.
    pub ready: bool,
    /// The vcores of executors that take work.
    pub vcores: Vcores,
    /// Jobs accepted of which no task has started.
    pub queued_jobs: usize,
    /// Jobs that run.
    pub running_jobs: usize,
    /// Tasks that could run now and wait for a free vcore.
    pub runnable_tasks: usize,
    /// The executors, by id.
    pub executors: Vec<ExecutorStatus>,
    /// All jobs that have not ended and the newest of those that have; newest first.
    pub jobs: Vec<JobStatus>,
}

/// Vcores: how many partitions can be worked on at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vcores {
    /// All.
    pub total: u32,
    /// Those that run a task.
    pub busy: u32,
}

/// One executor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExecutorStatus {
    /// Its id, new at every start.
    pub id: String,
    /// Name or address under which others reach it.
    pub host: String,
    /// Port of the data exchange.
    pub port: u16,
    /// Whether it takes work.
    pub state: ExecutorState,
    /// Its vcores.
    pub vcores: Vcores,
    /// Resident memory of its process, in bytes.
    pub memory_bytes: Option<u64>,
    /// The most that was, in bytes.
    pub peak_memory_bytes: Option<u64>,
    /// When it was last heard of.
    pub last_heartbeat: Option<DateTime<Utc>>,
}

/// Whether an executor takes work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutorState {
    /// It does.
    Active,
    /// It finishes what it has and goes.
    Leaving,
    /// Nothing was heard of it for longer than the scheduler waits.
    Silent,
}

impl ExecutorState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Active, Self::Leaving, Self::Silent];

    /// As in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Leaving => "leaving",
            Self::Silent => "silent",
        }
    }
}

/// One job: a query that a client sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobStatus {
    /// Its id, made by the scheduler.
    pub id: String,
    /// What the client called it: `<run>/<step>`, or empty.
    pub name: String,
    /// How far it is.
    pub state: JobState,
    /// When it was accepted.
    pub submitted_at: Option<DateTime<Utc>>,
    /// When its first task was handed to an executor.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended, well or not.
    pub ended_at: Option<DateTime<Utc>>,
    /// Its stages.
    pub stages: StageCounts,
    /// Its tasks.
    pub tasks: TaskCounts,
    /// Rows that finished tasks have read from the job's sources.
    pub rows_read: u64,
    /// Rows of the result, once the job has succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Why it failed or was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether its result must not be used although nothing is wrong with the query: an executor
    /// was lost. Sending it again is safe.
    #[serde(default)]
    pub retry: bool,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Accepted; no task has started, for want of a plan or of a free executor.
    Queued,
    /// Tasks run or have run.
    Running,
    /// It ended well.
    Succeeded,
    /// It ended with an error.
    Failed,
    /// It was given up: by its client, by hand, or because an executor was lost.
    Cancelled,
}

impl JobState {
    /// All states, in the order a job can pass them.
    pub const ALL: [Self; 5] = [
        Self::Queued,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    /// As in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether the job has ended.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// The stages of a job: what runs between two exchanges of data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageCounts {
    /// All.
    pub total: usize,
    /// Those that ended well.
    pub done: usize,
}

/// Tasks, counted by the partitions they work on: the scheduler decides only when it hands them
/// out how many partitions one task takes. The total of a job can change while earlier stages
/// run, because later ones are planned anew when their input is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskCounts {
    /// All.
    pub total: usize,
    /// Those that run.
    pub running: usize,
    /// Those that ended well.
    pub done: usize,
    /// Those that failed, every attempt counted; tasks given up do not count.
    pub failed: usize,
}

/// A job with its stages: `GET /api/status/JOB_ID`. The fields of [`JobStatus`] stand beside
/// `stage_list`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobDetail {
    /// The job.
    #[serde(flatten)]
    pub job: JobStatus,
    /// Its stages, by id; empty before it is planned.
    pub stage_list: Vec<StageStatus>,
}

/// One stage of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageStatus {
    /// Its number within the job.
    pub id: usize,
    /// How far it is.
    pub state: StageState,
    /// Its tasks.
    pub tasks: TaskCounts,
    /// When its first task was handed to an executor.
    pub started_at: Option<DateTime<Utc>>,
    /// When its last task ended, once all have.
    pub ended_at: Option<DateTime<Utc>>,
    /// Rows that finished tasks have read, from sources or from earlier stages.
    pub rows_read: u64,
    /// Rows that finished tasks have handed on.
    pub rows_written: u64,
    /// Bytes that operators wrote to disk because they did not fit their memory.
    #[serde(default)]
    pub spilled_bytes: u64,
    /// Errors of its tasks, none twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<TaskError>,
}

/// How far a stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageState {
    /// Earlier stages have not ended.
    Waiting,
    /// Tasks run, or could.
    Running,
    /// It ended well.
    Succeeded,
    /// It ended with an error.
    Failed,
}

impl StageState {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Running, Self::Succeeded, Self::Failed];

    /// As in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

/// The error of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskError {
    /// The executor's own words.
    pub error: String,
    /// How many tasks failed with it.
    pub tasks: usize,
}
