//! `quarantine.parquet`: the rows that could not be used.

use data::Account;
use pipeline::{Failure, JobContext};
use sql::quality;

use super::QUARANTINE;

/// Up to this many rows the quarantine is one file, written from here; beyond it the engine writes
/// a folder of parts where its threads or executors are.
const ROWS_HERE: u64 = 1_000_000;

/// Writes the table `rejected` into the run.
pub(crate) async fn write_quarantine(
    context: &JobContext,
    account: &Account,
) -> Result<(), Failure> {
    let query = quality::QUARANTINE;
    if account.quarantined_rows() <= ROWS_HERE {
        let rejected = context.engine.query(query.text, &[]).await?;
        context
            .run
            .write_table(QUARANTINE, rejected.schema, &rejected.batches)
            .await?;
    } else {
        let url = context.run.file_url(QUARANTINE)?;
        context
            .engine
            .materialise(query.name, query.text, &[], &url)
            .await?;
        context.run.adopt(QUARANTINE).await?;
    }
    Ok(())
}
