//! Cluster mode without a cluster: being told so.

use std::time::{Duration, Instant};

use engine::{Engine, EngineError, EngineParams, Mode};

fn at(scheduler: String) -> EngineParams {
    EngineParams {
        mode: Mode::Cluster { scheduler },
        ..Default::default()
    }
}

#[tokio::test]
async fn a_port_nobody_listens_on_is_an_unreachable_scheduler() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let start = Instant::now();
    let error = Engine::open(at(format!("df://127.0.0.1:{port}")))
        .await
        .unwrap_err();
    assert!(
        matches!(error, EngineError::SchedulerUnreachable { .. }),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(text.contains(&format!("http://127.0.0.1:{port}")), "{text}");
    assert!(text.contains("check that the scheduler runs"), "{text}");
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "it must not wait for long"
    );
}

#[tokio::test]
async fn something_else_that_answers_is_no_scheduler() {
    // Accepts and stays silent, as a wrong service behind a firewall might.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let error = Engine::open(at(format!("127.0.0.1:{port}")))
        .await
        .unwrap_err();
    assert!(
        matches!(error, EngineError::SchedulerUnreachable { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_address_that_is_none_is_a_configuration_error() {
    let error = Engine::open(at("ftp://host".to_owned())).await.unwrap_err();
    assert!(
        matches!(error, EngineError::Configuration { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("http://host:50050"), "{error}");
}
