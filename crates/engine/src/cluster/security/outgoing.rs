//! Connections that a daemon or client opens.
//!
//! Ballista opens most of them itself and lets us change the address alone; its
//! gRPC library is built without TLS, which would rebuild half of the
//! dependencies with it. So where TLS is spoken, an address becomes that of a
//! Unix socket in a folder nobody else can enter, and what comes in there goes
//! out in TLS.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::HeaderValue;
use ballista_core::extension::{EndpointOverrideFn, SessionConfigExt};
use datafusion::prelude::SessionConfig;
use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::{TcpStream, UnixListener};
use tokio::runtime::Handle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use tonic::transport::Endpoint;

use super::gate::AGENT;
use super::tls::{self, Trust};
use super::tokens::{self, Secret};
use super::{Access, ClusterError, Role, SecurityParams};
use crate::work::WorkFolder;

/// How long reaching the other side may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the other side may take to begin an answer.
const ANSWER: Duration = Duration::from_secs(20);
/// Bytes copied at once in each direction.
const BUFFER: usize = 256 << 10;
/// How often a silent connection is asked whether it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How this process reaches schedulers and executors. Cheap to clone; the plain
/// one adds nothing.
#[derive(Clone, Default)]
pub(crate) struct Outgoing {
    token: Option<HeaderValue>,
    tunnel: Option<Arc<Tunnel>>,
    /// `host:port` of the scheduler; who else is talked to is an executor.
    scheduler: Option<Arc<str>>,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("token", &self.token.is_some())
            .field("tls", &self.tunnel.is_some())
            .finish_non_exhaustive()
    }
}

impl Outgoing {
    /// Connections in `tls` and with `token`. Must be made on a runtime when
    /// there is TLS: the tunnel lives on it.
    fn new(
        trust: Option<Trust>,
        token: Option<&Secret>,
        scheduler: Option<&str>,
    ) -> Result<Self, ClusterError> {
        let token = token.map(|token| {
            let mut value = HeaderValue::try_from(format!("{AGENT}{}", token.reveal()))
                .map_err(|_| ClusterError::Parameters("the token fits no header".to_owned()))?;
            value.set_sensitive(true);
            Ok::<_, ClusterError>(value)
        });
        Ok(Self {
            token: token.transpose()?,
            tunnel: trust.map(Tunnel::new).transpose()?.map(Arc::new),
            scheduler: scheduler.map(Arc::from),
        })
    }

    /// The connections of a daemon that plays `role`.
    pub(crate) fn of_daemon(params: &SecurityParams, role: Role) -> Result<Self, ClusterError> {
        let token = params.token_file.as_deref().map(tokens::read_secret);
        let trust = params
            .tls
            .as_ref()
            .map(|files| tls::load(files, role).map(|tls| tls.trust));
        Self::new(trust.transpose()?, token.transpose()?.as_ref(), None)
    }

    /// A client for the pages of a daemon that plays `role`.
    pub(crate) fn web(&self, role: Role) -> reqwest::ClientBuilder {
        // Clusters are reached directly, and never send us elsewhere with our token.
        let mut client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        if let Some(tunnel) = &self.tunnel {
            client = client.use_preconfigured_tls(tunnel.trust.web(role));
        }
        if let Some(token) = &self.token {
            client = client.user_agent(token.clone());
        }
        client
    }

    /// The connections of a client to the scheduler at `url` and its executors.
    pub(crate) fn of_client(access: &Access, url: &str) -> Result<Self, ClusterError> {
        let token = access.token_file.as_deref().map(tokens::read_secret);
        let (scheme, authority) = url.split_once("://").unwrap_or(("http", url));
        let tls = match (scheme, &access.ca) {
            ("https", Some(ca)) => Some(Trust::of_client(ca)?),
            ("https", None) => {
                return Err(ClusterError::Parameters(format!(
                    "{url} speaks TLS: give the authority that signed its certificate (--ca FILE \
                     or JOBS_CA)"
                )));
            }
            (_, Some(_)) => {
                return Err(ClusterError::Parameters(format!(
                    "an authority (--ca) is given, and {url} does not speak TLS; write https://"
                )));
            }
            (_, None) => None,
        };
        Self::new(tls, token.transpose()?.as_ref(), Some(authority))
    }

    /// The same, knowing which address is the scheduler's.
    pub(crate) fn with_scheduler(&self, url: &str) -> Self {
        let authority = url
            .split_once("://")
            .map_or(url, |(_, authority)| authority);
        Self {
            scheduler: Some(Arc::from(authority)),
            ..self.clone()
        }
    }

    /// Keeps the way open until the value is dropped: Ballista's own parts hold on to it for as long
    /// as the process lives, and its files would be left behind.
    pub(crate) fn until_dropped(&self) -> Sockets {
        Sockets(self.clone())
    }

    /// Whether TLS is spoken.
    pub(crate) fn tls(&self) -> bool {
        self.tunnel.is_some()
    }

    /// What Ballista passes its connections through; `None` when nothing is added.
    pub(crate) fn hook(&self) -> Option<EndpointOverrideFn> {
        if self.token.is_none() && self.tunnel.is_none() {
            return None;
        }
        let this = self.clone();
        Some(Arc::new(move |endpoint| {
            this.apply(endpoint).map_err(Into::into)
        }))
    }

    /// Settings of a session whose queries reach executors and scheduler so.
    pub(crate) fn of(&self, config: SessionConfig) -> SessionConfig {
        match self.hook() {
            Some(hook) => config.with_ballista_override_create_grpc_client_endpoint(hook),
            None => config,
        }
    }

