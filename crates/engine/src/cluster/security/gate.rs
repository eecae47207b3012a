//! The gate: what right a request needs, and whether its sender has it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN, USER_AGENT, WWW_AUTHENTICATE,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Limited};
use tonic::Status;

use super::redact::{redact, redact_json};
use super::tokens::{Right, Tokens};
use super::{Peer, Role};

/// The largest body of a request that is no gRPC, in bytes.
const BODY: usize = 1 << 20;
/// The largest answer in JSON, in bytes; ours grow with the jobs.
const ANSWER: usize = 64 << 20;
/// What precedes a token in the name that a daemon or client calls itself by:
/// not every connection that Ballista opens can carry a header of its own.
pub(super) const AGENT: &str = "clientele bearer/";

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Open to all: whether the daemon lives.
    Nothing,
    /// A token with this right, or a daemon's certificate.
    Right(Right),
    /// To be a daemon of this role: by certificate or, where there is no TLS, by
    /// an admin token.
    Daemon(Role),
    /// To be on this machine, or [`Right::Admin`].
    Here,
}

impl Need {
    /// What a request to the scheduler needs.
    pub(crate) fn of_scheduler(method: &Method, path: &str) -> Self {
        if let Some(call) = path.strip_prefix("/ballista.protobuf.SchedulerGrpc/") {
            return match call {
                "PollWork"
                | "RegisterExecutor"
                | "HeartBeatFromExecutor"
                | "UpdateTaskStatus"
                | "ExecutorStopped" => Self::Daemon(Role::Executor),
                "ExecuteQuery"
                | "ExecuteQueryPush"
                | "CancelJob"
                | "CleanJobData"
                | "CreateUpdateSession"
                | "RemoveSession" => Self::Right(Right::Submit),
                "GetJobStatus" | "GetJobMetrics" => Self::Right(Right::Read),
                _ => Self::Right(Right::Admin),
            };
        }
        match *method {
            // Cancels the job.
            Method::PATCH if path.starts_with("/api/job/") => Self::Right(Right::Submit),
            Method::POST if path.starts_with("/api/cancel/") => Self::Right(Right::Submit),
            // Keeps the job, or lets it be given up.
            Method::POST if path.starts_with("/api/attend/") => Self::Right(Right::Submit),
            _ => Self::looking(method, path),
        }
    }

    /// What a request to an executor's tasks needs.
    pub(crate) fn of_tasks(_: &Method, _: &str) -> Self {
        Self::Daemon(Role::Scheduler)
    }

    /// What a request to an executor's data needs: whoever may submit fetches
    /// results.
    pub(crate) fn of_flight(_: &Method, path: &str) -> Self {
        match path {
            "/arrow.flight.protocol.FlightService/DoGet"
            | "/arrow.flight.protocol.FlightService/DoAction" => Self::Right(Right::Submit),
            _ => Self::Right(Right::Admin),
        }
    }

    /// What a request to an executor's health port needs.
    pub(crate) fn of_health(method: &Method, path: &str) -> Self {
        if *method == Method::POST && path == "/drain" {
            return Self::Here;
        }
        Self::looking(method, path)
    }

    fn looking(method: &Method, path: &str) -> Self {
        match *method {
            Method::GET | Method::HEAD if matches!(path, "/healthz" | "/readyz") => Self::Nothing,
            Method::GET | Method::HEAD => Self::Right(Right::Read),
            _ => Self::Right(Right::Admin),
        }
    }
}

/// Tells the need of a method and path.
type NeedOf = fn(&Method, &str) -> Need;

/// Whom a daemon lets in. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    tokens: Option<Arc<Tokens>>,
    tls: bool,
    /// Whether the daemon listens to its own machine alone.
    local: bool,
}

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    /// It does not say who sends it, or not truthfully.
    Unknown,
    /// Its sender may not do that.
    Forbidden(&'static str),
}

impl Gate {
    pub(super) fn new(tokens: Option<Tokens>, tls: bool, local: bool) -> Self {
        Self {
            tokens: tokens.map(Arc::new),
            tls,
            local,
        }
    }

