//! A scheduler and an executor in processes of their own, with certificates and tokens made for
//! the occasion.

use std::fs::{File, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use engine::testing::{Daemon, launch};
use rcgen::{BasicConstraints, CertificateParams, CertifiedKey, IsCa, KeyPair};
use sha2::{Digest, Sha256};

pub(super) const READ: &str = "planted-token-of-a-reader";
pub(super) const SUBMIT: &str = "planted-token-of-a-submitter";
pub(super) const ADMIN: &str = "planted-token-of-an-admin";
/// What the daemons know of a store, as environment.
pub(super) const STORE_SECRET: &str = "planted-secret-of-a-store";

/// The cluster; it ends with the value.
pub(super) struct Secured {
    pub(super) folder: tempfile::TempDir,
    pub(super) scheduler: Daemon,
    pub(super) executor: Daemon,
    /// `host:port` on which the executor takes tasks.
    pub(super) tasks: String,
}

impl Secured {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        authority(folder.path(), "ca", &["scheduler", "executor"]);
        authority(folder.path(), "stranger", &["executor"]);
        let tokens = [
            ("r", READ, "read"),
            ("s", SUBMIT, "submit"),
            ("a", ADMIN, "admin"),
        ];
        let tokens = tokens.map(|(name, token, right)| {
            private(&folder.path().join(format!("{right}.token")), token);
            let hash = Sha256::digest(token);
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("[[token]]\nname = \"{name}\"\nsha256 = \"{hash}\"\nrights = [\"{right}\"]\n")
        });
        private(&folder.path().join("tokens.toml"), &tokens.concat());
        for name in ["data", "work", "output"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }

        let trust = |role: &str| {
            [
                ["--tls-cert".to_owned(), path(&format!("ca-{role}.pem"))],
                ["--tls-key".to_owned(), path(&format!("ca-{role}.key"))],
                ["--tls-ca".to_owned(), path("ca.pem")],
                ["--tokens".to_owned(), path("tokens.toml")],
                ["--root".to_owned(), path("data")],
                ["--root".to_owned(), path("output")],
            ]
            .concat()
        };
        let daemon = |role: &str, more: &[&str]| {
            let trust = trust(role);
            let flags: Vec<&str> = trust
                .iter()
                .map(String::as_str)
                .chain(more.iter().copied())
                .collect();
            let secrets = [
                ("AWS_SECRET_ACCESS_KEY", STORE_SECRET),
                ("AWS_ACCESS_KEY_ID", "AKIAPLANTED"),
                // Sockets of a killed daemon stay until the next one starts there.
                ("TMPDIR", &path("work")),
            ];
            let log = File::create(folder.path().join(format!("{role}.log"))).unwrap();
            let level = "debug,h2=info,hyper=info";
            launch(role, &flags, level, &secrets, Stdio::from(log)).unwrap()
        };
        let scheduler = daemon("scheduler", &["--port", "0", "--min-ready-executors", "1"]);
        let url = format!("https://{}", scheduler.address);
        let port = free_port();
        let work = path("work");
        let executor = daemon(
            "executor",
            &[
                "--scheduler",
                &url,
                "--port",
                "0",
                "--health-port",
                "0",
                "--vcores",
                "2",
                "--grpc-port",
                &port,
                "--memory-limit",
                "512MiB",
                "--work-dir",
                &work,
            ],
        );
        let cluster = Self {
            folder,
            scheduler,
            executor,
            tasks: format!("127.0.0.1:{port}"),
        };
        let begin = Instant::now();
        while !cluster.lives() {
            assert!(
                begin.elapsed() < Duration::from_secs(30),
                "the cluster is not ready"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        cluster
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(super) fn url(&self) -> String {
        format!("https://{}", self.scheduler.address)
    }

    /// Both daemons answer, and know each other.
    pub(super) fn lives(&self) -> bool {
        [&self.scheduler.address, &self.executor.health]
            .iter()
            .all(|address| answer(address, "GET", "/readyz", None).is_some_and(|a| a.status == 200))
    }
}

/// What a daemon says.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The status of gRPC, if that is what was spoken.
    pub(super) grpc: Option<String>,
    pub(super) body: String,
}

/// Asks over TLS; nothing when there is no answer. Paths of gRPC are asked in gRPC.
pub(super) fn answer(
    address: &str,
    method: &str,
    path: &str,
    token: Option<&str>,
) -> Option<Answer> {
    send(address, method, path, token, vec![0; 5])
}

/// The same with a body.
pub(super) fn send(
    address: &str,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Vec<u8>,
) -> Option<Answer> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            let client = reqwest::Client::builder()
                .no_proxy()
                // Whom we talk to is tested with the program itself.
                .danger_accept_invalid_certs(true)
                .timeout(Duration::from_secs(30))
                .build()
                .unwrap();
            let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
            let posted = method == reqwest::Method::POST;
            let mut request = client.request(method, format!("https://{address}{path}"));
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            if path.contains('.') {
                request = request.header("content-type", "application/grpc");
            }
            if posted {
                request = request.body(body);
            }
            let answer = request.send().await.ok()?;
            let grpc = answer.headers().get("grpc-status");
            Some(Answer {
                status: answer.status().as_u16(),
                grpc: grpc.map(|status| status.to_str().unwrap().to_owned()),
                body: answer.text().await.unwrap_or_default(),
            })
        })
}

/// An authority `NAME.pem` and a certificate and key `NAME-ROLE.pem`, `.key` for each role.
fn authority(folder: &Path, name: &str, roles: &[&str]) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedKey {
        cert: params.self_signed(&key).unwrap(),
        key_pair: key,
    };
    std::fs::write(folder.join(format!("{name}.pem")), ca.cert.pem()).unwrap();
    for role in roles {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![(*role).to_owned()]).unwrap();
        let cert = params.signed_by(&key, &ca.cert, &ca.key_pair).unwrap();
        std::fs::write(folder.join(format!("{name}-{role}.pem")), cert.pem()).unwrap();
        private(
            &folder.join(format!("{name}-{role}.key")),
            &key.serialize_pem(),
        );
    }
}

fn private(path: &PathBuf, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port().to_string()
}
