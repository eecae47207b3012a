//! Settings, in rising order of precedence: the defaults, `--config FILE`
//! (TOML), the `EXECUTOR_*` environment, the flags.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use engine::cluster::{ExecutorParams, SecurityParams};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

use crate::logging::LogFormat;

/// An executor of a Clientele cluster.
#[derive(Debug, Default, clap::Parser, Serialize)]
#[command(name = "executor", version)]
pub(crate) struct Flags {
    /// Ask the executor that runs on this machine to leave, and wait until it may be ended; for
    /// scripts that run before it is stopped
    #[arg(long)]
    #[serde(skip)]
    pub(crate) drain: bool,
    /// Settings file (TOML); its keys are the long flags with underscores
    #[arg(long, value_name = "FILE", env = "EXECUTOR_CONFIG")]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// The scheduler [default: http://127.0.0.1:50050]
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduler: Option<String>,
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long, value_name = "IP")]
    #[serde(skip_serializing_if = "Option::is_none")]
    bind: Option<IpAddr>,
    /// Name under which scheduler, executors and clients reach this executor
    /// [default: the bound address]
    #[arg(long, value_name = "HOST")]
    #[serde(skip_serializing_if = "Option::is_none")]
    advertise_host: Option<String>,
    /// Port of the data exchange; 0 = a free one [default: 50051]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    /// Port on which tasks arrive; 0 = a free one [default: 50052]
    #[arg(long, value_name = "PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    grpc_port: Option<u16>,
    /// Port of /healthz and /readyz; 0 = a free one [default: 50053]
    #[arg(long, value_name = "PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    health_port: Option<u16>,
    /// Partitions worked on at once [default: all cores]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    vcores: Option<usize>,
    /// Memory for operators, shared by the vcores [default: 70 % of what there is]
    #[arg(long, value_name = "SIZE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_limit: Option<String>,
    /// Folder for spills and shuffles, on a disk of its own if there is one
    /// [default: the system's temporary folder]
    #[arg(long, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    work_dir: Option<PathBuf>,
    /// Largest gRPC message, the same on all roles [default: 128MiB]
    #[arg(long, value_name = "SIZE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    max_message_size: Option<String>,
    /// Longest wait for the scheduler at the start [default: 60]
    #[arg(long, value_name = "SECONDS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    connect_timeout_seconds: Option<u64>,
    /// Longest wait for running tasks at the end [default: 60]
    #[arg(long, value_name = "SECONDS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    drain_timeout_seconds: Option<u64>,
    /// Seconds between signs of life to the scheduler, well below its --executor-timeout-seconds
    /// [default: 5]
    #[arg(long, value_name = "SECONDS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat_seconds: Option<u64>,
    /// Own certificate and those between it and the authority (PEM), with the name
    /// `executor` in it; TLS is spoken when given
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_cert: Option<PathBuf>,
    /// Own private key (PEM)
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_key: Option<PathBuf>,
    /// The authority that signed the certificates of all daemons (PEM)
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_ca: Option<PathBuf>,
    /// Tokens that are accepted: [[token]] entries of name, sha256, rights (TOML)
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<PathBuf>,
    /// File with an admin token to show to other daemons where there is no TLS
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    token_file: Option<PathBuf>,
    /// Serve on any address without TLS, tokens or roots
    #[arg(long, num_args = 0..=1, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    insecure: Option<bool>,
    /// Local folder that may be read and written; repeat for more [default: all]
    #[arg(long, value_name = "DIR")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    root: Vec<PathBuf>,
    /// Log filter, for example info or debug,h2=warn
    #[arg(long, value_name = "FILTER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    log_level: Option<String>,
    /// Log lines for people or for collectors [default: text]
    #[arg(long, value_enum)]
    #[serde(skip_serializing_if = "Option::is_none")]
    log_format: Option<LogFormat>,
}

/// What the layers come to.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    scheduler: String,
    bind: IpAddr,
    advertise_host: Option<String>,
    port: u16,
    grpc_port: u16,
    health_port: u16,
    vcores: Option<usize>,
    #[serde(deserialize_with = "some_text")]
    memory_limit: Option<String>,
    work_dir: PathBuf,
    #[serde(deserialize_with = "engine::cluster::text")]
    max_message_size: String,
    connect_timeout_seconds: u64,
    drain_timeout_seconds: u64,
    heartbeat_seconds: u64,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    tls_ca: Option<PathBuf>,
    tokens: Option<PathBuf>,
    token_file: Option<PathBuf>,
    insecure: bool,
    #[serde(deserialize_with = "engine::cluster::folders")]
    root: Vec<PathBuf>,
    pub(crate) log_level: String,
    pub(crate) log_format: LogFormat,
}