    /// Puts the gate before all routes of `router`, also those it has not.
    pub(crate) fn guard(&self, router: Router, need_of: NeedOf) -> Router {
        router.layer(middleware::from_fn_with_state(
            (self.clone(), need_of),
            check,
        ))
    }

    /// Neither tokens nor TLS: the loopback, or an open door that was asked for.
    fn is_open(&self) -> bool {
        self.tokens.is_none() && !self.tls
    }

    fn decide(&self, need: Need, peer: Option<&Peer>, headers: &HeaderMap) -> Result<(), Refusal> {
        if need == Need::Nothing || self.is_open() && need != Need::Here {
            return Ok(());
        }
        if let Some(role) = peer.and_then(|peer| peer.role) {
            let may = match need {
                Need::Nothing | Need::Here => true,
                Need::Daemon(wanted) => role == wanted,
                // Executors ask how a job is, and fetch results from each other.
                Need::Right(right) => right <= Right::Submit,
            };
            if may {
                return Ok(());
            }
        }
        if need == Need::Here && peer.is_some_and(|peer| is_here(peer.address.ip())) {
            return Ok(());
        }
        let given = token(headers).ok_or(Refusal::Unknown)?;
        let tokens = self.tokens.as_ref().ok_or(Refusal::Unknown)?;
        let token = tokens.find(given).ok_or(Refusal::Unknown)?;
        let enough = match need {
            Need::Nothing => true,
            Need::Right(right) => token.right >= right,
            Need::Here => token.right == Right::Admin,
            Need::Daemon(_) => token.right == Right::Admin && !self.tls,
        };
        if enough {
            return Ok(());
        }
        tracing::warn!(
            token = token.name,
            ?need,
            "a request beyond a token's rights was refused"
        );
        Err(Refusal::Forbidden(match need {
            Need::Daemon(_) => "only daemons of the cluster may do that",
            Need::Right(Right::Submit) => "the token has not the right `submit`",
            Need::Nothing | Need::Here | Need::Right(_) => "the token has not the right `admin`",
        }))
    }
}

/// Whether a peer is this machine itself. Other addresses of the loopback stand for strangers where
/// a proxy on the machine passes them on.
fn is_here(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    ip == IpAddr::V4(Ipv4Addr::LOCALHOST) || ip == IpAddr::V6(Ipv6Addr::LOCALHOST)
}

/// Whether the path is one of gRPC's.
fn is_grpc(path: &str) -> bool {
    path.starts_with("/ballista.protobuf.") || path.starts_with("/arrow.flight.protocol.")
}

/// Whether a browser asks for the page of another site: it says so, or it was led here under a name
/// that somebody else gave this machine (`by_name` alone: such a name then has no business here).
fn is_of_another_site(uri: &Uri, headers: &HeaderMap, by_name: bool) -> bool {
    let header = |name| headers.get(name).map(HeaderValue::as_bytes);
    let host = header(HOST).and_then(|host| Authority::try_from(host).ok());
    let host = uri.authority().or(host.as_ref());
    if let Some(origin) = header(ORIGIN) {
        let origin = std::str::from_utf8(origin).ok();
        let authority = origin.and_then(|origin| Some(origin.split_once("://")?.1));
        if authority.is_none() || authority != host.map(Authority::as_str) {
            return true;
        }
    }
    let is_own = |host: &Authority| {
        let name = host.host().trim_start_matches('[').trim_end_matches(']');
        name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
    };
    by_name && !host.is_none_or(is_own)
}

/// The token of a request: `Authorization: Bearer …`, or in the name of a gRPC
/// client of ours.
fn token(headers: &HeaderMap) -> Option<&str> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| token.trim());
    }
    let agent = headers.get(USER_AGENT)?.to_str().ok()?;
    agent.strip_prefix(AGENT)?.split(' ').next()
}

