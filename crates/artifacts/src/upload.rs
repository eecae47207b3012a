use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use crate::ArtifactError;
use crate::names::hex;

/// Pieces of this size are handed to the store.
pub(crate) const CHUNK_BYTES: usize = 1 << 20;

/// One file on its way to the store, hashed as it passes.
///
/// The store shows the file only once [`Upload::finish`] has succeeded: small
/// files go in one put, larger ones as a multipart upload.
pub(crate) struct Upload {
    writer: BufWriter,
    hash: Sha256,
    size: u64,
    url: String,
}

/// What is known of a file after its last byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digested {
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

impl Upload {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, path: Path, url: String) -> Self {
        Self {
            writer: BufWriter::new(store, path),
            hash: Sha256::new(),
            size: 0,
            url,
        }
    }

    /// Sends one piece. After an error the upload is over and nothing of it
    /// is visible.
    pub(crate) async fn put(&mut self, bytes: Bytes) -> Result<(), ArtifactError> {
        self.hash.update(&bytes);
        self.size += bytes.len() as u64;
        if let Err(source) = self.writer.put(bytes).await {
            self.abort().await;
            return Err(ArtifactError::store("write", &self.url)(source));
        }
        Ok(())
    }

    /// Makes the file visible.
    pub(crate) async fn finish(mut self) -> Result<Digested, ArtifactError> {
        // A writer that could not be shut down has given its parts up by itself.
        if let Err(error) = self.writer.shutdown().await {
            let source = object_store::Error::Generic {
                store: "upload",
                source: Box::new(error),
            };
            return Err(ArtifactError::store("write", &self.url)(source));
        }
        Ok(Digested {
            size: self.size,
            sha256: hex(&self.hash.finalize()),
        })
    }

    /// Tells the store to forget the parts it already has.
    pub(crate) async fn abort(&mut self) {
        if let Err(error) = self.writer.abort().await {
            tracing::debug!(%error, url = %self.url, "an upload could not be aborted");
        }
    }
}

/// Size and hash of a file that is already in the store.
pub(crate) async fn digest(
    store: &dyn ObjectStore,
    path: &Path,
    url: &str,
) -> Result<Digested, ArtifactError> {
    let mut hash = Sha256::new();
    let mut size = 0;
    let mut stream = store
        .get(path)
        .await
        .map_err(ArtifactError::store("read", url))?
        .into_stream();
    while let Some(bytes) = stream.next().await {
        let bytes = bytes.map_err(ArtifactError::store("read", url))?;
        hash.update(&bytes);
        size += bytes.len() as u64;
    }
    Ok(Digested {
        size,
        sha256: hex(&hash.finalize()),
    })
}

/// Deletes every object below a prefix.
pub(crate) async fn delete_all(
    store: &Arc<dyn ObjectStore>,
    prefix: &Path,
    url: &str,
) -> Result<(), ArtifactError> {
    let locations = store
        .list(Some(prefix))
        .map_ok(|meta| meta.location)
        .boxed();
    let mut deleted = store.delete_stream(locations);
    while let Some(result) = deleted.next().await {
        match result {
            // Someone else deleted it first, which is what was wanted.
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(source) => return Err(ArtifactError::store("delete", url)(source)),
        }
    }
    Ok(())
}
