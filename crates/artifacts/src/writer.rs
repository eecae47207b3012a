use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt, PutPayload};
use serde::Serialize;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::latest::Latest;
use crate::manifest::{FileEntry, MANIFEST_FORMAT, Manifest, StepTiming};
use crate::model::json;
use crate::names::{CLAIM, MANIFEST, WORK, check_file};
use crate::output::{Output, join};
use crate::table::TableWriter;
use crate::table::write::Encoding;
use crate::upload::{CHUNK_BYTES, Digested, Upload, delete_all, digest};
use crate::{ArtifactError, RunId, folder, table};

/// A run that is being written. No reader sees it before [`Self::commit`].
///
/// Writing takes `&self`, so that parts of a job may write at the same time.
/// A writer that is dropped without commit or abort leaves files that no
/// reader sees and that a later run sweeps.
#[derive(Debug)]
pub struct RunWriter {
    output: Output,
    job: String,
    id: RunId,
    started: DateTime<Utc>,
    path: Path,
    url: String,
    /// Local folders that were made for this run, outermost first.
    made: Vec<PathBuf>,
    /// Files by name; `None` while one is being written.
    files: Mutex<BTreeMap<String, Option<FileEntry>>>,
}

/// What the manifest records beside the files.
#[derive(Debug, Clone)]
pub struct ManifestHeader {
    /// The present time (UTC).
    pub finished: DateTime<Utc>,
    /// The parameters the job ran with, defaults included.
    pub parameters: serde_json::Value,
    /// The seed of everything random.
    pub seed: u64,
    /// SHA-256 (hexadecimal) that identifies the input that was read.
    pub input_fingerprint: String,
    /// Versions of the program and of the engines it stands on.
    pub versions: BTreeMap<String, String>,
    /// How long each step took.
    pub timings: Vec<StepTiming>,
}

/// A run that readers can see.
#[derive(Debug, Clone, PartialEq)]
pub struct Committed {
    /// Where it is.
    pub url: String,
    /// What it says of itself.
    pub manifest: Manifest,
    /// Whether it is now the newest of its job. `false` when a run that
    /// started later was committed first.
    pub is_latest: bool,
}

impl RunWriter {
    pub(crate) fn new(
        output: Output,
        job: String,
        id: RunId,
        started: DateTime<Utc>,
        made: Vec<PathBuf>,
    ) -> Self {
        Self {
            path: output.run_path(&job, &id),
            url: output.run_url(&job, &id),
            output,
            job,
            id,
            started,
            made,
            files: Mutex::default(),
        }
    }

    /// The name of the run.
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// The job it belongs to.
    pub fn job(&self) -> &str {
        &self.job
    }

    /// When it started.
    pub fn started(&self) -> DateTime<Utc> {
        self.started
    }

    /// Where it lies among the runs of all jobs.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// Where the run is: a URL, or a local path when the output was named by
    /// one.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Where a file of the run is, for something else to write it there
    /// (see [`Self::adopt`]).
    pub fn file_url(&self, name: &str) -> Result<String, ArtifactError> {
        check_file(name)?;
        Ok(format!("{}/{name}", self.url))
    }

    /// Where a step keeps its intermediate results; deleted by the commit.
    /// Characters of the step's name that are no letters, digits, `-` or `_`
    /// become `-`.
    pub fn work_url(&self, step: &str) -> String {
        let plain = |c: char| {
            let keep = c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if keep { c } else { '-' }
        };
        let step: String = step.chars().map(plain).collect();
        format!("{}/{WORK}/{step}", self.url)
    }

