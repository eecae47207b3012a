use std::sync::Arc;

use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use crate::manifest::{FileEntry, Manifest};
use crate::names::{check_file, hex};
use crate::output::{Output, join};
use crate::table::{Source, decode};
use crate::upload::digest;
use crate::writer::{blocking, joined};
use crate::{ArtifactError, RunId};

/// A finished run, for reading. Only files in its manifest exist.
#[derive(Debug, Clone)]
pub struct RunReader {
    output: Output,
    path: Path,
    url: String,
    manifest: Manifest,
}

impl RunReader {
    pub(crate) fn new(output: &Output, manifest: Manifest) -> Self {
        Self {
            path: output.run_path(&manifest.job, &manifest.run_id),
            url: output.run_url(&manifest.job, &manifest.run_id),
            output: output.clone(),
            manifest,
        }
    }

    /// The name of the run.
    pub fn id(&self) -> &RunId {
        &self.manifest.run_id
    }

    /// Where the run is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What the run says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where one of its files is.
    ///
    /// # Errors
    /// [`ArtifactError::NoSuchFile`].
    pub fn file_url(&self, name: &str) -> Result<String, ArtifactError> {
        self.entry(name).map(|entry| self.url_of(entry))
    }

    /// Reads a whole file and compares it with the manifest.
    ///
    /// # Errors
    /// [`ArtifactError::NoSuchFile`], [`ArtifactError::Damaged`] when size or
    /// SHA-256 differ, [`ArtifactError::Store`].
    pub async fn read_bytes(&self, name: &str) -> Result<Bytes, ArtifactError> {
        self.read_entry(self.entry(name)?).await
    }

    /// Reads a whole table, one file or a folder of parts in the order of
    /// their names, and compares it with the manifest.
    ///
    /// # Errors
    /// Those of [`Self::read_bytes`] and [`ArtifactError::Table`].
    pub async fn read_table(
        &self,
        name: &str,
    ) -> Result<(SchemaRef, Vec<RecordBatch>), ArtifactError> {
        let mut table: Option<(SchemaRef, Vec<RecordBatch>)> = None;
        for entry in self.parts(name)? {
            let bytes = self.fetch(entry).await?;
            let url = self.url_of(entry);
            // Hashing costs as much as decoding, so both go on at once. What is decoded is not
            // looked at before the hash was compared.
            let decoded = spawn_blocking({
                let (bytes, url) = (bytes.clone(), url.clone());
                move || decode(bytes, &url)
            });
            check(entry, bytes, &url).await?;
            let part = joined(decoded, &url).await?;
            match &mut table {
                None => table = Some(part),
                Some((schema, batches)) if *schema == part.0 => batches.extend(part.1),
                Some(_) => {
                    return Err(ArtifactError::Damaged {
                        url,
                        reason: "its columns differ from those of the other parts".to_owned(),
                    });
                }
            }
        }
        table.ok_or_else(|| self.no_such_file(name))
    }

    /// The rows of a table whose `key` column equals `value`, in the table's
    /// order; none is not an error.
    ///
    /// `value` is read as the column's type, integer or text. Reads the footer
    /// and only the pages whose statistics admit the value: milliseconds for
    /// a table sorted by that column, of any size.
    ///
    /// # Errors
    /// [`ArtifactError::NoSuchFile`], [`ArtifactError::Key`] when there is no
    /// such column or it is neither integer nor text.
    pub async fn find_rows(
        &self,
        table: &str,
        key: &str,
        value: &str,
    ) -> Result<RecordBatch, ArtifactError> {
        self.find_rows_of(table, key, &[value]).await
    }

    /// As [`Self::find_rows`], for several values at once: the rows that have
    /// one of them, in the table's order. Reads the footer once, and each page
    /// at most once. Meant for tens of values: each row of those pages is
    /// compared with every one.
    ///
    /// # Errors
    /// Those of [`Self::find_rows`].
    pub async fn find_rows_of(
        &self,
        table: &str,
        key: &str,
        values: &[&str],
    ) -> Result<RecordBatch, ArtifactError> {
        let mut found: Vec<RecordBatch> = Vec::new();
        for entry in self.parts(table)? {
            let store = Arc::clone(&self.output.store);
            let path = join(&self.path, &entry.name);
            let source = Source::new(store, path, entry.size, self.url_of(entry));
            found.push(source.find(key, values).await?);
        }
        let Some(first) = found.first() else {
            return Err(self.no_such_file(table));
        };
        let url = format!("{}/{table}", self.url);
        concat_batches(&first.schema(), &found)
            .map_err(|error| ArtifactError::table("read", &url)(error.into()))
    }

