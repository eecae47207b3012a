//! What killed runs leave behind, and when it is removed.
//!
//! A job that is killed (out of memory, power, `kill -9`) cannot clean up. Its
//! run has no manifest, so no reader sees it, but it takes room. The next run
//! of the same job removes it, once **nothing in it has changed for a day**: a
//! run that is still going writes its claim anew every hour, so its newest
//! file is never that old. Only folders named like a run are ever looked at.

use std::collections::BTreeMap;
use std::path::Path as FsPath;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt;
use object_store::ObjectStore;
use object_store::path::Path;

use crate::names::MANIFEST;
use crate::upload::delete_all;
use crate::{ArtifactError, RunId, folder};

/// A run without a manifest is a leftover when its newest file is this old.
pub(crate) const LEFTOVER_AGE: TimeDelta = TimeDelta::hours(24);

/// Removes leftovers of one job on a local disk; returns the names removed.
/// Failures are logged: they must not keep a new run from starting.
pub(crate) fn sweep_folder(job: &FsPath, own: &RunId, now: DateTime<Utc>) -> Vec<RunId> {
    let Ok(entries) = std::fs::read_dir(job) else {
        return Vec::new();
    };
    let mut removed = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(id) = name.to_str().and_then(|name| RunId::parse(name).ok()) else {
            continue;
        };
        let path = entry.path();
        if id == *own || path.is_symlink() || !path.is_dir() {
            continue;
        }
        let Some(changed) = folder::last_change_without_manifest(&path) else {
            continue;
        };
        if DateTime::<Utc>::from(changed) + LEFTOVER_AGE < now {
            match folder::remove_all(&path) {
                Ok(()) => removed.push(id),
                Err(error) => {
                    tracing::warn!(%error, run = %path.display(), "a leftover cannot be removed");
                }
            }
        }
    }
    removed.sort();
    removed
}

/// Removes leftovers of one job in an object store; returns the names removed.
///
/// Costs one listing of the job's files, a request per thousand of them.
pub(crate) async fn sweep_store(
    store: &Arc<dyn ObjectStore>,
    job: &Path,
    own: &RunId,
    now: DateTime<Utc>,
    url: &str,
) -> Result<Vec<RunId>, ArtifactError> {
    struct Seen {
        finished: bool,
        newest: DateTime<Utc>,
    }
    let mut runs: BTreeMap<RunId, Seen> = BTreeMap::new();
    let mut objects = store.list(Some(job));
    while let Some(object) = objects
        .try_next()
        .await
        .map_err(ArtifactError::store("list", url))?
    {
        let Some(mut parts) = object.location.prefix_match(job) else {
            continue;
        };
        let Some(id) = parts
            .next()
            .and_then(|part| RunId::parse(part.as_ref()).ok())
        else {
            continue;
        };
        let is_manifest =
            parts.next().is_some_and(|part| part.as_ref() == MANIFEST) && parts.next().is_none();
        let seen = runs.entry(id).or_insert(Seen {
            finished: false,
            newest: object.last_modified,
        });
        seen.finished |= is_manifest;
        seen.newest = seen.newest.max(object.last_modified);
    }
    let mut removed = Vec::new();
    for (id, seen) in runs {
        if id == *own || seen.finished || seen.newest + LEFTOVER_AGE >= now {
            continue;
        }
        delete_all(store, &job.clone().join(id.as_str()), url).await?;
        removed.push(id);
    }
    Ok(removed)
}
