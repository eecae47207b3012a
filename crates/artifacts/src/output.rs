use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use uuid::Uuid;

use crate::latest::{LOST_PAUSE, MOST_LOST, Pointer, was_cut_off};
use crate::leftovers::{sweep_folder, sweep_store};
use crate::manifest::Manifest;
use crate::names::{CLAIM, LATEST, MANIFEST, check_job};
use crate::reader::RunReader;
use crate::writer::RunWriter;
use crate::{ArtifactError, RunId, folder};

const MOST_NAMES: u32 = 1000;
const CONCURRENT_READS: usize = 16;

/// The place where all runs of all jobs live.
#[derive(Debug, Clone)]
pub struct Output {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) root: Path,
    pub(crate) display: String,
    /// The same place as a folder, when it is on a local disk.
    pub(crate) folder: Option<PathBuf>,
}

/// One finished run in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct RunInfo {
    /// Where it is.
    pub url: String,
    /// What it says of itself.
    pub manifest: Manifest,
}

impl Output {
    /// An output at `root` within `store`. `display` is the same place as the
    /// user would name it, a URL or a local path; URLs of runs begin with it,
    /// and a plain path or `file://` URL marks the output as local.
    pub fn new(store: Arc<dyn ObjectStore>, root: Path, display: String) -> Self {
        let display = match display.trim_end_matches('/') {
            "" => "/".to_owned(),
            rest => rest.to_owned(),
        };
        let folder = folder::of_display(&display);
        Self {
            store,
            root,
            display,
            folder,
        }
    }

    /// An output in a local folder, which need not exist yet.
    ///
    /// # Errors
    /// [`ArtifactError::NotWritable`] when the path cannot be made absolute or
    /// cannot be addressed (it is not Unicode).
    pub fn local(folder: impl AsRef<std::path::Path>) -> Result<Self, ArtifactError> {
        let folder = folder.as_ref();
        let refuse = |reason: String| ArtifactError::NotWritable {
            output: folder.display().to_string(),
            reason,
            fix: "name another --output".to_owned(),
        };
        let absolute = std::path::absolute(folder).map_err(|e| refuse(e.to_string()))?;
        let root = Path::from_absolute_path(&absolute).map_err(|e| refuse(e.to_string()))?;
        let store = Arc::new(LocalFileSystem::new());
        Ok(Self::new(store, root, absolute.display().to_string()))
    }

    /// The place as the user names it.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// Starts a run of a job.
    ///
    /// `started` is the present time (UTC); `hash_of` is whatever identifies
    /// the question asked (input and parameters), of which the run's name
    /// carries a hash. Makes the output folder when it is absent, claims a
    /// free name, proves by writing that the output is writable, and removes
    /// leftovers of killed runs of this job: those without a manifest in which
    /// nothing has changed for 24 hours.
    ///
    /// # Errors
    /// [`ArtifactError::NotWritable`] at once when the output cannot take the
    /// run, [`ArtifactError::BadName`] for a job's name.
    pub async fn begin(
        &self,
        job: &str,
        started: DateTime<Utc>,
        hash_of: &str,
    ) -> Result<RunWriter, ArtifactError> {
        check_job(job)?;
        for attempt in 1..=MOST_NAMES {
            let id = RunId::new(started, hash_of, attempt);
            let Some(made) = self.claim(job, &id).await? else {
                continue;
            };
            let run = RunWriter::new(self.clone(), job.to_owned(), id, started, made);
            if let Err(error) = run.touch().await {
                run.remove_quietly().await;
                return Err(self.not_writable(error));
            }
            self.sweep(job, run.id(), started).await;
            return Ok(run);
        }
        Err(ArtifactError::NotWritable {
            output: self.display.clone(),
            reason: format!("{MOST_NAMES} runs of the job `{job}` started in this second"),
            fix: "start again in a second".to_owned(),
        })
    }

