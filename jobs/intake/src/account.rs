use data::Account;
use pipeline::{Failure, JobContext};
use sql::quality;

/// The file that says what became of each row of the input.
pub const DATA_QUALITY: &str = "data_quality.json";
/// The table of the rows that could not be used, and why.
pub const QUARANTINE: &str = "quarantine.parquet";

/// Up to this many rows the quarantine is one file, written from here; beyond it the engine writes
/// a folder of parts where its threads or executors are.
const ROWS_HERE: u64 = 1_000_000;

/// Writes into the run what became of the rows of the input: the account as [`DATA_QUALITY`], the
/// table `rejected` as [`QUARANTINE`].
///
/// # Errors
///
/// Those of the engine and of the output.
pub async fn write_account(context: &JobContext, account: &Account) -> Result<(), Failure> {
    let mut bytes = serde_json::to_vec_pretty(account)
        .map_err(|error| Failure::internal(format!("{DATA_QUALITY} could not be made: {error}")))?;
    bytes.push(b'\n');
    context.run.write_bytes(DATA_QUALITY, bytes).await?;
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
