use std::path::PathBuf;
use std::sync::Arc;

use artifacts::Output;
use async_trait::async_trait;
use engine::{Engine, EngineParams};
use futures::future::BoxFuture;
use pipeline::{CancellationToken, Failure, Frame, Job, JobContext, RecordingReporter};
use tempfile::TempDir;

pub(crate) const STARTED: &str = "2026-11-21T02:43:12Z";

/// A job whose body is a function.
pub(crate) struct Tiny(pub(crate) fn(&JobContext) -> BoxFuture<'_, Result<u64, Failure>>);

#[async_trait]
impl Job for Tiny {
    type Outcome = u64;
    type Error = Failure;

    fn name(&self) -> &'static str {
        "tiny"
    }

    fn steps(&self) -> &'static [&'static str] {
        &["count", "square", "write"]
    }

    async fn run(&self, context: &JobContext) -> Result<u64, Failure> {
        (self.0)(context).await
    }
}

/// An output folder, and everything a frame is made of.
pub(crate) struct Stage {
    folder: TempDir,
    pub(crate) output: Output,
    pub(crate) reporter: Arc<RecordingReporter>,
    pub(crate) cancel: CancellationToken,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            output: Output::local(folder.path().join("out")).unwrap(),
            folder,
            reporter: Arc::default(),
            cancel: CancellationToken::new(),
        }
    }

    pub(crate) async fn frame(&self) -> Frame {
        let params = EngineParams {
            threads: Some(1),
            ..EngineParams::default()
        };
        Frame {
            engine: Engine::open(params).await.unwrap(),
            output: self.output.clone(),
            started: STARTED.parse().unwrap(),
            input: "events.csv".to_owned(),
            parameters: serde_json::json!({"k": 3}),
            seed: 7,
            as_of: None,
            versions: [("clientele".to_owned(), "0.1.0".to_owned())].into(),
            reporter: Arc::clone(&self.reporter) as _,
            cancel: self.cancel.clone(),
        }
    }

    /// Whatever there is in the folder the output was made in.
    pub(crate) fn left_behind(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    }
}
