use data::{EventsParams, Staged};
use pipeline::{Done, Failure, JobContext};

use crate::data_failure;

/// The step `events`: reads, maps and judges the events, registers the tables `events` and
/// `rejected` on the engine, and records what identifies the input.
///
/// # Errors
///
/// Those of [`data::stage`].
pub async fn stage(context: &JobContext, events: &EventsParams) -> Result<Staged, Failure> {
    let body = async {
        let work = context.run.work_url("events");
        let staged = data::stage(&context.engine, events, &work).await;
        let staged = staged.map_err(data_failure)?;
        context.set_input_fingerprint(staged.fingerprint.clone());
        let rows = staged.account.used;
        Ok::<_, Failure>(Done::rows(staged, rows))
    };
    context.step("events", body).await
}