    /// Says that the run is still going, so that no other run takes it for a
    /// leftover. To be called at least every few hours; the frame in which
    /// jobs run does.
    ///
    /// # Errors
    /// [`ArtifactError::Store`] when the output is not writable (any more).
    pub async fn touch(&self) -> Result<(), ArtifactError> {
        #[derive(Serialize)]
        struct Claim<'a> {
            job: &'a str,
            run_id: &'a RunId,
            started: DateTime<Utc>,
        }
        let url = format!("{}/{CLAIM}", self.url);
        let claim = Claim {
            job: &self.job,
            run_id: &self.id,
            started: self.started,
        };
        let payload = PutPayload::from(json(&claim, &url)?);
        let put = self
            .output
            .store
            .put(&join(&self.path, CLAIM), payload)
            .await;
        put.map(|_| ()).map_err(ArtifactError::store("write", &url))
    }

    /// Writes one file. It appears whole or not at all.
    ///
    /// # Errors
    /// [`ArtifactError::BadName`] when `name` could leave the run,
    /// [`ArtifactError::AlreadyWritten`], [`ArtifactError::Store`].
    pub async fn write_bytes(
        &self,
        name: &str,
        bytes: impl Into<Bytes>,
    ) -> Result<(), ArtifactError> {
        let mut bytes = bytes.into();
        let url = self.reserve(name)?;
        let written = async {
            let mut upload = self.upload(name, url);
            while bytes.len() > CHUNK_BYTES {
                upload.put(bytes.split_to(CHUNK_BYTES)).await?;
            }
            upload.put(bytes).await?;
            upload.finish().await
        };
        let written = written.await;
        self.settle(name, written, None)
    }

    /// Writes a value as indented JSON with a final newline.
    ///
    /// # Errors
    /// As [`Self::write_bytes`], and [`ArtifactError::Json`].
    pub async fn write_json<T: Serialize>(
        &self,
        name: &str,
        value: &T,
    ) -> Result<(), ArtifactError> {
        let bytes = json(value, &format!("{}/{name}", self.url))?;
        self.write_bytes(name, bytes).await
    }

    /// Writes a table as one Parquet file; returns its number of rows.
    ///
    /// The same rows give the same bytes, however they are cut into batches
    /// and whichever string layout they arrive in: text is stored as plain
    /// UTF-8, and schema metadata is left out. Sort by the column that will
    /// be searched by ([`crate::RunReader::find_rows`]) before writing.
    /// Encoding runs on its own thread.
    ///
    /// # Errors
    /// [`ArtifactError::Table`] when a batch does not fit the schema or cannot
    /// be encoded, and those of [`Self::write_bytes`].
    pub async fn write_table(
        &self,
        name: &str,
        schema: SchemaRef,
        batches: &[RecordBatch],
    ) -> Result<u64, ArtifactError> {
        let mut table = self.table_writer(name, schema)?;
        for batch in batches {
            table.write(batch.clone()).await?;
        }
        table.finish().await
    }

    /// Begins a table whose batches come one after another; the bytes are those of
    /// [`Self::write_table`] with all of them at once.
    ///
    /// # Errors
    /// [`ArtifactError::BadName`], [`ArtifactError::AlreadyWritten`].
    pub fn table_writer(
        &self,
        name: &str,
        schema: SchemaRef,
    ) -> Result<TableWriter<'_>, ArtifactError> {
        let url = self.reserve(name)?;
        let encoding = Encoding::start(self.upload(name, url.clone()), schema, url.clone());
        Ok(TableWriter::new(self, name, url, encoding))
    }

    /// Takes into the run what was written under `name` by something else (the
    /// engine, the executors of a cluster): a file, or a folder of parts.
    /// Reads every byte once to hash it; returns the number of rows when the
    /// parts are Parquet.
    ///
    /// # Errors
    /// [`ArtifactError::NoSuchFile`] when nothing is there, and those of
    /// reading.
    pub async fn adopt(&self, name: &str) -> Result<Option<u64>, ArtifactError> {
        check_file(name)?;
        let place = join(&self.path, name);
        let url = format!("{}/{name}", self.url);
        let store = &self.output.store;
        let mut found: Vec<Path> = match store.head(&place).await {
            Ok(meta) => vec![meta.location],
            // A local folder is no file: the parts are what is listed in it.
            Err(_) => store
                .list(Some(&place))
                .map_ok(|meta| meta.location)
                .try_collect()
                .await
                .map_err(ArtifactError::store("list", &url))?,
        };
        found.sort();
        if found.is_empty() {
            return Err(ArtifactError::NoSuchFile {
                run: self.url(),
                name: name.to_owned(),
                available: "nothing under that name".to_owned(),
            });
        }
        let mut total = None;
        for path in found {
            let part = path
                .as_ref()
                .strip_prefix(self.path.as_ref())
                .unwrap_or_default();
            let part = part.trim_start_matches('/').to_owned();
            let url = self.reserve(&part)?;
            let written = digest(store.as_ref(), &path, &url).await;
            let mut rows = None;
            if let Ok(digested) = &written
                && part.ends_with(".parquet")
            {
                let source = table::Source::new(Arc::clone(store), path, digested.size, url);
                rows = Some(source.rows().await?);
                total = Some(total.unwrap_or(0) + rows.unwrap_or(0));
            }
            self.settle(&part, written, rows)?;
        }
        Ok(total)
    }

    /// Ends the run: deletes the work area, writes the manifest, and moves
    /// `latest.json`, in this order.
    ///
    /// # Errors
    /// After any error before the manifest is written the whole run is
    /// removed. [`ArtifactError::Vanished`] when someone removed it while it
    /// was written. [`ArtifactError::LatestNotMoved`] when only the last step
    /// failed: then the run exists, readers find it by its name, and the next
    /// commit moves the pointer.
    pub async fn commit(self, header: ManifestHeader) -> Result<Committed, ArtifactError> {
        let manifest = self.manifest(header);
        if let Err(error) = self.write_manifest(&manifest).await {
            self.remove_quietly().await;
            return Err(error);
        }
        let latest = Latest {
            job: self.job.clone(),
            run_id: self.id.clone(),
            started: self.started,
            finished: manifest.finished,
        };
        let pointer = self.output.pointer(&self.job);
        let is_latest = pointer
            .advance(&latest)
            .await
            .map_err(|error| match error {
                ArtifactError::LatestNotMoved { .. } => error,
                other => ArtifactError::LatestNotMoved {
                    run: self.url(),
                    url: pointer.url.clone(),
                    reason: other.to_string(),
                },
            })?;
        Ok(Committed {
            url: self.url,
            manifest,
            is_latest,
        })
    }

    /// Removes the run and every folder that was made for it.
    ///
    /// # Errors
    /// [`ArtifactError::Folder`] or [`ArtifactError::Store`] when something
    /// could not be removed; no reader sees it, and a later run sweeps it.
    pub async fn abort(self) -> Result<(), ArtifactError> {
        self.remove().await
    }

    pub(crate) async fn remove_quietly(&self) {
        if let Err(error) = self.remove().await {
            tracing::warn!(%error, run = %self.url, "an unfinished run could not be removed");
        }
    }

    async fn remove(&self) -> Result<(), ArtifactError> {
        let Some(run) = self.folder() else {
            return delete_all(&self.output.store, &self.path, &self.url).await;
        };
        let made = self.made.clone();
        let remove = move || {
            folder::remove_all(&run).map_err(ArtifactError::folder("remove", &run))?;
            folder::remove_empty(&made);
            Ok(())
        };
        blocking(remove, &self.url).await
    }

    fn manifest(&self, header: ManifestHeader) -> Manifest {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        Manifest {
            format: MANIFEST_FORMAT,
            job: self.job.clone(),
            run_id: self.id.clone(),
            started: self.started,
            finished: header.finished,
            parameters: header.parameters,
            seed: header.seed,
            input_fingerprint: header.input_fingerprint,
            versions: header.versions,
            timings: header.timings,
            files: files.values().flatten().cloned().collect(),
        }
    }

    async fn write_manifest(&self, manifest: &Manifest) -> Result<(), ArtifactError> {
        let store = &self.output.store;
        match store.head(&join(&self.path, CLAIM)).await {
            Ok(_) => {}
            Err(Error::NotFound { .. }) => return Err(ArtifactError::Vanished { run: self.url() }),
            Err(source) => return Err(ArtifactError::store("read", &self.url)(source)),
        }
        // Hours of work are not thrown away because scratch files stay: they
        // are outside the manifest, so no reader meets them.
        if let Err(error) = self.remove_work().await {
            tracing::warn!(%error, run = %self.url, "the work area could not be removed");
        }
        let url = format!("{}/{MANIFEST}", self.url);
        let payload = PutPayload::from(json(manifest, &url)?);
        let put = store.put(&join(&self.path, MANIFEST), payload).await;
        put.map(|_| ()).map_err(ArtifactError::store("write", &url))
    }

    async fn remove_work(&self) -> Result<(), ArtifactError> {
        let url = format!("{}/{WORK}", self.url);
        match self.folder() {
            None => delete_all(&self.output.store, &join(&self.path, WORK), &url).await,
            Some(run) => {
                let work = run.join(WORK);
                let remove = move || {
                    folder::remove_all(&work).map_err(ArtifactError::folder("remove", &work))
                };
                blocking(remove, &url).await
            }
        }
    }

    /// The run's own folder, when on a local disk.
    fn folder(&self) -> Option<PathBuf> {
        let folder = self.output.folder.as_ref()?;
        Some(folder.join(&self.job).join(self.id.as_str()))
    }

    fn upload(&self, name: &str, url: String) -> Upload {
        Upload::new(Arc::clone(&self.output.store), join(&self.path, name), url)
    }

    /// Takes a name for a file about to be written; returns its URL.
    fn reserve(&self, name: &str) -> Result<String, ArtifactError> {
        check_file(name)?;
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if files.contains_key(name) {
            return Err(ArtifactError::AlreadyWritten {
                run: self.url(),
                name: name.to_owned(),
            });
        }
        files.insert(name.to_owned(), None);
        Ok(format!("{}/{name}", self.url))
    }

    /// Enters a written file into the manifest to be, or frees its name.
    pub(crate) fn settle(
        &self,
        name: &str,
        written: Result<Digested, ArtifactError>,
        rows: Option<u64>,
    ) -> Result<(), ArtifactError> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        match written {
            Ok(digested) => {
                let entry = FileEntry {
                    name: name.to_owned(),
                    size: digested.size,
                    sha256: digested.sha256,
                    rows,
                };
                files.insert(name.to_owned(), Some(entry));
                Ok(())
            }
            Err(error) => {
                files.remove(name);
                Err(error)
            }
        }
    }

    /// Frees the name of a file that will not be written after all.
    pub(crate) fn release(&self, name: &str) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.remove(name);
    }
}

/// Runs blocking work of this crate off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ArtifactError> + Send + 'static,
    url: &str,
) -> Result<T, ArtifactError> {
    joined(spawn_blocking(work), url).await
}

/// The answer of a worker thread; its panic goes on in the caller.
pub(crate) async fn joined<T>(
    worker: JoinHandle<Result<T, ArtifactError>>,
    url: &str,
) -> Result<T, ArtifactError> {
    match worker.await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(ArtifactError::Interrupted {
            url: url.to_owned(),
        }),
    }
}
