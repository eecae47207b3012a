use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{ArtifactError, RunId};

/// The version of the manifest's own format; raised when a reader of the
/// former version would misunderstand a new manifest.
pub const MANIFEST_FORMAT: u32 = 1;

/// What a finished run says of itself: the content of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this format, [`MANIFEST_FORMAT`].
    pub format: u32,
    /// The job that made the run.
    pub job: String,
    /// The name of the run.
    pub run_id: RunId,
    /// When the run began (UTC).
    pub started: DateTime<Utc>,
    /// When its last file was written (UTC).
    pub finished: DateTime<Utc>,
    /// The parameters the job ran with, defaults included.
    pub parameters: serde_json::Value,
    /// The seed of everything random.
    pub seed: u64,
    /// SHA-256 (hexadecimal) that identifies the input that was read.
    pub input_fingerprint: String,
    /// Versions of the program and of the engines it stands on.
    pub versions: BTreeMap<String, String>,
    /// How long each step took, in the order they ran.
    pub timings: Vec<StepTiming>,
    /// Every file of the run except this one, sorted by name.
    pub files: Vec<FileEntry>,
}

/// One file of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path within the run, `/` between folders.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the bytes, lowercase hexadecimal.
    pub sha256: String,
    /// Number of rows, for tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// How long one step took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepTiming {
    /// The step's name.
    pub step: String,
    /// Wall time in seconds.
    pub seconds: f64,
    /// Rows the step produced, where that means something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

impl Manifest {
    /// Reads a manifest, refusing formats this program does not know.
    ///
    /// # Errors
    /// [`ArtifactError::Format`] when the bytes are no manifest or one of
    /// another version.
    pub(crate) fn from_json(bytes: &[u8], url: &str) -> Result<Self, ArtifactError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let unreadable = |reason: String| ArtifactError::Format {
            origin: format!("the manifest {url}"),
            reason,
        };
        let head: Head = serde_json::from_slice(bytes)
            .map_err(|e| unreadable(format!("not a manifest ({e})")))?;
        if head.format != MANIFEST_FORMAT {
            return Err(unreadable(format!(
                "it has format {}, this program reads format {MANIFEST_FORMAT}; \
                 use the version of the program that wrote it, or run the job again",
                head.format
            )));
        }
        serde_json::from_slice(bytes).map_err(|e| unreadable(format!("not a manifest ({e})")))
    }

    /// The entry of a file, if the run has it.
    pub fn file(&self, name: &str) -> Option<&FileEntry> {
        // Sorted by name when written; a linear search is as good for tens of files.
        self.files.iter().find(|file| file.name == name)
    }
}
