//! An executor's way to its scheduler.

use std::time::{Duration, Instant};

use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use ballista_core::utils::{GrpcClientConfig, create_grpc_client_endpoint};
use tonic::transport::Channel;

use super::client::innermost;
use super::{ClusterError, ExecutorParams, Outgoing, scheduler_url};

/// How long a failed attempt to reach the scheduler waits before the next.
const RETRY: Duration = Duration::from_millis(300);

/// Waits for the scheduler, at most the connect timeout.
pub(super) async fn find_scheduler(
    params: &ExecutorParams,
    outgoing: &Outgoing,
) -> Result<SchedulerGrpcClient<Channel>, ClusterError> {
    let url = scheduler_url(&params.scheduler).map_err(ClusterError::Parameters)?;
    let message_size = params.max_message_size_bytes;
    let grpc = GrpcClientConfig {
        max_message_size: message_size,
        ..Default::default()
    };
    if outgoing.tls() != url.starts_with("https://") {
        return Err(ClusterError::Parameters(format!(
            "an executor with certificates speaks to https://, one without to http://, and {url} \
             is the other"
        )));
    }
    let outgoing = outgoing.with_scheduler(&url);
    let endpoint = create_grpc_client_endpoint(url.clone(), Some(&grpc))
        .map_err(|e| ClusterError::Parameters(format!("{url} is no address: {e}")))?;
    let endpoint = outgoing.apply(endpoint)?;
    let start = Instant::now();
    loop {
        let connected = match outgoing.probe(&url).await {
            Ok(()) => endpoint.connect().await.map_err(|e| innermost(&e)),
            Err(reason) => Err(reason),
        };
        let error = match connected {
            Ok(channel) => {
                return Ok(SchedulerGrpcClient::new(channel)
                    .max_encoding_message_size(message_size)
                    .max_decoding_message_size(message_size));
            }
            Err(error) => error,
        };
        if start.elapsed() + RETRY > params.connect_timeout {
            return Err(ClusterError::NoScheduler {
                url,
                waited: params.connect_timeout,
                reason: error,
            });
        }
        tracing::debug!(error, "the scheduler does not answer yet");
        tokio::time::sleep(RETRY).await;
    }
}