async fn check(
    State((gate, need_of)): State<(Gate, NeedOf)>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let need = need_of(request.method(), path);
    let headers = request.headers();
    let grpc = is_grpc(path);
    if grpc && request.version() != Version::HTTP_2 {
        // No client of gRPC speaks so, and browsers cannot speak otherwise.
        return StatusCode::HTTP_VERSION_NOT_SUPPORTED.into_response();
    }
    let by_name = need == Need::Here || gate.local && gate.is_open();
    if need != Need::Nothing && is_of_another_site(request.uri(), headers, by_name) {
        let why = "pages of other sites may not ask; call this daemon by its address\n";
        return (StatusCode::FORBIDDEN, why).into_response();
    }
    let peer = request.extensions().get::<Peer>();
    if let Err(refusal) = gate.decide(need, peer, headers) {
        if let Some(peer) = peer {
            tracing::debug!(peer = %peer.address, ?need, "a request was refused");
        }
        return refuse(&refusal, grpc);
    }
    // Nothing behind the gate can show what it never sees.
    request.headers_mut().remove(AUTHORIZATION);
    request.headers_mut().remove(USER_AGENT);
    if grpc {
        // Its messages have a limit of their own.
        return next.run(request).await;
    }
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > BODY) {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    let request = request.map(|body| Body::new(Limited::new(body, BODY)));
    clean(next.run(request).await).await
}

fn refuse(refusal: &Refusal, grpc: bool) -> Response {
    let unknown = "a valid token is needed (Authorization: Bearer …)";
    if grpc {
        return match refusal {
            Refusal::Unknown => Status::unauthenticated(unknown),
            Refusal::Forbidden(why) => Status::permission_denied(*why),
        }
        .into_http();
    }
    match refusal {
        Refusal::Unknown => {
            let bearer = [(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))];
            (StatusCode::UNAUTHORIZED, bearer, format!("{unknown}\n")).into_response()
        }
        Refusal::Forbidden(why) => (StatusCode::FORBIDDEN, format!("{why}\n")).into_response(),
    }
}

