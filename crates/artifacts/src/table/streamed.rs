use std::fmt;

use arrow::record_batch::RecordBatch;

use super::write::Encoding;
use crate::{ArtifactError, RunWriter};

/// A table of a run that is written batch by batch; made by [`RunWriter::table_writer`].
///
/// Batches may come from work of any length: encoding goes on meanwhile, the columns of a row group
/// side by side. At most one row group of [`crate::ROW_GROUP_ROWS`] rows is in memory beside the
/// batch that is handed over, however many rows the table has.
///
/// Dropped before [`Self::finish`], nothing of it is visible and its name is free again.
pub struct TableWriter<'a> {
    run: &'a RunWriter,
    name: String,
    url: String,
    /// None once the table has failed, or while a batch is being handed over.
    encoding: Option<Encoding>,
    settled: bool,
}

impl<'a> TableWriter<'a> {
    pub(crate) fn new(run: &'a RunWriter, name: &str, url: String, encoding: Encoding) -> Self {
        Self {
            run,
            name: name.to_owned(),
            url,
            encoding: Some(encoding),
            settled: false,
        }
    }

    /// Adds the rows of a batch. Waits while the encoder has more than it can hold.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::Table`] when a batch does not fit the schema or cannot be encoded, which may
    /// come to light a batch later, and [`ArtifactError::Store`]. After an error, and when the
    /// future was dropped before it ended, the table cannot be finished:
    /// [`ArtifactError::Interrupted`].
    pub async fn write(&mut self, batch: RecordBatch) -> Result<(), ArtifactError> {
        let encoding = self.encoding.take().ok_or_else(|| self.interrupted())?;
        self.encoding = Some(encoding.write(batch).await?);
        Ok(())
    }

    /// Makes the table a file of the run; returns its number of rows.
    ///
    /// # Errors
    ///
    /// Those of [`Self::write`].
    pub async fn finish(mut self) -> Result<u64, ArtifactError> {
        let encoding = self.encoding.take().ok_or_else(|| self.interrupted())?;
        let (rows, digested) = encoding.finish().await?;
        self.settled = true;
        self.run.settle(&self.name, Ok(digested), Some(rows))?;
        Ok(rows)
    }

    fn interrupted(&self) -> ArtifactError {
        ArtifactError::Interrupted {
            url: self.url.clone(),
        }
    }
}

impl Drop for TableWriter<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.run.release(&self.name);
        }
    }
}

impl fmt::Debug for TableWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TableWriter").field(&self.url).finish()
    }
}