    /// The endpoint with our token, through the tunnel.
    pub(crate) fn apply(&self, endpoint: Endpoint) -> Result<Endpoint, ClusterError> {
        let failed = |reason: String| ClusterError::Parameters(reason);
        let endpoint = match &self.tunnel {
            None => endpoint,
            Some(tunnel) => {
                let authority = endpoint.uri().authority();
                let authority = authority.ok_or_else(|| failed("no host to reach".to_owned()))?;
                let role = self.role(authority.as_str());
                let socket = tunnel
                    .socket(authority.as_str(), role)
                    .map_err(|e| failed(format!("no way to {authority}: {e}")))?;
                Endpoint::from_shared(format!("unix://{}", socket.display()))
                    .map_err(|e| failed(format!("no way to {authority}: {e}")))?
                    .connect_timeout(PATIENCE)
                    // What Ballista gives its own endpoints: until an answer begins.
                    .timeout(ANSWER)
                    .http2_keep_alive_interval(KEEP_ALIVE)
                    .keep_alive_timeout(KEEP_ALIVE)
                    .keep_alive_while_idle(true)
                    .http2_adaptive_window(true)
            }
        };
        match &self.token {
            None => Ok(endpoint),
            Some(token) => endpoint
                .user_agent(token.clone())
                .map_err(|_| failed("the token fits no header".to_owned())),
        }
    }

    /// Shakes hands with the scheduler at `url`, to learn in plain words what is
    /// wrong: a tunnel only closes. Nothing is done without TLS.
    pub(crate) async fn probe(&self, url: &str) -> Result<(), String> {
        let Some(tunnel) = &self.tunnel else {
            return Ok(());
        };
        let authority = url
            .split_once("://")
            .map_or(url, |(_, authority)| authority);
        let connected = reach(&tunnel.trust.config, authority, self.role(authority)).await;
        connected.map(drop).map_err(|e| e.to_string())
    }

    fn role(&self, authority: &str) -> Role {
        if self.scheduler.as_deref() == Some(authority) {
            Role::Scheduler
        } else {
            Role::Executor
        }
    }
}

/// Removes the sockets of [`Outgoing::until_dropped`].
#[derive(Debug)]
pub(crate) struct Sockets(Outgoing);

impl Drop for Sockets {
    fn drop(&mut self) {
        if let Some(tunnel) = &self.0.tunnel {
            tunnel.folder().take();
        }
    }
}

/// The sockets, one per address, and what carries their bytes.
struct Tunnel {
    /// Gone when the owner of the sockets is.
    folder: Mutex<Option<WorkFolder>>,
    trust: Trust,
    runtime: Handle,
    sockets: Mutex<HashMap<(String, Role), PathBuf>>,
}

impl Tunnel {
    fn new(trust: Trust) -> Result<Self, ClusterError> {
        let parent = std::env::temp_dir();
        let failed = |e: io::Error| ClusterError::WorkFolder {
            path: parent.clone(),
            reason: e.to_string(),
        };
        let folder = WorkFolder::create(&parent).map_err(failed)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let owner_only = std::fs::Permissions::from_mode(0o700);
            std::fs::set_permissions(folder.path(), owner_only).map_err(failed)?;
        }
        let runtime = Handle::try_current()
            .map_err(|_| ClusterError::Parameters("TLS needs a runtime".to_owned()))?;
        Ok(Self {
            folder: Mutex::new(Some(folder)),
            trust,
            runtime,
            sockets: Mutex::default(),
        })
    }

    fn folder(&self) -> MutexGuard<'_, Option<WorkFolder>> {
        self.folder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The socket whose bytes go to `authority`, which must prove to be `role`.
    fn socket(&self, authority: &str, role: Role) -> io::Result<PathBuf> {
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (authority.to_owned(), role);
        if let Some(path) = sockets.get(&key) {
            return Ok(path.clone());
        }
        let folder = self.folder();
        let folder = folder.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let path = folder.path().join(sockets.len().to_string());
        // Tasks run on runtimes of their own; the listener belongs to ours.
        let entered = self.runtime.enter();
        let listener = UnixListener::bind(&path)?;
        drop(entered);
        self.runtime.spawn(carry(
            listener,
            Arc::clone(&self.trust.config),
            key.0.clone(),
            role,
        ));
        sockets.insert(key, path.clone());
        Ok(path)
    }
}

/// Carries every connection of a socket to its address, for as long as the
/// runtime lives.
async fn carry(listener: UnixListener, tls: Arc<ClientConfig>, authority: String, role: Role) {
    let authority: Arc<str> = authority.into();
    loop {
        let mut inner = match listener.accept().await {
            Ok((inner, _)) => inner,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be begun");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (tls, authority) = (Arc::clone(&tls), Arc::clone(&authority));
        tokio::spawn(async move {
            match reach(&tls, &authority, role).await {
                // The side that breaks off tells its own story.
                Ok(mut outer) => drop(
                    copy_bidirectional_with_sizes(&mut inner, &mut outer, BUFFER, BUFFER).await,
                ),
                Err(error) => {
                    let role = role.name();
                    tracing::warn!(%authority, role, %error, "the other side cannot be reached");
                }
            }
        });
    }
}

/// A connection to `authority` whose certificate names `role`. Machines come and
/// go under any address; what counts is that our authority vouches for the part
/// they play.
async fn reach(
    tls: &Arc<ClientConfig>,
    authority: &str,
    role: Role,
) -> io::Result<TlsStream<TcpStream>> {
    let reached = async {
        let stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(role.name()).map_err(io::Error::other)?;
        TlsConnector::from(Arc::clone(tls))
            .connect(name, stream)
            .await
    };
    match tokio::time::timeout(PATIENCE, reached).await {
        Ok(reached) => reached,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}
