//! `latest.json`: which run of a job is the newest.
//!
//! It moves by compare-and-swap and never backwards: whoever commits last, it
//! ends at the run that started last. In an object store the swap is a
//! conditional put (create if absent, else replace the version that was read).
//! A local disk has no such put, so the same comparison is made under an
//! operating system lock on `<job>/.latest.lock`, which the system releases
//! when a process dies; the replacement itself is an atomic rename, so readers
//! need no lock.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use object_store::client::{HttpError, HttpErrorKind};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutPayload, UpdateVersion};
use serde::{Deserialize, Serialize};

use crate::model::json;
use crate::{ArtifactError, RunId, folder};

const LOCK: &str = ".latest.lock";
const LOCK_WAIT: Duration = Duration::from_secs(30);
const LOCK_PAUSE: Duration = Duration::from_millis(20);
const MOST_SWAPS: u32 = 50;
pub(crate) const LOST_PAUSE: Duration = Duration::from_millis(200);
/// How often a put is tried again whose answer was lost.
pub(crate) const MOST_LOST: u32 = 5;

/// The content of `latest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Latest {
    /// The job it belongs to.
    pub(crate) job: String,
    /// The newest committed run.
    pub(crate) run_id: RunId,
    /// When that run started; what "newest" means.
    pub(crate) started: DateTime<Utc>,
    /// When it finished.
    pub(crate) finished: DateTime<Utc>,
}

impl Latest {
    fn is_newer_than(&self, other: &Self) -> bool {
        (self.started, self.run_id.order()) > (other.started, other.run_id.order())
    }
}

/// Where the pointer of one job lives.
pub(crate) struct Pointer<'a> {
    pub(crate) store: &'a Arc<dyn ObjectStore>,
    pub(crate) path: Path,
    pub(crate) url: String,
    /// The job's folder, when on a local disk.
    pub(crate) folder: Option<PathBuf>,
}

impl Pointer<'_> {
    /// What the pointer says now; `None` when there is none, or when it is
    /// not readable as one (then the next commit replaces it).
    pub(crate) async fn read(&self) -> Result<Option<Latest>, ArtifactError> {
        let read = self
            .read_version()
            .await
            .map_err(ArtifactError::store("read", &self.url))?;
        Ok(read.and_then(|(latest, _)| latest))
    }

    /// Moves the pointer to a run, unless it already is at a newer one.
    /// Returns whether it moved.
    pub(crate) async fn advance(&self, to: &Latest) -> Result<bool, ArtifactError> {
        let payload = json(to, &self.url)?;
        let _lock = match &self.folder {
            Some(folder) => Some(self.lock(folder.join(LOCK)).await?),
            None => None,
        };
        let mut lost = 0;
        for swap in 0..MOST_SWAPS {
            let read = self
                .read_version()
                .await
                .map_err(ArtifactError::store("read", &self.url))?;
            let mode = match read {
                None => PutMode::Create,
                // Our own put, of which no answer came back.
                Some((Some(current), _)) if current == *to => return Ok(true),
                Some((Some(current), _)) if !to.is_newer_than(&current) => return Ok(false),
                Some((_, version)) => PutMode::Update(version),
            };
            // Under the lock nobody else writes, and a plain put is a rename.
            let mode = if self.folder.is_some() {
                PutMode::Overwrite
            } else {
                mode
            };
            let payload = PutPayload::from(payload.clone());
            match self
                .store
                .put_opts(&self.path, payload.clone(), mode.into())
                .await
            {
                Ok(_) => return Ok(true),
                Err(
                    Error::AlreadyExists { .. }
                    | Error::Precondition { .. }
                    | Error::NotFound { .. },
                ) => {
                    // Another run moved it in between: look again, after a
                    // pause that grows.
                    tokio::time::sleep(Duration::from_millis(u64::from(swap.min(20)) * 10)).await;
                }
                Err(Error::NotImplemented { .. } | Error::NotSupported { .. }) => {
                    tracing::warn!(url = %self.url, "the store has no conditional put");
                    self.store
                        .put(&self.path, payload)
                        .await
                        .map_err(ArtifactError::store("write", &self.url))?;
                    return Ok(true);
                }
                // Whether it was done shows when the pointer is read again.
                Err(error) if lost < MOST_LOST && was_cut_off(&error) => {
                    lost += 1;
                    tokio::time::sleep(LOST_PAUSE * lost).await;
                }
                Err(source) => return Err(ArtifactError::store("write", &self.url)(source)),
            }
        }
        Err(ArtifactError::LatestNotMoved {
            run: to.run_id.to_string(),
            url: self.url.clone(),
            reason: "too many other runs move it at the same time".to_owned(),
        })
    }

    async fn read_version(&self) -> Result<Option<(Option<Latest>, UpdateVersion)>, Error> {
        let found = match self.store.get(&self.path).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let version = UpdateVersion {
            e_tag: found.meta.e_tag.clone(),
            version: found.meta.version.clone(),
        };
        let latest = match serde_json::from_slice(&found.bytes().await?) {
            Ok(latest) => Some(latest),
            Err(error) => {
                tracing::warn!(%error, url = %self.url, "the pointer to the newest run is not readable");
                None
            }
        };
        Ok(Some((latest, version)))
    }

    async fn lock(&self, path: PathBuf) -> Result<folder::Lock, ArtifactError> {
        let mut waited = Duration::ZERO;
        loop {
            // Opening and trying a lock takes microseconds; no thread needed.
            match folder::try_lock(&path).map_err(ArtifactError::folder("lock", &path))? {
                Some(lock) => return Ok(lock),
                None if waited < LOCK_WAIT => {
                    tokio::time::sleep(LOCK_PAUSE).await;
                    waited += LOCK_PAUSE;
                }
                None => {
                    return Err(ArtifactError::Folder {
                        action: "lock",
                        path: path.display().to_string(),
                        source: std::io::ErrorKind::TimedOut.into(),
                    });
                }
            }
        }
    }
}

/// Whether a connection broke before the answer came. A store's client does not repeat a
/// conditional put by itself then, because the first may have been done.
pub(crate) fn was_cut_off(error: &Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(http) = error.downcast_ref::<HttpError>() {
            return matches!(
                http.kind(),
                HttpErrorKind::Interrupted | HttpErrorKind::Timeout | HttpErrorKind::Unknown
            );
        }
        cause = error.source();
    }
    false
}
