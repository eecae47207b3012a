//! What an object store cannot do on a local disk: make and remove folders,
//! say in plain words why one cannot be written, and lock.
//!
//! All functions block; callers run them off the async threads.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use url::Url;

use crate::ArtifactError;
use crate::names::MANIFEST;

/// The local folder an output stands for, if it is on a local disk: a plain
/// path or a `file://` URL.
pub(crate) fn of_display(display: &str) -> Option<PathBuf> {
    match Url::parse(display) {
        Ok(url) if url.scheme() == "file" => url.to_file_path().ok(),
        Ok(_) if display.contains("://") => None,
        _ => Some(PathBuf::from(display)),
    }
}

/// Claims the folder of a run: makes what is missing above it, then the folder
/// itself, which is atomic on every file system.
///
/// Returns the folders made above it, outermost first, or `None` when the name
/// is taken.
pub(crate) fn claim(run: &Path) -> io::Result<Option<Vec<PathBuf>>> {
    let parent = run.parent().unwrap_or(Path::new("."));
    let mut made = Vec::new();
    // Another run that ends right now may remove the job's empty folder
    // between our two steps, hence more than one try.
    for _ in 0..20 {
        if let Err(error) = make_missing(parent, &mut made) {
            remove_empty(&made);
            return Err(error);
        }
        match fs::create_dir(run) {
            Ok(()) => return Ok(Some(made)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Ok(None);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                remove_empty(&made);
                return Err(error);
            }
        }
    }
    remove_empty(&made);
    Err(ErrorKind::NotFound.into())
}

/// Makes a folder and those above it, remembering the ones that were missing.
fn make_missing(folder: &Path, made: &mut Vec<PathBuf>) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_missing(parent, made)?;
    }
    match fs::create_dir(folder) {
        Ok(()) => {
            if !made.iter().any(|known| known == folder) {
                made.push(folder.to_owned());
            }
            Ok(())
        }
        // Someone else made it in the meantime.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes folders that are empty, innermost first; one that is not empty any
/// more belongs to someone else and ends it.
pub(crate) fn remove_empty(outermost_first: &[PathBuf]) {
    for folder in outermost_first.iter().rev() {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
}

/// Removes a folder with everything in it; one that is not there is fine.
///
/// A query that was just cancelled may still drop its last file into the
/// folder while it is being emptied, so this tries for half a second.
pub(crate) fn remove_all(folder: &Path) -> io::Result<()> {
    let mut tries = 0;
    loop {
        match fs::remove_dir_all(folder) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) if tries >= 10 => return Err(error),
            Err(_) => {
                tries += 1;
                sleep(Duration::from_millis(50));
            }
        }
    }
}

/// When anything in the folder of a run changed last, hidden and half-written
/// files included; `None` when it has a manifest or cannot be looked into.
pub(crate) fn last_change_without_manifest(run: &Path) -> Option<SystemTime> {
    if run.join(MANIFEST).exists() {
        return None;
    }
    let mut newest = fs::symlink_metadata(run).ok()?.modified().ok()?;
    let mut folders = vec![run.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).ok()? {
            let entry = entry.ok()?;
            let about = entry.metadata().ok()?;
            newest = newest.max(about.modified().ok()?);
            if about.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Some(newest)
}

/// An exclusive lock held until it is dropped, or until the process dies.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: Option<File>,
}

/// Tries once to take the lock; `None` when another holds it.
///
/// On a file system without locks the caller goes on unlocked: such places
/// serve one machine and one job at a time.
pub(crate) fn try_lock(path: &Path) -> io::Result<Option<Lock>> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _file: Some(file) })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => {
            tracing::warn!(%error, path = %path.display(), "the file system has no locks");
            Ok(Some(Lock { _file: None }))
        }
    }
}

/// Says why nothing can be written at a place, and what to do.
pub(crate) fn not_writable(output: &str, place: &Path, error: &io::Error) -> ArtifactError {
    let in_the_way = place
        .ancestors()
        .find(|path| fs::symlink_metadata(path).is_ok());
    let nearest = in_the_way.unwrap_or(place).display();
    let (reason, fix) = match error.kind() {
        _ if in_the_way.is_some_and(|path| !path.is_dir()) => (
            format!("{nearest} is a file, not a folder"),
            "name another --output, or move that file away",
        ),
        ErrorKind::PermissionDenied => (
            format!("this user may not write in {nearest}"),
            "name another --output, or ask for the right to write there",
        ),
        ErrorKind::ReadOnlyFilesystem => (
            format!("{nearest} is on a read-only file system"),
            "name another --output, or mount it for writing",
        ),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => (
            format!("there is no room left at {nearest} ({error})"),
            "free some space, or name another --output",
        ),
        _ => (
            format!("a folder cannot be made in {nearest} ({error})"),
            "name another --output",
        ),
    };
    ArtifactError::NotWritable {
        output: output.to_owned(),
        reason,
        fix: fix.to_owned(),
    }
}
