use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;

use artifacts::{Committed, ManifestHeader, Output, RunWriter, StepTiming};
use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tempfile::TempDir;

pub(crate) const JOB: &str = "segmentation";

/// A moment of 2026, `seconds` after two in the morning.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    "2026-11-21T02:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds)
}

/// An output of each kind; every test of behaviour runs on both.
pub(crate) fn both() -> [Place; 2] {
    [Place::local(), Place::memory()]
}

pub(crate) struct Place {
    pub(crate) output: Output,
    store: Arc<dyn ObjectStore>,
    root: Path,
    folder: Option<TempDir>,
}

impl Place {
    pub(crate) fn local() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("made/on demand");
        Self {
            output: Output::local(&place).unwrap(),
            store: Arc::new(object_store::local::LocalFileSystem::new()),
            root: Path::from_absolute_path(&place).unwrap(),
            folder: Some(folder),
        }
    }

    pub(crate) fn memory() -> Self {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let root = Path::from("results");
        Self {
            output: Output::new(
                Arc::clone(&store),
                root.clone(),
                "memory:///results/".to_owned(),
            ),
            store,
            root,
            folder: None,
        }
    }

    /// The output as a folder, for a local place.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.as_ref().unwrap().path().join("made/on demand")
    }

    /// Every file there is, relative to the output, sorted.
    pub(crate) async fn files(&self) -> Vec<String> {
        let listed: Vec<_> = self
            .store
            .list(Some(&self.root))
            .try_collect()
            .await
            .unwrap();
        let mut names: Vec<_> = listed
            .iter()
            .map(|meta| meta.location.as_ref()[self.root.as_ref().len() + 1..].to_owned())
            .filter(|name| !name.ends_with(".latest.lock"))
            .collect();
        names.sort();
        names
    }

    pub(crate) async fn overwrite(&self, name: &str, bytes: &'static [u8]) {
        let path = name
            .split('/')
            .fold(self.root.clone(), |path, part| path.join(part));
        self.store.put(&path, bytes.into()).await.unwrap();
    }

    pub(crate) async fn delete(&self, name: &str) {
        let path = name
            .split('/')
            .fold(self.root.clone(), |path, part| path.join(part));
        self.store.delete(&path).await.unwrap();
    }

    pub(crate) async fn begin(&self, seconds: i64) -> RunWriter {
        self.output
            .begin(JOB, at(seconds), "question")
            .await
            .unwrap()
    }

    /// A finished run with one file.
    pub(crate) async fn finished(&self, seconds: i64, content: &str) -> Committed {
        let run = self.begin(seconds).await;
        run.write_bytes("answer.txt", content.to_owned())
            .await
            .unwrap();
        run.commit(header(seconds + 5)).await.unwrap()
    }

    pub(crate) async fn latest_answer(&self) -> String {
        let run = self.output.latest(JOB).await.unwrap().unwrap();
        String::from_utf8(run.read_bytes("answer.txt").await.unwrap().to_vec()).unwrap()
    }
}

pub(crate) fn header(finished: i64) -> ManifestHeader {
    ManifestHeader {
        finished: at(finished),
        parameters: serde_json::json!({"k": [2, 10], "min_share": 0.01}),
        seed: 42,
        input_fingerprint: "f00d".to_owned(),
        versions: [("clientele".to_owned(), "0.1.0".to_owned())].into(),
        timings: vec![StepTiming {
            step: "events".to_owned(),
            seconds: 1.5,
            rows: Some(3),
        }],
    }
}

/// Everything below a folder, hidden files and folders included.
pub(crate) fn everything_in(folder: &FsPath) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path.clone());
            }
            found.push(path);
        }
    }
    found
}
