//! Listening sockets.

use std::net::{IpAddr, SocketAddr};

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

/// The address as a host in a URL or `host:port`.
pub(crate) fn host(bind: IpAddr) -> String {
    match bind {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// A limit for the size of messages, which tell their length in four bytes.
pub(super) fn wire_size(message_size: usize) -> Result<u32, ClusterError> {
    u32::try_from(message_size).map_err(|_| {
        ClusterError::Parameters(format!(
            "a message size of {message_size} bytes is over 4 GiB"
        ))
    })
}
