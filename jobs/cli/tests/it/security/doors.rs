//! Every port is tried by those who have no business there; afterwards the cluster still works.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use engine::testing::start;

use super::cluster::{ADMIN, READ, SUBMIT, Secured, answer, send};

const SCHEDULER: &str = "/ballista.protobuf.SchedulerGrpc/";
const TASKS: &str = "/ballista.protobuf.ExecutorGrpc/";
const FLIGHT: &str = "/arrow.flight.protocol.FlightService/";

/// How gRPC says that nobody knows the sender, and that the sender may not.
const UNKNOWN: &str = "16";
const FORBIDDEN: &str = "7";

#[test]
fn every_door_is_closed_to_strangers_and_the_cluster_lives_on() {
    let cluster = Secured::start();
    let scheduler = cluster.scheduler.address.clone();
    let (flight, health) = (
        cluster.executor.address.clone(),
        cluster.executor.health.clone(),
    );
    let tasks = cluster.tasks.clone();

    // What each needs; the last two tokens may do it, those before may not.
    let pages = [
        (&scheduler, "GET", "/api/jobs", READ),
        (&scheduler, "GET", "/api/status", READ),
        (&scheduler, "GET", "/", READ),
        (&scheduler, "POST", "/api/cancel/unknown", SUBMIT),
        (&scheduler, "PATCH", "/api/job/unknown", SUBMIT),
        (&scheduler, "DELETE", "/api/jobs", ADMIN),
        (&health, "GET", "/metrics", READ),
        (&health, "POST", "/anything", ADMIN),
    ];
    let rank = |token: &str| {
        [READ, SUBMIT, ADMIN]
            .iter()
            .position(|t| *t == token)
            .unwrap()
    };
    for (address, method, path, needed) in pages {
        for token in [None, Some("a-token-that-nobody-knows")] {
            let answer = answer(address, method, path, token).unwrap();
            assert_eq!(answer.status, 401, "{method} {path}");
        }
        for token in [READ, SUBMIT, ADMIN] {
            let answer = answer(address, method, path, Some(token)).unwrap();
            let refused = rank(token) < rank(needed);
            assert_eq!(answer.status == 403, refused, "{method} {path} {answer:?}");
            assert_ne!(answer.status, 401, "{method} {path}");
        }
    }
    let calls = [
        (&scheduler, SCHEDULER, "ExecuteQuery", Some(SUBMIT)),
        (&scheduler, SCHEDULER, "CancelJob", Some(SUBMIT)),
        (&scheduler, SCHEDULER, "GetJobStatus", Some(READ)),
        (&scheduler, SCHEDULER, "RegisterExecutor", None),
        (&scheduler, SCHEDULER, "HeartBeatFromExecutor", None),
        (&scheduler, SCHEDULER, "UpdateTaskStatus", None),
        (&scheduler, SCHEDULER, "ExecutorStopped", None),
        (&scheduler, SCHEDULER, "Unheard", Some(ADMIN)),
        (&tasks, TASKS, "LaunchMultiTask", None),
        (&tasks, TASKS, "StopExecutor", None),
        (&tasks, TASKS, "RemoveJobData", None),
        (&flight, FLIGHT, "DoGet", Some(SUBMIT)),
        (&flight, FLIGHT, "DoPut", Some(ADMIN)),
    ];
    for (address, service, call, needed) in calls {
        let path = format!("{service}{call}");
        for token in [None, Some("a-token-that-nobody-knows")] {
            let answer = answer(address, "POST", &path, token).unwrap();
            assert_eq!(answer.grpc.as_deref(), Some(UNKNOWN), "{call}");
        }
        for token in [READ, SUBMIT, ADMIN] {
            let answer = answer(address, "POST", &path, Some(token)).unwrap();
            let refused = needed.is_none_or(|needed| rank(token) < rank(needed));
            assert_eq!(
                answer.grpc.as_deref() == Some(FORBIDDEN),
                refused,
                "{call} {answer:?}"
            );
        }
    }

    for address in [&scheduler, &flight, &tasks, &health] {
        let (said, _) = raw(address, b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
        assert!(!said.starts_with(b"HTTP"), "plain HTTP was answered");
        let (said, _) = raw(address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        assert!(!said.starts_with(b"HTTP"), "plain HTTP was answered");
        garbage(address);
        // The same amount in TLS, from a stranger and from somebody known.
        for token in [None, Some(SUBMIT)] {
            for path in [
                "/api/jobs",
                &format!("{SCHEDULER}ExecuteQuery"),
                &format!("{FLIGHT}DoGet"),
            ] {
                let answer = send(address, "POST", path, token, noise());
                let taken =
                    answer.is_some_and(|a| a.status == 200 && a.grpc.as_deref() == Some("0"));
                assert!(!taken, "{path}");
            }
        }
        assert!(
            cluster.lives(),
            "64 MiB of garbage at {address} were too much"
        );
    }
    assert!(answer(&scheduler, "GET", "/healthz", None).is_some_and(|a| a.status == 200));
}

#[test]
fn a_port_in_clear_survives_strangers_as_well() {
    let scheduler = start("scheduler", &["--port", "0"]).unwrap();
    garbage(&scheduler.address);
    let (said, _) = raw(
        &scheduler.address,
        &[b"GET / HTTP/1.1\r\nx: ", &vec![b'y'; 1 << 20][..]].concat(),
    );
    assert!(!said.starts_with(b"HTTP/1.1 200"));
    assert_eq!(scheduler.status_of("/healthz"), 200);
}

#[test]
fn an_executor_that_another_authority_vouches_for_is_not_let_in() {
    let cluster = Secured::start();
    let path = |name: &str| cluster.path(name);
    let flags = [
        "--scheduler",
        &cluster.url(),
        "--port",
        "0",
        "--grpc-port",
        "0",
        "--health-port",
        "0",
        "--tls-cert",
        &path("stranger-executor.pem"),
        "--tls-key",
        &path("stranger-executor.key"),
        "--tls-ca",
        &path("ca.pem"),
        "--connect-timeout-seconds",
        "2",
        "--work-dir",
        &path("work"),
    ];
    assert!(start("executor", &flags).is_err());
    // Nor is one that has the certificate of another role.
    let flags = [
        "--tls-cert",
        &path("ca-executor.pem"),
        "--tls-key",
        &path("ca-executor.key"),
        "--tls-ca",
        &path("ca.pem"),
        "--port",
        "0",
    ];
    assert!(start("scheduler", &flags).is_err());
    assert!(cluster.lives());
}

#[test]
fn an_open_door_must_be_asked_for() {
    for role in ["scheduler", "executor"] {
        let flags = [
            "--bind",
            "0.0.0.0",
            "--advertise-host",
            "localhost",
            "--port",
            "0",
        ];
        assert!(start(role, &flags).is_err(), "{role}");
    }
    let flags = [
        "--bind",
        "0.0.0.0",
        "--advertise-host",
        "localhost",
        "--port",
        "0",
        "--insecure",
    ];
    assert!(start("scheduler", &flags).is_ok());
}

/// Sends bytes in clear; what came back, and how much was taken.
fn raw(address: &str, bytes: &[u8]) -> (Vec<u8>, usize) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(15)))
        .unwrap();
    stream
        .set_write_timeout(Some(Duration::from_secs(15)))
        .unwrap();
    let mut taken = 0;
    for piece in bytes.chunks(64 << 10) {
        match stream.write(piece) {
            Ok(n) => taken += n,
            Err(_) => break,
        }
    }
    let mut said = Vec::new();
    let _ = stream.take(1 << 16).read_to_end(&mut said);
    (said, taken)
}

fn garbage(address: &str) {
    let (said, _) = raw(address, &noise());
    assert!(!said.starts_with(b"HTTP/1.1 200"), "garbage was answered");
}

/// 64 MiB that mean nothing.
fn noise() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..(64 << 20) / 8).flat_map(|_| next()).collect()
}