/// The answer without secrets, if it is JSON or a text.
async fn clean(response: Response) -> Response {
    let kind = response.headers().get(CONTENT_TYPE);
    let is = |wanted: &[u8]| kind.is_some_and(|kind| kind.as_bytes().starts_with(wanted));
    let json = is(b"application/json");
    if !json && !is(b"text/html") && !is(b"text/plain") {
        return response;
    }
    let failed = || StatusCode::INTERNAL_SERVER_ERROR.into_response();
    let (mut head, body) = response.into_parts();
    let body = match Limited::new(body, ANSWER).collect().await {
        Ok(body) => body,
        Err(error) => {
            tracing::warn!(error, "an answer could not be given");
            return failed();
        }
    };
    let body = body.to_bytes();
    let cleaned = if json && !body.is_empty() {
        let Ok(mut answer) = serde_json::from_slice(&body) else {
            return failed();
        };
        redact_json(&mut answer);
        answer.to_string()
    } else {
        redact(&String::from_utf8_lossy(&body)).into_owned()
    };
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from(cleaned))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use sha2::{Digest, Sha256};

    use super::*;

    const SCHEDULER: &str = "/ballista.protobuf.SchedulerGrpc/";

    fn gate(tls: bool) -> Gate {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        let mut text = String::new();
        for right in ["read", "submit", "admin"] {
            let hash = Sha256::digest(format!("token-of-{right}-0001"));
            let hash: String = hash.iter().map(|b| format!("{b:02x}")).collect();
            text += &format!(
                "[[token]]\nname = \"{right}\"\nsha256 = \"{hash}\"\nrights = [\"{right}\"]\n"
            );
        }
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        Gate::new(Some(Tokens::load(&path).unwrap()), tls, false)
    }

    fn peer(address: &str, role: Option<Role>) -> Peer {
        Peer {
            address: address.parse().unwrap(),
            role,
        }
    }

    /// What needs each right, from the least to the most.
    fn needs() -> [Need; 5] {
        let call = |name: &str| Need::of_scheduler(&Method::POST, &format!("{SCHEDULER}{name}"));
        [
            Need::of_scheduler(&Method::GET, "/healthz"),
            Need::of_scheduler(&Method::GET, "/api/jobs"),
            call("ExecuteQuery"),
            call("SomethingNew"),
            call("RegisterExecutor"),
        ]
    }

    /// How many of [`needs`] are met.
    fn met(gate: &Gate, peer: &Peer, headers: &HeaderMap) -> usize {
        let met = needs().map(|need| gate.decide(need, Some(peer), headers).is_ok());
        assert!(met.is_sorted_by(|a, b| a >= b), "{met:?}");
        met.into_iter().filter(|met| *met).count()
    }

    #[test]
    fn each_right_opens_what_it_names_and_no_more() {
        let (tls, plain) = (gate(true), gate(false));
        let stranger = peer("10.0.0.1:7", None);
        for (token, in_tls, in_clear) in [
            ("", 1, 1),
            ("token-of-nobody-0001", 1, 1),
            ("token-of-read-0001", 2, 2),
            ("token-of-submit-0001", 3, 3),
            ("token-of-admin-0001", 4, 5),
        ] {
            for (name, value) in [
                (AUTHORIZATION, format!("Bearer {token}")),
                (USER_AGENT, format!("{AGENT}{token} tonic/0.14.9")),
            ] {
                let headers = HeaderMap::from_iter([(name, value.parse().unwrap())]);
                assert_eq!(met(&tls, &stranger, &headers), in_tls, "{token}");
                assert_eq!(met(&plain, &stranger, &headers), in_clear, "{token}");
            }
        }
        let none = HeaderMap::new();
        assert_eq!(met(&Gate::new(None, true, false), &stranger, &none), 1);
        assert_eq!(met(&Gate::new(None, false, true), &stranger, &none), 5);
    }

    #[test]
    fn a_daemon_does_what_is_of_its_role_and_no_more() {
        let (gate, none) = (gate(true), HeaderMap::new());
        let may = |role| {
            let daemon = peer("10.0.0.1:7", Some(role));
            move |need: Need| {
                gate.clone()
                    .decide(need, Some(&daemon), &none.clone())
                    .is_ok()
            }
        };
        let (scheduler, executor) = (may.clone()(Role::Scheduler), may(Role::Executor));
        let [_, read, submit, admin, register] = needs();
        let task = Need::of_tasks(&Method::POST, "/any");
        for need in [read, submit] {
            assert!(scheduler(need) && executor(need), "{need:?}");
        }
        assert!(!scheduler(admin) && !executor(admin));
        assert!(!scheduler(register) && executor(register));
        assert!(scheduler(task) && !executor(task));
    }

    #[test]
    fn pages_of_other_sites_are_found_out() {
        let asks = |host: &str, origin: Option<&str>, by_name| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(ORIGIN, origin.parse().unwrap());
            }
            is_of_another_site(&Uri::from_static("/drain"), &headers, by_name)
        };
        for own in ["127.0.0.1:1", "[::1]:1", "localhost:1", "10.0.0.1"] {
            assert!(!asks(own, None, true), "{own}");
            assert!(!asks(own, Some(&format!("http://{own}")), true), "{own}");
            assert!(asks(own, Some("https://elsewhere.example"), false), "{own}");
            assert!(asks(own, Some("null"), false), "{own}");
        }
        assert!(asks("led-here.example:1", None, true));
        assert!(!asks("scheduler.clientele.svc:1", None, false));
    }

    #[test]
    fn drain_is_for_this_machine_and_for_admins() {
        let need = Need::of_health(&Method::POST, "/drain");
        let (gate, none) = (gate(true), HeaderMap::new());
        let far = peer("10.0.0.1:7", None);
        assert_eq!(gate.decide(need, Some(&far), &none), Err(Refusal::Unknown));
        let passed_on = peer("127.0.0.6:7", None);
        assert!(gate.decide(need, Some(&passed_on), &none).is_err());
        assert!(
            Gate::new(None, false, true)
                .decide(need, Some(&far), &none)
                .is_err()
        );
        for near in ["127.0.0.1:7", "[::1]:7", "[::ffff:127.0.0.1]:7"] {
            assert!(gate.decide(need, Some(&peer(near, None)), &none).is_ok());
        }
        let admin = "Bearer token-of-admin-0001".parse().unwrap();
        let admin = HeaderMap::from_iter([(AUTHORIZATION, admin)]);
        assert!(gate.decide(need, Some(&far), &admin).is_ok());
    }
}
