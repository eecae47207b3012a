//! One attempt to write a table: its names, what it reported, and its litter.

use std::collections::HashMap;
use std::time::Duration;

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::UInt64Type;
use object_store::path::Path;
use tokio::runtime::Handle;
use uuid::Uuid;

use super::files;
use super::node::Target;
use crate::stores::ResolvedUrl;

/// When files are removed after an attempt was given up. Tasks take a while to hear of it, and one
/// may be about to finish its file.
const SWEEPS: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(300),
    Duration::from_secs(2),
    Duration::from_secs(10),
];

/// A file that a sink reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) path: Path,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

/// What is wrong with what an attempt wrote.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttemptError {
    #[error(transparent)]
    Store(#[from] object_store::Error),
    #[error(
        "the executors report {rows} rows written, but {missing} of {files} files are not to be \
         seen from this machine, or not whole; use an object store or a folder that all machines \
         share"
    )]
    Unseen {
        rows: u64,
        missing: usize,
        files: usize,
    },
    #[error("the report of what was written cannot be understood: {0}")]
    Report(&'static str),
}

/// An attempt to write a table into a folder. Dropped before [`Attempt::commit`], all its files are
/// removed, in the background.
#[derive(Debug)]
pub(crate) struct Attempt {
    folder: ResolvedUrl,
    id: String,
    committed: bool,
}

impl Attempt {
    /// A new attempt; `folder` ends in `/`.
    pub(crate) fn new(folder: &ResolvedUrl) -> Self {
        Self {
            folder: folder.clone(),
            id: Uuid::new_v4().simple().to_string(),
            committed: false,
        }
    }

    /// Where its sink writes.
    pub(crate) fn target(&self) -> Target {
        Target {
            url: self.folder.url.to_string(),
            attempt: self.id.clone(),
        }
    }

    /// The path of a file that its client writes.
    pub(crate) fn own_part(&self) -> Path {
        let name = format!("{}-empty{}", self.id, files::PART_EXTENSION);
        self.folder.path.clone().join(name)
    }

    /// The files of a report, in the order of their names.
    pub(crate) fn parts(&self, report: &[RecordBatch]) -> Result<Vec<Part>, AttemptError> {
        let mut parts = Vec::new();
        for batch in report {
            let columns = (
                batch.column(0).as_string_opt::<i32>(),
                batch.column(1).as_primitive_opt::<UInt64Type>(),
                batch.column(2).as_primitive_opt::<UInt64Type>(),
            );
            let (Some(names), Some(rows), Some(bytes)) = columns else {
                return Err(AttemptError::Report("its columns are others"));
            };
            for row in 0..batch.num_rows() {
                let name = names.value(row);
                if !name.starts_with(&self.id) || name.contains('/') {
                    return Err(AttemptError::Report("it names files of others"));
                }
                parts.push(Part {
                    path: self.folder.path.clone().join(name),
                    rows: rows.value(row),
                    bytes: bytes.value(row),
                });
            }
        }
        parts.sort_by(|a, b| a.path.cmp(&b.path));
        if parts.windows(2).any(|two| two[0].path == two[1].path) {
            return Err(AttemptError::Report("it names a file twice"));
        }
        Ok(parts)
    }

    /// Makes sure that the parts are there and whole, and nothing else of this attempt is.
    pub(crate) async fn commit(mut self, parts: &[Part]) -> Result<(), AttemptError> {
        let found = files::parts(&self.folder, &self.id).await?;
        let found: HashMap<&Path, u64> = found.iter().map(|o| (&o.location, o.size)).collect();
        let missing = parts
            .iter()
            .filter(|part| found.get(&part.path) != Some(&part.bytes))
            .count();
        if missing > 0 {
            return Err(AttemptError::Unseen {
                rows: parts.iter().map(|part| part.rows).sum(),
                missing,
                files: parts.len(),
            });
        }
        // A task that was run again may have left whole files behind.
        if found.len() > parts.len() {
            let kept: Vec<Path> = parts.iter().map(|part| part.path.clone()).collect();
            files::remove(&self.folder, &self.id, &kept).await?;
        }
        self.committed = true;
        Ok(())
    }

    /// Removes what it wrote, now; what tasks still finish is removed later.
    pub(crate) async fn abandon(self) {
        sweep(&self.folder, &self.id).await;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.committed {
            return;
        }
        // Without a runtime nothing runs that could have written.
        if let Ok(runtime) = Handle::try_current() {
            let (folder, id) = (self.folder.clone(), std::mem::take(&mut self.id));
            runtime.spawn(async move {
                for pause in SWEEPS {
                    tokio::time::sleep(pause).await;
                    sweep(&folder, &id).await;
                }
            });
        }
    }
}

async fn sweep(folder: &ResolvedUrl, id: &str) {
    if let Err(error) = files::remove(folder, id, &[]).await {
        tracing::debug!(%error, url = %folder.url, "files of a failed write cannot be removed");
    }
}
