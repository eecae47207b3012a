//! `executor --drain`: asks the executor beside this process to leave, and
//! waits until it may be ended.
//!
//! For what runs before a container is stopped: images of ours hold no shell
//! and no other program that could ask.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// How long the executor may take to accept the question.
const CONNECT: Duration = Duration::from_secs(5);

/// The most of an answer that is read, in bytes.
const ANSWER: u64 = 64 << 10;

/// The name in the certificate of every executor.
const ROLE: &str = "executor";

/// Sends `POST /drain` to the health port at `address`, in TLS where an
/// authority is given; `longest` is how long the answer may take.
pub(crate) fn ask(
    address: SocketAddr,
    authority: Option<&Path>,
    longest: Duration,
) -> anyhow::Result<()> {
    let no_answer = || format!("no answer from the executor at {address}");
    let stream = TcpStream::connect_timeout(&address, CONNECT).with_context(no_answer)?;
    stream.set_read_timeout(Some(longest))?;
    let answer = match authority {
        None => exchange(stream, address),
        Some(authority) => exchange(in_tls(stream, authority)?, address),
    };
    judge(&answer.with_context(no_answer)?, address)
}

/// The question and the answer, which ends with the connection.
fn exchange(mut stream: impl Read + Write, address: SocketAddr) -> std::io::Result<String> {
    let request = format!(
        "POST /drain HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    match stream.take(ANSWER).read_to_end(&mut answer) {
        // In TLS an end should be announced; an answer counts without.
        Err(error) if error.kind() != ErrorKind::UnexpectedEof || answer.is_empty() => {
            return Err(error);
        }
        _ => {}
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn in_tls(
    stream: TcpStream,
    authority: &Path,
) -> anyhow::Result<StreamOwned<ClientConnection, TcpStream>> {
    let unusable = || format!("the authority {} cannot be used", authority.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authority).with_context(unusable)? {
        roots.add(certificate?).with_context(unusable)?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from(ROLE)?)?;
    Ok(StreamOwned::new(connection, stream))
}

/// Whether an answer says that the executor may be ended.
fn judge(answer: &str, address: SocketAddr) -> anyhow::Result<()> {
    let mut words = answer.split_ascii_whitespace();
    let status: Option<u16> = words.nth(1).and_then(|status| status.parse().ok());
    let reason = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    match status {
        Some(200..300) => Ok(()),
        Some(status) => anyhow::bail!(
            "the executor at {address} does not drain: {status} {}",
            reason.trim()
        ),
        None => anyhow::bail!("what answers at {address} is no executor"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;

    use tokio_rustls::rustls::pki_types::PrivateKeyDer;
    use tokio_rustls::rustls::{ServerConfig, ServerConnection};

    use super::*;

    const DONE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\ndrained\n";

    /// Reads a request and gives this answer; returns the request.
    fn serve(stream: impl Read + Write, answer: &str) -> std::io::Result<String> {
        let mut head = String::new();
        let mut reader = BufReader::new(stream);
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                break;
            }
        }
        reader.get_mut().write_all(answer.as_bytes())?;
        Ok(head)
    }

    /// Asks a server that gives this answer; returns what it was asked and what came of it.
    fn ask_one_that_says(answer: &'static str) -> (String, anyhow::Result<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || serve(listener.accept().unwrap().0, answer));
        let result = ask(address, None, Duration::from_secs(10));
        (server.join().unwrap().unwrap(), result)
    }

    /// The same in TLS, with a certificate of this name and the authority that is believed.
    fn ask_in_tls(name: &str, trusted: bool) -> anyhow::Result<()> {
        let made = || rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let (own, other) = (made(), made());
        let folder = tempfile::tempdir().unwrap();
        let authority = folder.path().join("ca.crt");
        let believed = if trusted { &own.cert } else { &other.cert };
        std::fs::write(&authority, believed.pem()).unwrap();
        let key = PrivateKeyDer::try_from(own.key_pair.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let connection = ServerConnection::new(Arc::new(config)).unwrap();
            let mut stream = StreamOwned::new(connection, listener.accept().unwrap().0);
            serve(&mut stream, DONE)?;
            stream.conn.send_close_notify();
            stream.flush()
        });
        let result = ask(address, Some(&authority), Duration::from_secs(10));
        // Ends with an error where it was not believed.
        let _ = server.join().unwrap();
        result
    }

    #[test]
    fn in_tls_only_an_executor_of_our_authority_is_believed() {
        ask_in_tls("executor", true).unwrap();
        for (name, trusted) in [("executor", false), ("scheduler", true)] {
            let error = format!("{:#}", ask_in_tls(name, trusted).unwrap_err());
            assert!(error.contains("certificate"), "{error}");
        }
    }

    #[test]
    fn an_executor_that_may_end_is_success() {
        let (question, result) = ask_one_that_says(DONE);
        assert!(question.starts_with("POST /drain HTTP/1.1\r\n"));
        result.unwrap();
    }

    #[test]
    fn a_refusal_is_told_in_its_own_words() {
        let (_, result) = ask_one_that_says("HTTP/1.1 403 Forbidden\r\n\r\nnot from here\n");
        let error = format!("{:#}", result.unwrap_err());
        assert!(error.contains("403 not from here"), "{error}");
    }

    #[test]
    fn what_is_no_executor_and_nobody_at_all_are_errors() {
        let (_, result) = ask_one_that_says("");
        assert!(result.unwrap_err().to_string().contains("no executor"));
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let error = format!("{:#}", ask(address, None, CONNECT).unwrap_err());
        assert!(error.contains("no answer"), "{error}");
    }

    #[test]
    fn one_that_never_answers_is_not_waited_for_beyond_the_time() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = silent.local_addr().unwrap();
        let error = ask(address, None, Duration::from_millis(100)).unwrap_err();
        assert!(format!("{error:#}").contains("no answer"));
    }
}