    /// Every finished run, newest first; of one job or of all.
    ///
    /// Reads one manifest per run. A run whose manifest this program cannot
    /// read is left out, with a warning in the log.
    ///
    /// # Errors
    /// [`ArtifactError::Store`] when the output cannot be listed; an output
    /// that does not exist has no runs.
    pub async fn runs(&self, job: Option<&str>) -> Result<Vec<RunInfo>, ArtifactError> {
        let jobs = match job {
            Some(job) => vec![job.to_owned()],
            None => self.names_in(&self.root).await?,
        };
        let mut found = Vec::new();
        for job in jobs.iter().filter(|job| check_job(job).is_ok()) {
            for name in self.names_in(&self.root.clone().join(job.as_str())).await? {
                if let Ok(id) = RunId::parse(&name) {
                    found.push((job.clone(), id));
                }
            }
        }
        let mut runs: Vec<RunInfo> = futures::stream::iter(found)
            .map(|(job, id)| async move { self.read_manifest(&job, &id).await })
            .buffer_unordered(CONCURRENT_READS)
            .filter_map(|manifest| async {
                match manifest {
                    Ok(manifest) => manifest,
                    Err(error) => {
                        tracing::warn!(%error, "a run was left out of the list");
                        None
                    }
                }
            })
            .map(|manifest| RunInfo {
                url: self.run_url(&manifest.job, &manifest.run_id),
                manifest,
            })
            .collect()
            .await;
        runs.sort_by(|a, b| {
            let key = |run: &RunInfo| run.manifest.started;
            let order =
                (key(b), b.manifest.run_id.order()).cmp(&(key(a), a.manifest.run_id.order()));
            order.then_with(|| a.manifest.job.cmp(&b.manifest.job))
        });
        Ok(runs)
    }

    /// The newest finished run of a job, if there is one.
    ///
    /// Follows `latest.json`; when that is missing, or points at a run that
    /// was deleted, the newest run with a manifest is taken instead.
    ///
    /// # Errors
    /// [`ArtifactError::Store`] and [`ArtifactError::Format`].
    pub async fn latest(&self, job: &str) -> Result<Option<RunReader>, ArtifactError> {
        check_job(job)?;
        if let Some(latest) = self.pointer(job).read().await?
            && let Some(manifest) = self.read_manifest(job, &latest.run_id).await?
        {
            return Ok(Some(RunReader::new(self, manifest)));
        }
        let newest = self.runs(Some(job)).await?.into_iter().next();
        Ok(newest.map(|run| RunReader::new(self, run.manifest)))
    }

    /// Opens a finished run by its name.
    ///
    /// # Errors
    /// [`ArtifactError::NoSuchRun`] when there is no such run with a manifest,
    /// [`ArtifactError::BadName`] when the name is not that of a run.
    pub async fn open(&self, job: &str, run_id: &str) -> Result<RunReader, ArtifactError> {
        check_job(job)?;
        let id = RunId::parse(run_id)?;
        match self.read_manifest(job, &id).await? {
            Some(manifest) => Ok(RunReader::new(self, manifest)),
            None => Err(ArtifactError::NoSuchRun {
                output: self.display.clone(),
                job: job.to_owned(),
                run_id: run_id.to_owned(),
            }),
        }
    }

    pub(crate) fn run_path(&self, job: &str, id: &RunId) -> Path {
        self.root.clone().join(job).join(id.as_str())
    }

    pub(crate) fn run_url(&self, job: &str, id: &RunId) -> String {
        format!("{}/{job}/{id}", self.display.trim_end_matches('/'))
    }

