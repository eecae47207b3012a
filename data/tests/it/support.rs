//! An engine, a work area, files, and readable results.

use std::path::{Path, PathBuf};

use data::{Account, DataError, EventsParams, Staged};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::array_value_to_string;
use engine::{Engine, EngineParams};

/// A place to stage in.
pub(crate) struct Bench {
    pub engine: Engine,
    pub folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with_threads(2).await
    }

    pub(crate) async fn with_threads(threads: usize) -> Self {
        let params = EngineParams {
            threads: Some(threads),
            ..EngineParams::default()
        };
        let engine = Engine::open(params).await.unwrap();
        Self {
            engine,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Writes a file beside the others and gives its path.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) async fn stage(&self, params: &EventsParams) -> Result<Staged, DataError> {
        data::stage(&self.engine, params, &self.path("work")).await
    }

    pub(crate) async fn check(&self, params: &EventsParams) -> Result<Account, DataError> {
        data::check(&self.engine, params, &self.path("work")).await
    }

    /// The rows of a query as text, columns separated by ` | `, null as nothing.
    pub(crate) async fn rows(&self, query: &str) -> Vec<String> {
        let result = self.engine.query(query, &[]).await.unwrap();
        result.batches.iter().flat_map(lines).collect()
    }
}

fn lines(batch: &RecordBatch) -> Vec<String> {
    let cell = |row| {
        move |column: &datafusion::arrow::array::ArrayRef| {
            array_value_to_string(column, row).unwrap()
        }
    };
    let line = |row| {
        batch
            .columns()
            .iter()
            .map(cell(row))
            .collect::<Vec<_>>()
            .join(" | ")
    };
    (0..batch.num_rows()).map(line).collect()
}

/// What to read, by the mapping that fits.
pub(crate) fn events(places: &[&str]) -> EventsParams {
    EventsParams {
        events: places.iter().map(|place| (*place).to_owned()).collect(),
        ..EventsParams::default()
    }
}

/// What to read, by a mapping.
pub(crate) fn mapped(places: &[&str], mapping: &str) -> EventsParams {
    EventsParams {
        mapping: Some(mapping.to_owned()),
        ..events(places)
    }
}

/// A dataset of the shared collection, or a printed reason for not testing with it.
pub(crate) fn dataset(name: &str) -> Option<PathBuf> {
    let root = match std::env::var_os("CLIENTELE_DATASETS") {
        Some(folder) => PathBuf::from(folder),
        None => workspace().parent()?.join("shared/datasets"),
    };
    let path = root.join(name);
    if !path.exists() {
        #[allow(clippy::print_stderr)]
        {
            eprintln!(
                "skipped: {} is not there (set CLIENTELE_DATASETS)",
                path.display()
            );
        }
        return None;
    }
    Some(path)
}

pub(crate) fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .find(|folder| folder.join("Cargo.lock").exists())
        .unwrap()
        .to_owned()
}