fn some_text<'de, D: serde::Deserializer<'de>>(settings: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    struct Text(#[serde(deserialize_with = "engine::cluster::text")] String);
    Ok(Option::<Text>::deserialize(settings)?.map(|text| text.0))
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            scheduler: "http://127.0.0.1:50050".to_owned(),
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            advertise_host: None,
            port: 50051,
            grpc_port: 50052,
            health_port: 50053,
            vcores: None,
            memory_limit: None,
            work_dir: std::env::temp_dir(),
            max_message_size: "128MiB".to_owned(),
            connect_timeout_seconds: 60,
            drain_timeout_seconds: 60,
            heartbeat_seconds: 5,
            tls_cert: None,
            tls_key: None,
            tls_ca: None,
            tokens: None,
            token_file: None,
            insecure: false,
            root: Vec::new(),
            log_level: engine::cluster::LOG_FILTER.to_owned(),
            log_format: LogFormat::Text,
        }
    }
}

const KEYS: [&str; 22] = [
    "scheduler",
    "bind",
    "advertise_host",
    "port",
    "grpc_port",
    "health_port",
    "vcores",
    "memory_limit",
    "work_dir",
    "max_message_size",
    "connect_timeout_seconds",
    "drain_timeout_seconds",
    "heartbeat_seconds",
    "tls_cert",
    "tls_key",
    "tls_ca",
    "tokens",
    "token_file",
    "insecure",
    "root",
    "log_level",
    "log_format",
];

/// Reads all layers. An unknown key in the file is an error; unknown variables
/// are not, because Kubernetes sets `EXECUTOR_SERVICE_HOST` and the like for a
/// service of that name. Its `EXECUTOR_PORT=tcp://…` is passed over as well.
pub(crate) fn load(flags: &Flags) -> anyhow::Result<Settings> {
    let mut layers = Figment::from(Serialized::defaults(Settings::default()));
    if let Some(file) = &flags.config {
        layers = layers.merge(Toml::file_exact(file));
    }
    let service_link = std::env::var("EXECUTOR_PORT").is_ok_and(|port| port.contains("://"));
    let variables = Env::prefixed("EXECUTOR_").only(&KEYS);
    let variables = if service_link {
        variables.ignore(&["port"])
    } else {
        variables
    };
    layers
        .merge(variables)
        .merge(Serialized::defaults(flags))
        .extract()
        .context("settings")
}

impl Settings {
    pub(crate) fn params(&self) -> anyhow::Result<ExecutorParams> {
        let bytes = |key: &str, text: &str| {
            engine::parse_bytes(text).map_err(|e| anyhow::anyhow!("{key}: {e}"))
        };
        let memory_limit = self.memory_limit.as_deref();
        Ok(ExecutorParams {
            scheduler: self.scheduler.clone(),
            bind: self.bind,
            advertise_host: self.advertise_host.clone(),
            port: self.port,
            grpc_port: self.grpc_port,
            health_port: Some(self.health_port),
            vcores: self.vcores,
            memory_limit_bytes: memory_limit.map(|m| bytes("memory_limit", m)).transpose()?,
            work_dir: self.work_dir.clone(),
            max_message_size_bytes: bytes("max_message_size", &self.max_message_size)?,
            connect_timeout: Duration::from_secs(self.connect_timeout_seconds),
            drain_timeout: Duration::from_secs(self.drain_timeout_seconds),
            heartbeat_seconds: self.heartbeat_seconds,
            security: SecurityParams::from_files(
                [&self.tls_cert, &self.tls_key, &self.tls_ca].map(Option::as_deref),
                self.tokens.clone(),
                self.token_file.clone(),
                self.insecure,
                self.root.clone(),
            )?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("executor.toml");
        std::fs::write(&file, "port = 7\nmemory_limit = \"2GiB\"\n").unwrap();
        let flags = Flags {
            config: Some(file),
            port: Some(8),
            ..Default::default()
        };
        let params = load(&flags).unwrap().params().unwrap();
        assert_eq!((params.port, params.memory_limit_bytes), (8, Some(2 << 30)));
        assert_eq!(params.scheduler, "http://127.0.0.1:50050");
        assert!(params.bind.is_loopback());
    }

    #[test]
    fn a_size_may_be_a_plain_number() {
        // As figment reads a variable of the environment that looks like one.
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("executor.toml");
        let text = "memory_limit = 1073741824\nmax_message_size = 1048576\n";
        std::fs::write(&file, text).unwrap();
        let flags = Flags {
            config: Some(file),
            ..Default::default()
        };
        let params = load(&flags).unwrap().params().unwrap();
        assert_eq!(params.memory_limit_bytes, Some(1 << 30));
        assert_eq!(params.max_message_size_bytes, 1 << 20);
    }

    #[test]
    fn a_size_that_is_none_is_an_error_that_names_its_key() {
        let flags = Flags {
            memory_limit: Some("much".to_owned()),
            ..Default::default()
        };
        let error = load(&flags).unwrap().params().unwrap_err().to_string();
        assert!(error.contains("memory_limit"), "{error}");
    }
}