    /// The first of [`Self::find_rows`], as a batch of one row.
    ///
    /// # Errors
    /// Those of [`Self::find_rows`].
    pub async fn find_row(
        &self,
        table: &str,
        key: &str,
        value: &str,
    ) -> Result<Option<RecordBatch>, ArtifactError> {
        let rows = self.find_rows(table, key, value).await?;
        Ok((rows.num_rows() > 0).then(|| rows.slice(0, 1)))
    }

    /// Reads every file of the run and compares it with the manifest.
    ///
    /// # Errors
    /// [`ArtifactError::Damaged`] for the first that differs or is missing.
    pub async fn verify(&self) -> Result<(), ArtifactError> {
        for entry in &self.manifest.files {
            let url = self.url_of(entry);
            let path = join(&self.path, &entry.name);
            match digest(self.output.store.as_ref(), &path, &url).await {
                Ok(found) => compare(entry, found.size, &found.sha256, &url)?,
                Err(ArtifactError::Store {
                    source: object_store::Error::NotFound { .. },
                    ..
                }) => return Err(missing(url)),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn read_entry(&self, entry: &FileEntry) -> Result<Bytes, ArtifactError> {
        let bytes = self.fetch(entry).await?;
        check(entry, bytes.clone(), &self.url_of(entry)).await?;
        Ok(bytes)
    }

    /// A file as it is in the store.
    async fn fetch(&self, entry: &FileEntry) -> Result<Bytes, ArtifactError> {
        let url = self.url_of(entry);
        let found = match self.output.store.get(&join(&self.path, &entry.name)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Err(missing(url)),
            Err(source) => return Err(ArtifactError::store("read", &url)(source)),
        };
        let bytes = found.bytes().await;
        bytes.map_err(ArtifactError::store("read", &url))
    }

    fn entry(&self, name: &str) -> Result<&FileEntry, ArtifactError> {
        // Names in a manifest that was tampered with must not lead elsewhere.
        check_file(name)?;
        self.manifest
            .file(name)
            .ok_or_else(|| self.no_such_file(name))
    }

    /// The file of that name, or the parts in the folder of that name.
    fn parts(&self, name: &str) -> Result<Vec<&FileEntry>, ArtifactError> {
        check_file(name)?;
        if let Some(entry) = self.manifest.file(name) {
            return Ok(vec![entry]);
        }
        let folder = format!("{name}/");
        let in_folder = |entry: &&FileEntry| entry.name.starts_with(&folder);
        let mut parts: Vec<_> = self.manifest.files.iter().filter(in_folder).collect();
        parts.sort_by(|a, b| a.name.cmp(&b.name));
        for part in &parts {
            check_file(&part.name)?;
        }
        match parts.is_empty() {
            true => Err(self.no_such_file(name)),
            false => Ok(parts),
        }
    }

    fn no_such_file(&self, name: &str) -> ArtifactError {
        let names: Vec<_> = self
            .manifest
            .files
            .iter()
            .map(|f| f.name.as_str())
            .collect();
        ArtifactError::NoSuchFile {
            run: self.url.clone(),
            name: name.to_owned(),
            available: match names.is_empty() {
                true => "no files".to_owned(),
                false => names.join(", "),
            },
        }
    }

    fn url_of(&self, entry: &FileEntry) -> String {
        format!("{}/{}", self.url, entry.name)
    }
}

fn missing(url: String) -> ArtifactError {
    ArtifactError::Damaged {
        url,
        reason: "it is listed in the manifest and missing".to_owned(),
    }
}

/// Compares a whole file with the manifest, off the async threads.
async fn check(entry: &FileEntry, bytes: Bytes, url: &str) -> Result<(), ArtifactError> {
    let size = bytes.len() as u64;
    let hash = blocking(move || Ok(hex(&Sha256::digest(&bytes))), url).await?;
    compare(entry, size, &hash, url)
}

fn compare(entry: &FileEntry, size: u64, sha256: &str, url: &str) -> Result<(), ArtifactError> {
    let reason = if size != entry.size {
        format!("it has {size} bytes, the manifest says {}", entry.size)
    } else if sha256 != entry.sha256 {
        "its SHA-256 is not the one in the manifest".to_owned()
    } else {
        return Ok(());
    };
    Err(ArtifactError::Damaged {
        url: url.to_owned(),
        reason,
    })
}
