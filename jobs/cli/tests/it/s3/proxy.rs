//! A proxy that a test puts before a store to make it a bad one: it answers some requests with
//! errors, cuts others off, and passes the rest on. One request per connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

/// What is done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is passed on.
    None,
    /// 503, as a store that is asked too much.
    SlowDown,
    /// 500.
    ServerError,
    /// The connection is closed before the request reaches the store.
    Reset,
    /// The request is done, and no answer comes back.
    Lose,
    /// The request is done, and half of the answer's body is lost.
    Truncate,
}

/// A request, as far as a test chooses by it.
pub(super) struct Request<'a> {
    /// How many came before it.
    pub(super) number: u64,
    pub(super) method: &'a str,
    /// Path and query.
    pub(super) target: &'a str,
}

/// Chooses the fault of a request.
type Choose = dyn Fn(&Request<'_>) -> Fault + Send + Sync;

struct Shared {
    store: String,
    choose: Box<Choose>,
    requests: AtomicU64,
    faults: AtomicU64,
    ended: AtomicBool,
}

/// A running proxy.
pub(super) struct Proxy {
    /// `host:port`.
    pub(super) address: String,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Stands before the store at `host:port`.
    pub(super) fn start(
        store: &str,
        choose: impl Fn(&Request<'_>) -> Fault + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared {
            store: store.to_owned(),
            choose: Box::new(choose),
            requests: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        let accepting = std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if serving.ended.load(Ordering::Acquire) {
                    return;
                }
                let serving = Arc::clone(&serving);
                // A client that goes away is no failure of the test.
                std::thread::spawn(move || drop(serving.serve(client)));
            }
        });
        Self {
            address,
            shared,
            accepting: Some(accepting),
        }
    }

    /// How many requests were made to fail.
    pub(super) fn faults(&self) -> u64 {
        self.shared.faults.load(Ordering::Acquire)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(&self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

impl Shared {
    fn serve(&self, client: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(client.try_clone()?);
        let (head, length) = head(&mut reader)?;
        let mut words = head.split(' ');
        let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let fault = (self.choose)(&Request {
            number: self.requests.fetch_add(1, Ordering::AcqRel),
            method,
            target,
        });
        if fault != Fault::None {
            self.faults.fetch_add(1, Ordering::AcqRel);
        }
        if fault == Fault::Reset {
            // What was not read makes the system reset the connection rather than end it.
            return Ok(());
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        match fault {
            Fault::Reset => Ok(()),
            Fault::SlowDown => refuse(client, "503 Slow Down", "SlowDown"),
            Fault::ServerError => refuse(client, "500 Internal Server Error", "InternalError"),
            Fault::None | Fault::Truncate | Fault::Lose => self.pass(client, &head, &body, fault),
        }
    }

    fn pass(
        &self,
        mut client: TcpStream,
        head: &str,
        body: &[u8],
        fault: Fault,
    ) -> std::io::Result<()> {
        let mut store = TcpStream::connect(&self.store)?;
        store.write_all(closing(head).as_bytes())?;
        store.write_all(body)?;
        let mut answer = Vec::new();
        store.read_to_end(&mut answer)?;
        if fault == Fault::Lose {
            return client.shutdown(Shutdown::Both);
        }
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n");
        let end = end.map_or(answer.len(), |end| end + 4);
        let kept = match fault {
            Fault::Truncate => end + (answer.len() - end) / 2,
            _ => answer.len(),
        };
        client.write_all(closing(&String::from_utf8_lossy(&answer[..end])).as_bytes())?;
        client.write_all(&answer[end..kept])?;
        client.shutdown(Shutdown::Both)
    }
}

/// The head of a request and the length of its body.
fn head(reader: &mut impl BufRead) -> std::io::Result<(String, usize)> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(number) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = number.trim().parse().unwrap_or(0);
        }
        head += &line;
        if line == "\r\n" {
            return Ok((head, length));
        }
    }
}

/// A head that says that the connection ends with the message.
fn closing(head: &str) -> String {
    let lines = head.trim_end().split("\r\n");
    let kept = lines.filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    format!(
        "{}\r\nconnection: close\r\n\r\n",
        kept.collect::<Vec<_>>().join("\r\n")
    )
}

fn refuse(mut client: TcpStream, status: &str, code: &str) -> std::io::Result<()> {
    let body = format!("<Error><Code>{code}</Code><Message>Try again.</Message></Error>");
    let length = body.len();
    write!(
        client,
        "HTTP/1.1 {status}\r\ncontent-type: application/xml\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )?;
    client.shutdown(Shutdown::Both)
}
