//! Listening sockets.

use std::net::{IpAddr, SocketAddr, TcpListener as BlockingListener};

use tokio::net::TcpListener;

use super::ClusterError;

/// Listens on an address; port 0 gives a free one.
pub(crate) async fn listen(
    bind: IpAddr,
    port: u16,
) -> Result<(TcpListener, SocketAddr), ClusterError> {
    let wanted = SocketAddr::new(bind, port);
    let failed = |e: std::io::Error| ClusterError::Bind {
        address: wanted.to_string(),
        reason: e.to_string(),
    };
    let listener = TcpListener::bind(wanted).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// The port itself, or for 0 one that is free at this moment. Somebody else may
/// take it before it is listened on; the caller then fails to bind and says so.
pub(crate) fn free_port(bind: IpAddr, port: u16) -> Result<u16, ClusterError> {
    if port != 0 {
        return Ok(port);
    }
    let wanted = SocketAddr::new(bind, 0);
    BlockingListener::bind(wanted)
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|e| ClusterError::Bind {
            address: wanted.to_string(),
            reason: e.to_string(),
        })
}

/// The address as a host in a URL or `host:port`.
pub(crate) fn host(bind: IpAddr) -> String {
    match bind {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}
