//! The executor's side of shuffles: results are fetched from it.
//!
//! Ballista's own service trusts the name of the job in a request, which becomes a part of a path;
//! this one lets through what names a job and nothing else.

use arrow_flight::flight_service_server::FlightService;
use arrow_flight::{
    Action, Criteria, Empty, FlightData, FlightDescriptor, FlightInfo, HandshakeRequest, PollInfo,
    SchemaResult, Ticket,
};
use ballista_core::serde::decode_protobuf;
use ballista_core::serde::scheduler::Action as Fetch;
use ballista_executor::flight_service::BallistaFlightService;
use tonic::{Request, Response, Status, Streaming};

use crate::cluster::tasks::check_job_name;

type Theirs = BallistaFlightService;

/// Hands out shuffle files of the work folder.
#[derive(Clone)]
pub(super) struct Shuffles(Theirs);

impl Shuffles {
    pub(super) fn new(work_dir: String) -> Self {
        Self(Theirs::new(work_dir))
    }
}

fn check(fetch: &[u8]) -> Result<(), Status> {
    let fetch = decode_protobuf(fetch).map_err(|e| Status::invalid_argument(e.to_string()))?;
    let Fetch::FetchPartition { job_id, .. } = fetch;
    check_job_name(job_id.as_ref())
}

fn not_here() -> Status {
    Status::unimplemented("executors hand out shuffle files and nothing else")
}

#[tonic::async_trait]
impl FlightService for Shuffles {
    type DoActionStream = <Theirs as FlightService>::DoActionStream;
    type DoExchangeStream = <Theirs as FlightService>::DoExchangeStream;
    type DoGetStream = <Theirs as FlightService>::DoGetStream;
    type DoPutStream = <Theirs as FlightService>::DoPutStream;
    type HandshakeStream = <Theirs as FlightService>::HandshakeStream;
    type ListActionsStream = <Theirs as FlightService>::ListActionsStream;
    type ListFlightsStream = <Theirs as FlightService>::ListFlightsStream;

    async fn do_get(
        &self,
        request: Request<Ticket>,
    ) -> Result<Response<Self::DoGetStream>, Status> {
        check(&request.get_ref().ticket)?;
        self.0.do_get(request).await
    }

    async fn do_action(
        &self,
        request: Request<Action>,
    ) -> Result<Response<Self::DoActionStream>, Status> {
        check(&request.get_ref().body)?;
        self.0.do_action(request).await
    }

    async fn get_schema(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<SchemaResult>, Status> {
        Err(not_here())
    }

    async fn get_flight_info(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        Err(not_here())
    }

    async fn poll_flight_info(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<PollInfo>, Status> {
        Err(not_here())
    }

    async fn handshake(
        &self,
        _: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        Err(not_here())
    }

    async fn list_flights(
        &self,
        _: Request<Criteria>,
    ) -> Result<Response<Self::ListFlightsStream>, Status> {
        Err(not_here())
    }

    async fn list_actions(
        &self,
        _: Request<Empty>,
    ) -> Result<Response<Self::ListActionsStream>, Status> {
        Err(not_here())
    }

    async fn do_put(
        &self,
        _: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoPutStream>, Status> {
        Err(not_here())
    }

    async fn do_exchange(
        &self,
        _: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoExchangeStream>, Status> {
        Err(not_here())
    }
}

#[cfg(test)]
mod tests {
    use ballista_core::serde::protobuf;
    use prost::Message;

    use super::*;

    fn fetch(job: &str) -> Ticket {
        let partition = protobuf::FetchPartition {
            job_id: job.to_owned(),
            ..Default::default()
        };
        let action = protobuf::Action {
            action_type: Some(protobuf::action::ActionType::FetchPartition(partition)),
            ..Default::default()
        };
        Ticket::new(action.encode_to_vec())
    }

    #[tokio::test]
    async fn only_the_work_folder_is_read() {
        let work = tempfile::tempdir().unwrap();
        let service = Shuffles::new(work.path().display().to_string());
        for outside in ["/etc", "..", "../other", "a/b", ""] {
            let Err(refused) = service.do_get(Request::new(fetch(outside))).await else {
                panic!("{outside}");
            };
            assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{outside}");
            let action = Action::new("IO_BLOCK_TRANSPORT", fetch(outside).ticket);
            let Err(refused) = service.do_action(Request::new(action)).await else {
                panic!("{outside}");
            };
            assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{outside}");
        }
    }
}
