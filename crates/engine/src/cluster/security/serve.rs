//! The one way a daemon serves: HTTP/1 and HTTP/2, in TLS where there are
//! certificates, with bounds on what a stranger can hold.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tonic::codegen::Service;

use super::{Role, tls};

/// Connections that are open at once; more wait.
const CONNECTIONS: usize = 2048;
/// How long a stranger may take to shake hands, to say the first word, to send
/// the header of a request.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest headers of a request, in bytes.
const HEADERS: usize = 64 << 10;
/// Requests that one connection may have open.
const STREAMS: u32 = 256;
/// Bytes under way per request and per connection before the reader must have
/// taken them.
const WINDOWS: (u32, u32) = (4 << 20, 16 << 20);
/// How often a silent connection is asked whether it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// Wait after an accept that failed for lack of file descriptors, say.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    /// Where the connection comes from.
    pub(crate) address: SocketAddr,
    /// The role in its certificate, if our authority signed one.
    pub(crate) role: Option<Role>,
}

/// Serves until `closed` ends; then lets open requests end. Dropping the future
/// cuts every connection.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    router: Router,
    closed: impl Future<Output = ()> + Send,
) {
    let acceptor = tls.map(TlsAcceptor::from);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    let (close, closing) = watch::channel(());
    let mut closed = std::pin::pin!(closed);
    loop {
        tokio::select! {
            (stream, address, place) = accept(&listener, &places) => {
                let (acceptor, router) = (acceptor.clone(), router.clone());
                let closing = closing.clone();
                connections.spawn(async move {
                    connection(stream, address, acceptor, router, closing).await;
                    drop(place);
                });
            }
            Some(_) = connections.join_next() => {}
            () = &mut closed => break,
        }
    }
    drop(listener);
    close.send_replace(());
    while connections.join_next().await.is_some() {}
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, address)) => return (stream, address, place),
            Err(error) => {
                tracing::debug!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

/// One connection from its first byte to its last.
async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    closing: watch::Receiver<()>,
) {
    // Small answers should not wait for more.
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = acceptor else {
        let peer = Peer {
            address,
            role: None,
        };
        return requests(FirstWord::new(stream, PATIENCE), peer, router, closing).await;
    };
    let stream = match tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(peer = %address, %error, "a connection without proper TLS was closed");
            return;
        }
        Err(_) => {
            tracing::debug!(peer = %address, "a connection that did not shake hands was closed");
            return;
        }
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let role = certificates.and_then(<[_]>::first).and_then(tls::role_of);
    let peer = Peer { address, role };
    requests(FirstWord::new(stream, PATIENCE), peer, router, closing).await;
}

/// Answers the requests of a connection until it ends, or until the server
/// closes and those under way are answered.
async fn requests<S>(stream: S, peer: Peer, router: Router, mut closing: watch::Receiver<()>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(ConnectInfo(peer.address));
        // A router is always ready.
        router.clone().call(request)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(WINDOWS.0)
        .initial_connection_window_size(WINDOWS.1)
        .max_header_list_size(HEADERS as u32)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(PATIENCE);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = closing.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(peer = %peer.address, %error, "a connection ended early");
    }
}

/// What a connection of HTTP/2 begins with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream that must say in time which HTTP it speaks: the preface of HTTP/2, or something else.
/// What follows is watched by HTTP's own clocks, which start when that is known.
struct FirstWord<S> {
    stream: S,
    deadline: Option<Pin<Box<Sleep>>>,
    /// Bytes of the preface that have come.
    said: usize,
}

impl<S> FirstWord<S> {
    fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            deadline: Some(Box::pin(tokio::time::sleep(patience))),
            said: 0,
        }
    }

    /// Whether these next bytes tell which HTTP is spoken, or that nothing more comes.
    fn is_said(&mut self, bytes: &[u8]) -> bool {
        for byte in bytes {
            if PREFACE.get(self.said) != Some(byte) {
                return true;
            }
            self.said += 1;
        }
        bytes.is_empty() || self.said == PREFACE.len()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FirstWord<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let Some(deadline) = &mut self.deadline else {
            return read;
        };
        if read.is_pending() {
            return match deadline.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Poll::Pending => Poll::Pending,
            };
        }
        if self.is_said(&buffer.filled()[before..]) {
            self.deadline = None;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FirstWord<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// What becomes of a stranger that says these words, one after the other, and then nothing.
    async fn after(words: &[&[u8]]) -> io::Result<usize> {
        let (stream, mut stranger) = tokio::io::duplex(64);
        let patience = Duration::from_millis(50);
        let mut stream = FirstWord::new(stream, patience);
        let mut read = [0; 64];
        for word in words {
            stranger.write_all(word).await.unwrap();
            assert_eq!(stream.read(&mut read).await.unwrap(), word.len());
        }
        tokio::time::timeout(4 * patience, stream.read(&mut read))
            .await
            .unwrap_or(Ok(0))
    }

    #[tokio::test]
    async fn a_stranger_must_say_what_it_speaks() {
        let silent: [&[&[u8]]; 3] = [&[], &[b"P"], &[b"PRI * HTTP", b"/2.0\r\n"]];
        for silent in silent {
            let ended = after(silent).await;
            assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::TimedOut);
        }
        let said: [&[&[u8]]; 3] = [&[b"G"], &[b"P", b"O"], &[b"PRI ", &PREFACE[4..]]];
        for said in said {
            assert!(after(said).await.is_ok());
        }
    }
}
