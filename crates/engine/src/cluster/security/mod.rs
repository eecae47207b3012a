//! Who may do what: TLS, tokens, what is refused and what is shown.
//!
//! Every port of every daemon is served by [`serve`], which speaks TLS where a
//! certificate is given and bounds what a stranger can hold, and passes
//! [`gate`], which knows for each request what right it needs. Every connection
//! that a daemon or client opens passes [`outgoing`].

mod gate;
mod outgoing;
mod redact;
mod serve;
mod tls;
mod tokens;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Deserializer};
use tokio_rustls::rustls::ServerConfig;

use super::ClusterError;
use crate::roots;

pub(crate) use gate::{Gate, Need};
pub(crate) use outgoing::{Outgoing, Sockets};
pub use redact::{Redacting, redact};
pub(crate) use serve::{Peer, serve};

/// The files of TLS, all PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// Own certificate and those between it and the authority. It carries the
    /// role of the daemon, `scheduler` or `executor`, as a DNS name.
    pub cert: PathBuf,
    /// Own private key.
    pub key: PathBuf,
    /// The authority that signed the certificates of all daemons.
    pub ca: PathBuf,
}

/// What a daemon is told about trust.
#[derive(Debug, Clone, Default)]
pub struct SecurityParams {
    /// Certificates; plain HTTP when `None`.
    pub tls: Option<TlsFiles>,
    /// Hashes and rights of the tokens that are accepted (TOML).
    pub tokens: Option<PathBuf>,
    /// File with the token this daemon shows to others where there is no TLS.
    pub token_file: Option<PathBuf>,
    /// Whether an open door was asked for by name.
    pub insecure: bool,
    /// Local folders that may be read and written; all when empty.
    pub roots: Vec<PathBuf>,
}

impl SecurityParams {
    /// `https` or `http`.
    pub const fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// What the flags of a daemon say; `tls` are certificate, key and authority,
    /// which come together or not at all.
    pub fn from_files(
        tls: [Option<&Path>; 3],
        tokens: Option<PathBuf>,
        token_file: Option<PathBuf>,
        insecure: bool,
        roots: Vec<PathBuf>,
    ) -> Result<Self, ClusterError> {
        let tls = match tls {
            [None, None, None] => None,
            [Some(cert), Some(key), Some(ca)] => Some(TlsFiles {
                cert: cert.to_owned(),
                key: key.to_owned(),
                ca: ca.to_owned(),
            }),
            _ => {
                return Err(ClusterError::Parameters(
                    "--tls-cert, --tls-key and --tls-ca come together or not at all".to_owned(),
                ));
            }
        };
        Ok(Self {
            tls,
            tokens,
            token_file,
            insecure,
            roots,
        })
    }
}

/// Reads folders from settings: a list, or one text with `:` between them, as an
/// environment variable gives it.
///
/// # Errors
/// Those of the settings' format.
pub fn folders<'de, D: Deserializer<'de>>(settings: D) -> Result<Vec<PathBuf>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        One(String),
        Many(Vec<PathBuf>),
    }
    Ok(match Given::deserialize(settings)? {
        Given::Many(folders) => folders,
        Given::One(text) => std::env::split_paths(&text)
            .filter(|folder| !folder.as_os_str().is_empty())
            .collect(),
    })
}

/// Reads a text from settings; a number is one too, because environment variables that look like
/// numbers come as such.
///
/// # Errors
/// Those of the settings' format.
pub fn text<'de, D: Deserializer<'de>>(settings: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Text(String),
        Number(u64),
    }
    Ok(match Given::deserialize(settings)? {
        Given::Text(text) => text,
        Given::Number(number) => number.to_string(),
    })
}

/// What a client shows to a cluster and how it knows the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// File with the client's token.
    pub token_file: Option<PathBuf>,
    /// The authority that signed the daemons' certificates (PEM); needed for
    /// `https://`.
    pub ca: Option<PathBuf>,
}

/// The part a daemon plays; its certificate names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    Scheduler,
    Executor,
}

impl Role {
    /// The DNS name in the certificate.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Scheduler => "scheduler",
            Self::Executor => "executor",
        }
    }
}

/// What a daemon knows of trust, read and checked.
#[derive(Clone)]
pub(crate) struct Security {
    /// How it serves; plain HTTP when `None`.
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// Whom it lets in.
    pub(crate) gate: Gate,
    /// How it reaches others.
    pub(crate) outgoing: Outgoing,
}

impl Security {
    /// Reads the files, and refuses a door that is open without having been
    /// asked for.
    pub(crate) fn load(
        params: &SecurityParams,
        role: Role,
        bind: IpAddr,
    ) -> Result<Self, ClusterError> {
        closed_or_asked_for(params, role, bind)?;
        let tls = params
            .tls
            .as_ref()
            .map(|files| tls::load(files, role).map(|tls| tls.server))
            .transpose()?;
        let tokens = params
            .tokens
            .as_deref()
            .map(tokens::Tokens::load)
            .transpose()?;
        if tls.is_some() && tokens.is_none() {
            tracing::warn!(
                role = role.name(),
                "no tokens are given, so that only daemons are let in"
            );
        }
        if tls.is_none() && tokens.is_some() && params.token_file.is_none() {
            tracing::warn!(
                role = role.name(),
                "without TLS, daemons that ask for tokens let in others by an admin token; none is \
                 given (--token-file)"
            );
        }
        if !params.roots.is_empty() {
            roots::confine(&params.roots).map_err(ClusterError::Parameters)?;
        }
        Ok(Self {
            gate: Gate::new(tokens, tls.is_some(), bind.is_loopback()),
            tls,
            outgoing: Outgoing::of_daemon(params, role)?,
        })
    }
}

/// An address that others can reach needs TLS, tokens and roots, or `--insecure`.
fn closed_or_asked_for(
    params: &SecurityParams,
    role: Role,
    bind: IpAddr,
) -> Result<(), ClusterError> {
    if bind.is_loopback() || params.insecure {
        return Ok(());
    }
    let mut missing = Vec::new();
    if params.tls.is_none() {
        missing.push("TLS (--tls-cert, --tls-key, --tls-ca)");
    }
    if params.tokens.is_none() {
        missing.push("tokens (--tokens)");
    }
    if params.roots.is_empty() {
        missing.push("folders that may be read and written (--root)");
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(ClusterError::Parameters(format!(
        "the {} would listen on {bind}, where others can reach it, and needs {}; give them, listen on \
         127.0.0.1, or ask for an open door with --insecure",
        role.name(),
        missing.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_door_is_asked_for_by_name_unless_on_the_loopback() {
        let check = |params: &SecurityParams, bind: &str| {
            closed_or_asked_for(params, Role::Executor, bind.parse().unwrap())
        };
        let mut params = SecurityParams::default();
        assert!(check(&params, "127.0.0.1").is_ok() && check(&params, "::1").is_ok());
        let said = check(&params, "0.0.0.0").unwrap_err().to_string();
        for flag in ["--tls-cert", "--tokens", "--root", "--insecure"] {
            assert!(said.contains(flag), "{said}");
        }
        params.tls = Some(TlsFiles {
            cert: "c".into(),
            key: "k".into(),
            ca: "a".into(),
        });
        params.tokens = Some("t".into());
        assert!(check(&params, "10.0.0.1").is_err());
        params.roots = vec!["/data".into()];
        assert!(check(&params, "10.0.0.1").is_ok());
        let insecure = SecurityParams {
            insecure: true,
            ..Default::default()
        };
        assert!(check(&insecure, "0.0.0.0").is_ok());
    }
}
