//! `executor --drain`: asks the executor beside this process to leave, and
//! waits until it may be ended.
//!
//! For what runs before a container is stopped: images of ours hold no shell
//! and no other program that could ask.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::Context;

/// How long the executor may take to accept the question.
const CONNECT: Duration = Duration::from_secs(5);

/// The most of an answer that is read, in bytes.
const ANSWER: u64 = 64 << 10;

/// Sends `POST /drain` to the health port at `address`; `longest` is how long
/// the answer may take.
pub(crate) fn ask(address: SocketAddr, longest: Duration) -> anyhow::Result<()> {
    let no_answer = || format!("no answer from the executor at {address}");
    let mut stream = TcpStream::connect_timeout(&address, CONNECT).with_context(no_answer)?;
    stream.set_read_timeout(Some(longest))?;
    let request = format!(
        "POST /drain HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream
        .write_all(request.as_bytes())
        .with_context(no_answer)?;
    let mut answer = Vec::new();
    stream
        .take(ANSWER)
        .read_to_end(&mut answer)
        .with_context(no_answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let mut words = answer.split_ascii_whitespace();
    let status: Option<u16> = words.nth(1).and_then(|status| status.parse().ok());
    if status.is_some_and(|status| (200..300).contains(&status)) {
        return Ok(());
    }
    let reason = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    match status {
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

    use super::*;

    /// Asks a server that gives this answer; returns what it was asked and what came of it.
    fn ask_one_that_says(answer: &'static str) -> (String, anyhow::Result<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while !head.ends_with("\r\n\r\n") {
                reader.read_line(&mut head).unwrap();
            }
            stream.write_all(answer.as_bytes()).unwrap();
            head
        });
        let result = ask(address, Duration::from_secs(10));
        (server.join().unwrap(), result)
    }

    #[test]
    fn an_executor_that_may_end_is_success() {
        let (question, result) =
            ask_one_that_says("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\ndrained\n");
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
        let error = format!("{:#}", ask(address, CONNECT).unwrap_err());
        assert!(error.contains("no answer"), "{error}");
    }

    #[test]
    fn one_that_never_answers_is_not_waited_for_beyond_the_time() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = silent.local_addr().unwrap();
        let error = ask(address, Duration::from_millis(100)).unwrap_err();
        assert!(format!("{error:#}").contains("no answer"));
    }
}
