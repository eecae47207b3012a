//! The local folder of one running engine or executor: spills and shuffles.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

const PREFIX: &str = "clientele-";
const LOCK: &str = "in-use.lock";

/// A folder that belongs to this value alone and is removed with it.
///
/// The folder holds a locked file for as long as the value lives. The lock falls
/// with the process, however it ends, so folders that a killed process left
/// behind can be told from those in use and are removed when the next one
/// starts in the same place.
#[derive(Debug)]
pub(crate) struct WorkFolder {
    path: PathBuf,
    /// Held, never read.
    _lock: File,
}

impl WorkFolder {
    /// Removes what dead processes left in `parent` and makes a fresh folder
    /// there; `parent` itself is made when missing.
    pub(crate) fn create(parent: &Path) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        fs::create_dir_all(parent)?;
        let parent = parent.canonicalize()?;
        sweep(&parent);
        loop {
            let n = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!("{PREFIX}{}-{n}", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => {
                    let lock = File::create(path.join(LOCK))?;
                    lock.lock()?;
                    return Ok(Self { path, _lock: lock });
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Where the folder is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "work folder not removed");
        }
    }
}

/// Removes the folders in `parent` whose owner is gone. Failing to is not an
/// error: another process may be sweeping too.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // A folder without its lock file is one being made at this moment.
        let Ok(lock) = File::open(path.join(LOCK)) else {
            continue;
        };
        match lock.try_lock() {
            Ok(()) => match fs::remove_dir_all(&path) {
                Ok(()) => {
                    tracing::info!(path = %path.display(), "removed an abandoned work folder")
                }
                Err(error) => {
                    tracing::debug!(path = %path.display(), %error, "abandoned work folder stays");
                }
            },
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => {
                tracing::debug!(path = %path.display(), %error, "work folder cannot be judged");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_owner_and_not_before() {
        let parent = tempfile::tempdir().unwrap();
        let first = WorkFolder::create(parent.path()).unwrap();
        let second = WorkFolder::create(parent.path()).unwrap();
        assert!(first.path().is_dir() && second.path().is_dir());
        let gone = first.path().to_owned();
        drop(first);
        assert!(!gone.exists());
        assert!(second.path().is_dir());
    }

    #[test]
    fn what_a_dead_process_left_is_swept() {
        let parent = tempfile::tempdir().unwrap();
        let left = parent.path().join("clientele-1-0");
        fs::create_dir(&left).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        fs::write(left.join("spill"), "x").unwrap();
        let other = parent.path().join("somebody-elses");
        fs::create_dir(&other).unwrap();
        let _folder = WorkFolder::create(parent.path()).unwrap();
        assert!(!left.exists());
        assert!(other.exists());
    }
}
