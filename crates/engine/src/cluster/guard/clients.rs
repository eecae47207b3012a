//! Jobs whose client has died: nobody will ever read their results.

use std::time::Duration;

use super::{Ledger, Reason};
use crate::cluster::metrics;
use crate::cluster::scheduler::Server;

/// Longest silence of a client. Clients ask twice a second; one that its machine holds up for long
/// sends the query again.
const SILENCE: Duration = Duration::from_secs(30);

const POLL: Duration = Duration::from_secs(2);

/// Gives up jobs whose client attended them and is silent; ends with the scheduler.
pub(crate) async fn watch_clients(server: Server, ledger: Ledger) {
    loop {
        tokio::time::sleep(POLL).await;
        let running = server.state.task_manager.get_running_job_cache();
        for job in ledger.abandoned(&running, SILENCE) {
            metrics::guard_action("client_gone");
            tracing::warn!(job = %job, "the client of the job is gone; job cancelled");
            ledger.record(&job, Reason::ClientGone);
            if let Err(error) = server.cancel_job(job.clone()).await {
                tracing::error!(%error, job = %job, "the job cannot be cancelled");
            }
        }
    }
}
