use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use engine::Access;

use super::OutputFormat;

/// The heading of flags about the cluster.
const CLUSTER: &str = "Cluster";

/// What a cluster is shown, and how it is known.
#[derive(Debug, Clone, Args)]
pub(crate) struct AccessArgs {
    /// File with the token that the cluster asks for.
    #[arg(long, global = true, help_heading = CLUSTER, env = "JOBS_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The authority that signed the cluster's certificates (PEM), for https://.
    #[arg(long, global = true, help_heading = CLUSTER, env = "JOBS_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl From<AccessArgs> for Access {
    fn from(args: AccessArgs) -> Self {
        Self {
            token_file: args.token_file,
            ca: args.ca,
        }
    }
}

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
    #[command(flatten)]
    pub(crate) access: AccessArgs,
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
    #[command(flatten)]
    pub(crate) access: AccessArgs,
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
    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = humantime::parse_duration(text);
    parsed.map_err(|_| "expected a time such as 90s, 10m or 2h".to_owned())
}