    pub(crate) fn pointer(&self, job: &str) -> Pointer<'_> {
        Pointer {
            store: &self.store,
            path: self.root.clone().join(job).join(LATEST),
            url: format!("{}/{job}/{LATEST}", self.display.trim_end_matches('/')),
            folder: self.folder.as_ref().map(|folder| folder.join(job)),
        }
    }

    /// Claims a name: `None` when it is taken, else the local folders made.
    async fn claim(&self, job: &str, id: &RunId) -> Result<Option<Vec<PathBuf>>, ArtifactError> {
        match &self.folder {
            Some(folder) => {
                let run = folder.join(job).join(id.as_str());
                folder::claim(&run).map_err(|e| folder::not_writable(&self.display, &run, &e))
            }
            None => self.claim_in_store(job, id).await.map_err(|source| {
                self.not_writable(ArtifactError::store("write", &self.display)(source))
            }),
        }
    }

    async fn claim_in_store(&self, job: &str, id: &RunId) -> Result<Option<Vec<PathBuf>>, Error> {
        let run = self.run_path(job, id);
        if self
            .store
            .list(Some(&run))
            .next()
            .await
            .transpose()?
            .is_some()
        {
            return Ok(None);
        }
        let claim = join(&run, CLAIM);
        let mark = Uuid::new_v4().to_string();
        let mut lost = 0;
        loop {
            let payload = PutPayload::from(mark.clone());
            let put = self
                .store
                .put_opts(&claim, payload.clone(), PutMode::Create.into())
                .await;
            match put {
                Ok(_) => break,
                // A put whose answer was lost is sent again, and then finds its own claim.
                Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {
                    match self.holds(&claim, &mark).await? {
                        true => break,
                        false => return Ok(None),
                    }
                }
                Err(Error::NotImplemented { .. } | Error::NotSupported { .. }) => {
                    self.store.put(&claim, payload).await?;
                    break;
                }
                Err(error) if lost < MOST_LOST && was_cut_off(&error) => {
                    lost += 1;
                    tokio::time::sleep(LOST_PAUSE * lost).await;
                }
                Err(error) => return Err(error),
            }
        }
        // A run of the same name may have begun and finished since we looked.
        match self.store.head(&join(&run, MANIFEST)).await {
            Err(Error::NotFound { .. }) => Ok(Some(Vec::new())),
            Ok(_) => {
                self.store.delete(&claim).await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether an object has exactly this content.
    async fn holds(&self, object: &Path, content: &str) -> Result<bool, Error> {
        match self.store.get(object).await {
            Ok(found) => Ok(found.bytes().await? == content.as_bytes()),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn not_writable(&self, error: ArtifactError) -> ArtifactError {
        let mut reason = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            let text = inner.to_string();
            if !reason.contains(&text) {
                reason = format!("{reason}: {text}");
            }
            cause = inner.source();
        }
        let fix = match &self.folder {
            Some(_) => "name another --output, or make room and ask for the right to write there",
            None => "check the bucket's name, the credentials and the right to write there",
        };
        ArtifactError::NotWritable {
            output: self.display.clone(),
            reason,
            fix: fix.to_owned(),
        }
    }

    async fn sweep(&self, job: &str, own: &RunId, now: DateTime<Utc>) {
        let removed = match &self.folder {
            Some(folder) => {
                let (folder, own) = (folder.join(job), own.clone());
                let sweep = move || sweep_folder(&folder, &own, now);
                tokio::task::spawn_blocking(sweep).await.unwrap_or_default()
            }
            None => {
                let path = self.root.clone().join(job);
                match sweep_store(&self.store, &path, own, now, &self.display).await {
                    Ok(removed) => removed,
                    Err(error) => {
                        tracing::warn!(%error, "leftovers of killed runs cannot be removed");
                        Vec::new()
                    }
                }
            }
        };
        for run in removed {
            tracing::info!(job, %run, "removed what a killed run left behind");
        }
    }

    async fn read_manifest(
        &self,
        job: &str,
        id: &RunId,
    ) -> Result<Option<Manifest>, ArtifactError> {
        let url = format!("{}/{MANIFEST}", self.run_url(job, id));
        let found = match self.store.get(&self.run_path(job, id).join(MANIFEST)).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(ArtifactError::store("read", &url)(source)),
        };
        let bytes = found
            .bytes()
            .await
            .map_err(ArtifactError::store("read", &url))?;
        let manifest = Manifest::from_json(&bytes, &url)?;
        // A copied or renamed folder must not pose as another run.
        if manifest.job != job || manifest.run_id != *id {
            return Err(ArtifactError::Format {
                origin: format!("the manifest {url}"),
                reason: format!(
                    "it belongs to the run {} of `{}`",
                    manifest.run_id, manifest.job
                ),
            });
        }
        Ok(Some(manifest))
    }

    async fn names_in(&self, folder: &Path) -> Result<Vec<String>, ArtifactError> {
        let prefix = (!folder.as_ref().is_empty()).then_some(folder);
        let listed = match self.store.list_with_delimiter(prefix).await {
            Ok(listed) => listed,
            Err(Error::NotFound { .. }) => return Ok(Vec::new()),
            Err(source) => return Err(ArtifactError::store("list", &self.display)(source)),
        };
        let names = listed
            .common_prefixes
            .iter()
            .filter_map(|path| path.filename());
        Ok(names.map(str::to_owned).collect())
    }
}

/// A path below another; `name` has been checked or is ours.
pub(crate) fn join(base: &Path, name: &str) -> Path {
    name.split('/')
        .fold(base.clone(), |path, part| path.join(part))
}
