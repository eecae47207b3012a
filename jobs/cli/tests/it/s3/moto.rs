//! A real S3 server: moto's, from PyPI, as a process of the test's own.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The bucket of every test.
pub(super) const BUCKET: &str = "shop";

/// Credentials that exist nowhere else: where one of them shows up, it leaked.
pub(super) const KEY: &str = "AKIAPLANTEDCLIENTELE";
pub(super) const SECRET: &str = "planted/secret/must+not+show";

/// A running server with one empty bucket.
pub(super) struct Moto {
    child: Child,
    /// `host:port`.
    pub(super) address: String,
}

impl Moto {
    /// Starts a server, or says why there is none.
    pub(super) fn start(folder: &Path) -> Option<Self> {
        let Some(program) = program() else {
            // Set where all tools must be there, so that no test skips unseen.
            let required = std::env::var_os("CLIENTELE_REQUIRE_TOOLS").is_some();
            assert!(!required, "no moto_server");
            super::skip("no moto_server (pip install 'moto[server]', set CLIENTELE_MOTO)");
            return None;
        };
        let log = folder.join("moto.log");
        let child = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut moto = Self {
            child,
            address: String::new(),
        };
        let begin = Instant::now();
        while moto.address.is_empty() {
            assert!(begin.elapsed() < Duration::from_secs(60), "moto is silent");
            std::thread::sleep(Duration::from_millis(50));
            let text = std::fs::read_to_string(&log).unwrap();
            let line = text.lines().find_map(|line| line.split_once("http://"));
            if let Some((_, address)) = line {
                let end = address.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
                address[..end.unwrap_or(address.len())].clone_into(&mut moto.address);
            }
        }
        let (status, body) = moto.request("PUT", "", b"");
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        Some(moto)
    }

    /// The variables with which a process finds this server behind `address`.
    pub(super) fn variables(address: &str) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT", format!("http://{address}")),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Stores an object.
    pub(super) fn put(&self, key: &str, bytes: &[u8]) {
        let (status, body) = self.request("PUT", &format!("/{key}"), bytes);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    }

    /// The bytes of an object.
    pub(super) fn get(&self, key: &str) -> Vec<u8> {
        let (status, body) = self.request("GET", &format!("/{key}"), b"");
        assert_eq!(status, 200, "{key}: {}", String::from_utf8_lossy(&body));
        body
    }

    /// The keys that begin with `prefix`, sorted.
    pub(super) fn list(&self, prefix: &str) -> Vec<String> {
        let path = format!("?list-type=2&max-keys=1000&prefix={prefix}");
        let (status, body) = self.request("GET", &path, b"");
        let body = String::from_utf8(body).unwrap();
        assert_eq!(status, 200, "{body}");
        let mut keys: Vec<String> = body
            .split("<Key>")
            .skip(1)
            .map(|rest| rest.split("</Key>").next().unwrap().to_owned())
            .collect();
        keys.sort();
        keys
    }

    fn request(&self, method: &str, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let day = "20260101";
        let head = format!(
            "{method} /{BUCKET}{path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\
             content-length: {}\r\nx-amz-date: {day}T000000Z\r\n\
             authorization: AWS4-HMAC-SHA256 Credential={KEY}/{day}/us-east-1/s3/aws4_request, \
             SignedHeaders=host, Signature=none\r\n\r\n",
            self.address,
            body.len(),
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..end]);
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_off(end + 4))
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Both fail only when the process has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server's program: what `CLIENTELE_MOTO` names, or one on the PATH.
fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CLIENTELE_MOTO") {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join("moto_server"))
        .find(|program| program.exists())
}
