//! The client side: finding the scheduler, planning for it.

use std::sync::Arc;
use std::time::Duration;

use ballista_core::extension::SessionConfigExt;
use ballista_core::planner::BallistaQueryPlanner;
use ballista_core::serde::protobuf::GetJobStatusParams;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::utils::create_grpc_client_endpoint;
use datafusion::execution::context::QueryPlanner;
use datafusion::prelude::SessionConfig;
use datafusion_proto::protobuf::LogicalPlanNode;
use tonic::transport::Channel;
use url::Url;

use super::Outgoing;
use crate::error::EngineError;

const DEFAULT_PORT: u16 = 50050;

/// How long a scheduler may take to answer before it counts as absent.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// `http://host:port` or `https://host:port` of what a user wrote: `df://host`, `http://host:50050`,
/// `host:50050`.
pub(crate) fn scheduler_url(text: &str) -> Result<String, String> {
    let with_scheme = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let url = Url::parse(&with_scheme).map_err(|e| {
        format!("{text:?} is no address of a scheduler ({e}); write http://host:50050")
    })?;
    if !matches!(url.scheme(), "http" | "https" | "df") {
        return Err(format!(
            "{text:?} is no address of a scheduler; write http://host:50050 or https://host:50050"
        ));
    }
    let host = url
        .host_str()
        .filter(|host| !host.is_empty())
        .ok_or_else(|| format!("{text:?} names no host; write http://host:50050"))?;
    // A scheme's own port is dropped; a scheduler there is still meant.
    let authority = with_scheme.split("://").nth(1).unwrap_or_default();
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    let port = match (url.port(), url.scheme()) {
        (Some(port), _) => port,
        (None, "http") if authority.ends_with(":80") => 80,
        (None, "https") if authority.ends_with(":443") => 443,
        (None, _) => DEFAULT_PORT,
    };
    let scheme = if url.scheme() == "https" {
        "https"
    } else {
        "http"
    };
    Ok(format!("{scheme}://{host}:{port}"))
}

/// Plans queries as jobs for the scheduler at `url`.
pub(crate) fn planner(url: &str, config: &SessionConfig) -> Arc<dyn QueryPlanner + Send + Sync> {
    Arc::new(BallistaQueryPlanner::<LogicalPlanNode>::with_extension(
        url.to_owned(),
        config.ballista_config(),
        config.ballista_logical_extension_codec(),
    ))
}

/// Makes sure that a scheduler, and not something else, answers at `url`.
pub(crate) async fn connect(url: &str, outgoing: &Outgoing) -> Result<(), EngineError> {
    let unreachable = |reason: String| EngineError::SchedulerUnreachable {
        url: url.to_owned(),
        reason,
    };
    let asked = async {
        outgoing.probe(url).await?;
        let channel = channel(url, outgoing).await?;
        let unknown = GetJobStatusParams {
            job_id: "hello".to_owned(),
        };
        match SchedulerGrpcClient::new(channel)
            .get_job_status(unknown)
            .await
        {
            Ok(_) => Ok(Ok(())),
            // A scheduler that dislikes the question is a scheduler.
            Err(status) => match status.code() {
                tonic::Code::Unauthenticated | tonic::Code::PermissionDenied => {
                    Ok(Err(EngineError::SchedulerRefuses {
                        url: url.to_owned(),
                        reason: status.message().to_owned(),
                    }))
                }
                tonic::Code::Internal | tonic::Code::NotFound | tonic::Code::InvalidArgument => {
                    Ok(Ok(()))
                }
                _ => Err(format!(
                    "what answers there is no scheduler: {}",
                    status.message()
                )),
            },
        }
    };
    match tokio::time::timeout(ANSWER_TIMEOUT, asked).await {
        Ok(answer) => answer.map_err(unreachable)?,
        Err(_) => Err(unreachable(format!("no answer within {ANSWER_TIMEOUT:?}"))),
    }
}

/// A connection to the scheduler at `url`.
pub(crate) async fn channel(url: &str, outgoing: &Outgoing) -> Result<Channel, String> {
    let endpoint = create_grpc_client_endpoint(url.to_owned(), None)
        .map_err(|e| innermost(&e))?
        .connect_timeout(ANSWER_TIMEOUT);
    let endpoint = outgoing.apply(endpoint).map_err(|e| e.to_string())?;
    endpoint.connect().await.map_err(|e| innermost(&e))
}

/// The last error of a chain: the transport's says only "transport error".
pub(crate) fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_understood_as_people_write_them() {
        for text in [
            "http://h:50050",
            "df://h:50050",
            "h:50050",
            "http://h",
            "df://h",
            "h",
        ] {
            assert_eq!(scheduler_url(text).unwrap(), "http://h:50050", "{text}");
        }
        assert_eq!(scheduler_url("http://[::1]:7").unwrap(), "http://[::1]:7");
        assert_eq!(scheduler_url("http://h:80").unwrap(), "http://h:80");
        assert_eq!(scheduler_url("https://h").unwrap(), "https://h:50050");
        assert_eq!(scheduler_url("https://h:443").unwrap(), "https://h:443");
        assert!(scheduler_url("ftp://h").is_err());
        assert!(scheduler_url("http://").is_err());
    }
}
