//! One object on its way to a store.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{
    MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload, PutPayloadMut, Result,
};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// Parts of an upload that are on their way at the same time.
const IN_FLIGHT: usize = 2;

/// An object that is shown by its store only once [`Upload::finish`] has succeeded: a small one goes
/// in one request, a larger one in parts. Dropped before, what was sent is taken back.
pub(super) struct Upload {
    store: Arc<dyn ObjectStore>,
    path: Path,
    part_bytes: usize,
    waiting: PutPayloadMut,
    parts: Option<Parts>,
    bytes: u64,
}

struct Parts {
    upload: Box<dyn MultipartUpload>,
    sending: JoinSet<Result<()>>,
}

impl Upload {
    /// An upload in parts of `part_bytes`; nothing is sent yet.
    pub(super) fn new(store: Arc<dyn ObjectStore>, path: Path, part_bytes: usize) -> Self {
        Self {
            store,
            path,
            part_bytes,
            waiting: PutPayloadMut::new(),
            parts: None,
            bytes: 0,
        }
    }

    /// Bytes of the object so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The most bytes that are held here.
    pub(super) fn held_bytes(&self) -> usize {
        let sending = self.parts.as_ref().map_or(0, |parts| parts.sending.len());
        self.waiting.content_length() + sending * self.part_bytes
    }

    /// Takes the next bytes; waits while too many parts are on their way.
    pub(super) async fn put(&mut self, mut bytes: Bytes) -> Result<()> {
        self.bytes += bytes.len() as u64;
        while !bytes.is_empty() {
            let room = self.part_bytes - self.waiting.content_length();
            self.waiting.push(bytes.split_to(room.min(bytes.len())));
            if self.waiting.content_length() == self.part_bytes {
                self.send().await?;
            }
        }
        Ok(())
    }

    /// Makes the object visible.
    pub(super) async fn finish(mut self) -> Result<()> {
        if self.parts.is_none() {
            let whole = std::mem::take(&mut self.waiting);
            self.store.put(&self.path, whole.into()).await?;
            return Ok(());
        }
        if !self.waiting.is_empty() {
            self.send().await?;
        }
        if let Some(parts) = &mut self.parts {
            parts.wait(0).await?;
            parts.upload.complete().await?;
        }
        self.parts = None;
        Ok(())
    }

    /// Sends what waits as a part.
    async fn send(&mut self) -> Result<()> {
        if self.parts.is_none() {
            let upload = self.store.put_multipart(&self.path).await?;
            self.parts = Some(Parts {
                upload,
                sending: JoinSet::new(),
            });
        }
        if let Some(parts) = &mut self.parts {
            parts.wait(IN_FLIGHT - 1).await?;
            let part = PutPayload::from(std::mem::take(&mut self.waiting));
            parts.sending.spawn(parts.upload.put_part(part));
        }
        Ok(())
    }
}

impl Parts {
    /// Waits until at most `most` parts are on their way.
    async fn wait(&mut self, most: usize) -> Result<()> {
        while self.sending.len() > most {
            if let Some(sent) = self.sending.join_next().await {
                sent??;
            }
        }
        Ok(())
    }

    async fn abort(mut self) {
        self.sending.shutdown().await;
        if let Err(error) = self.upload.abort().await {
            tracing::debug!(%error, "an upload could not be aborted");
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // Without a runtime nothing can be sent; a local upload removes its file by itself.
        if let (Some(parts), Ok(runtime)) = (self.parts.take(), Handle::try_current()) {
            runtime.spawn(parts.abort());
        }
    }
}
