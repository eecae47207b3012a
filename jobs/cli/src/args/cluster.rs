use std::time::Duration;

use clap::Args;

use super::OutputFormat;

/// The heading of flags about the cluster.
const CLUSTER: &str = "Cluster";

/// How to deal with a cluster.
#[derive(Debug, Clone, Args)]
pub(crate) struct SubmitArgs {
    /// Where the scheduler listens, such as http://127.0.0.1:50050; JOBS_SCHEDULER and the
    /// settings can say it too.
    #[arg(long, global = true, help_heading = CLUSTER, value_name = "URL")]
    pub(crate) scheduler: Option<String>,
    /// How often a query is sent again after an executor or the scheduler was lost.
    #[arg(long, global = true, help_heading = CLUSTER, default_value_t = 5, value_name = "N")]
    pub(crate) retries: usize,
    /// Longest wait while no executor is there, such as 90s or 10m.
    #[arg(long, global = true, help_heading = CLUSTER, default_value = "2m", value_parser = duration)]
    pub(crate) queue_timeout: Duration,
    /// A query without any progress for this long is given up and sent again.
    #[arg(long, global = true, help_heading = CLUSTER, default_value = "15m", value_parser = duration)]
    pub(crate) stall_timeout: Duration,
    /// Give the whole job up after this time, such as 2h; never when not given.
    #[arg(long, global = true, help_heading = CLUSTER, value_parser = duration)]
    pub(crate) deadline: Option<Duration>,
}

/// `jobs status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// A query, by the id that `jobs status` lists; the whole cluster when not given.
    #[arg(value_name = "JOB_ID")]
    pub(crate) job: Option<String>,
    /// Where the scheduler listens, such as http://127.0.0.1:50050.
    #[arg(long, env = "JOBS_SCHEDULER", value_name = "URL")]
    pub(crate) scheduler: String,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = OutputFormat::Table)]
    pub(crate) format: OutputFormat,
}

/// `jobs cancel`.
#[derive(Debug, Args)]
pub(crate) struct CancelArgs {
    /// The query, by the id that `jobs status` lists.
    #[arg(value_name = "JOB_ID")]
    pub(crate) job: String,
    /// Where the scheduler listens, such as http://127.0.0.1:50050.
    #[arg(long, env = "JOBS_SCHEDULER", value_name = "URL")]
    pub(crate) scheduler: String,
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = humantime::parse_duration(text);
    parsed.map_err(|_| "expected a time such as 90s, 10m or 2h".to_owned())
}
