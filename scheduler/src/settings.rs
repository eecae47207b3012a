//! Settings, in rising order of precedence: the defaults, `--config FILE`
//! (TOML), the `SCHEDULER_*` environment, the flags.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use engine::cluster::{SchedulerParams, SecurityParams};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

use crate::logging::LogFormat;

/// The scheduler of a Clientele cluster.
#[derive(Debug, Default, clap::Parser, Serialize)]
#[command(name = "scheduler", version)]
pub(crate) struct Flags {
    /// Settings file (TOML); its keys are the long flags with underscores
    #[arg(long, value_name = "FILE", env = "SCHEDULER_CONFIG")]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long, value_name = "IP")]
    #[serde(skip_serializing_if = "Option::is_none")]
    bind: Option<IpAddr>,
    /// Port for clients, executors, REST and health; 0 = a free one [default: 50050]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    /// Name under which executors reach this scheduler [default: the bound address]
    #[arg(long, value_name = "HOST")]
    #[serde(skip_serializing_if = "Option::is_none")]
    advertise_host: Option<String>,
    /// Executors needed before /readyz says ready [default: 1]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    min_ready_executors: Option<usize>,
    /// Largest gRPC message, the same on all roles [default: 128MiB]
    #[arg(long, value_name = "SIZE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    max_message_size: Option<String>,
    /// Seconds without a heartbeat after which an executor is lost [default: 20]
    #[arg(long, value_name = "SECONDS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    executor_timeout_seconds: Option<u64>,
    /// Longest wait for running jobs at the end [default: 60]
    #[arg(long, value_name = "SECONDS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    drain_timeout_seconds: Option<u64>,
    /// Own certificate and those between it and the authority (PEM), with the name
    /// `scheduler` in it; TLS is spoken when given
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
    bind: IpAddr,
    port: u16,
    advertise_host: Option<String>,
    min_ready_executors: usize,
    #[serde(deserialize_with = "engine::cluster::text")]
    max_message_size: String,
    executor_timeout_seconds: u64,
    drain_timeout_seconds: u64,
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

impl Default for Settings {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 50050,
            advertise_host: None,
            min_ready_executors: 1,
            max_message_size: "128MiB".to_owned(),
            executor_timeout_seconds: 20,
            drain_timeout_seconds: 60,
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

const KEYS: [&str; 16] = [
    "bind",
    "port",
    "advertise_host",
    "min_ready_executors",
    "max_message_size",
    "executor_timeout_seconds",
    "drain_timeout_seconds",
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
/// are not, because Kubernetes sets `SCHEDULER_SERVICE_HOST` and the like for a
/// service of that name. Its `SCHEDULER_PORT=tcp://…` is passed over as well.
pub(crate) fn load(flags: &Flags) -> anyhow::Result<Settings> {
    let mut layers = Figment::from(Serialized::defaults(Settings::default()));
    if let Some(file) = &flags.config {
        layers = layers.merge(Toml::file_exact(file));
    }
    let service_link = std::env::var("SCHEDULER_PORT").is_ok_and(|port| port.contains("://"));
    let variables = Env::prefixed("SCHEDULER_").only(&KEYS);
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
    pub(crate) fn params(&self) -> anyhow::Result<SchedulerParams> {
        Ok(SchedulerParams {
            bind: self.bind,
            port: self.port,
            advertise_host: self.advertise_host.clone(),
            min_ready_executors: self.min_ready_executors,
            max_message_size_bytes: engine::parse_bytes(&self.max_message_size)
                .map_err(|e| anyhow::anyhow!("max_message_size: {e}"))?,
            executor_timeout_seconds: self.executor_timeout_seconds,
            drain_timeout: Duration::from_secs(self.drain_timeout_seconds),
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
        let file = folder.path().join("scheduler.toml");
        std::fs::write(&file, "port = 7\nmin_ready_executors = 3\n").unwrap();
        let flags = Flags {
            config: Some(file),
            port: Some(8),
            ..Default::default()
        };
        let params = load(&flags).unwrap().params().unwrap();
        assert_eq!((params.port, params.min_ready_executors), (8, 3));
        assert_eq!(params.max_message_size_bytes, 128 << 20);
        assert!(params.bind.is_loopback());
    }

    #[test]
    fn an_unknown_key_in_the_file_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("scheduler.toml");
        std::fs::write(&file, "prot = 7\n").unwrap();
        let flags = Flags {
            config: Some(file),
            ..Default::default()
        };
        let error = format!("{:#}", load(&flags).unwrap_err());
        assert!(error.contains("prot"), "{error}");
    }
}
