//! The files of a table in its folder.

use std::fs;
use std::io;
use std::path::PathBuf;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt, Result};

use crate::stores::ResolvedUrl;

/// How the names of all parts end.
pub(crate) const PART_EXTENSION: &str = ".parquet";

/// The parts below `folder` whose names begin with `prefix`.
pub(crate) async fn parts(folder: &ResolvedUrl, prefix: &str) -> Result<Vec<ObjectMeta>> {
    folder
        .store
        .list(Some(&folder.path))
        .try_filter(|object| {
            let name = object.location.filename().unwrap_or_default();
            let part = name.starts_with(prefix) && name.ends_with(PART_EXTENSION);
            std::future::ready(part)
        })
        .try_collect()
        .await
}

/// Removes those parts, but for `kept`, and on a local disk what a killed process had begun of them.
pub(crate) async fn remove(folder: &ResolvedUrl, prefix: &str, kept: &[Path]) -> Result<()> {
    for part in parts(folder, prefix).await? {
        if kept.contains(&part.location) {
            continue;
        }
        match folder.store.delete(&part.location).await {
            // Somebody else removed it first, which is what was wanted.
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    if folder.url.scheme() == "file"
        && let Ok(path) = folder.url.to_file_path()
    {
        let prefix = prefix.to_owned();
        let removed = tokio::task::spawn_blocking(move || remove_begun(path, &prefix)).await?;
        if let Err(error) = removed {
            tracing::debug!(%error, "unfinished files cannot be removed");
        }
    }
    Ok(())
}

/// A local store writes `name#1` and gives it the name `name` when it is whole.
fn remove_begun(folder: PathBuf, prefix: &str) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let begun = name.rsplit_once('#').is_some_and(|(name, number)| {
            name.ends_with(PART_EXTENSION) && number.bytes().all(|digit| digit.is_ascii_digit())
        });
        if begun && name.starts_with(prefix) {
            match fs::remove_file(entry.path()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}
