//! The bytes of a file, piece by piece, decompressed on the way.

use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::error::DataFusionError;
use flate2::write::MultiGzDecoder;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

/// What is asked of the store at a time.
pub(crate) const PIECE_BYTES: u64 = 2 << 20;

/// What the decompressor is given at a time: bounds what comes out of it at a time.
const INFLATED_AT_ONCE_BYTES: usize = 32 << 10;

/// The pieces of a file in order; the next one is fetched while one is worked on.
pub(crate) fn pieces(
    store: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
    url: Arc<str>,
) -> BoxStream<'static, Result<Bytes, DataFusionError>> {
    let starts = (0..size).step_by(PIECE_BYTES as usize);
    stream::iter(starts)
        .map(move |start| {
            let (store, path, url) = (Arc::clone(&store), path.clone(), Arc::clone(&url));
            async move {
                let range = start..(start + PIECE_BYTES).min(size);
                store
                    .get_range(&path, range)
                    .await
                    .map_err(|e| read_error(&url, e))
            }
        })
        .buffered(2)
        .boxed()
}

/// A store's failure. What may pass is an IO error, which a cluster tries again.
pub(crate) fn read_error(url: &str, error: object_store::Error) -> DataFusionError {
    use object_store::Error as E;
    let context = format!("while reading {url}");
    let error = match error {
        E::NotFound { .. } | E::PermissionDenied { .. } | E::Unauthenticated { .. } => {
            DataFusionError::ObjectStore(Box::new(error))
        }
        other => DataFusionError::IoError(std::io::Error::other(other)),
    };
    error.context(context)
}

/// Takes the gzip off a stream of bytes.
pub(crate) struct Inflate {
    decoder: MultiGzDecoder<Vec<u8>>,
    input: Bytes,
    broken: Option<String>,
}

impl Inflate {
    pub(crate) fn new() -> Self {
        Self {
            decoder: MultiGzDecoder::new(Vec::new()),
            input: Bytes::new(),
            broken: None,
        }
    }

    /// Gives compressed bytes; only when the last ones have been used up.
    pub(crate) fn feed(&mut self, bytes: Bytes) {
        self.input = bytes;
    }

    /// The next decompressed bytes; `None` when the input is used up or the stream is broken.
    pub(crate) fn next(&mut self) -> Option<Vec<u8>> {
        if self.broken.is_some() || self.input.is_empty() {
            return None;
        }
        let some = self
            .input
            .split_to(self.input.len().min(INFLATED_AT_ONCE_BYTES));
        if let Err(error) = self.decoder.write_all(&some) {
            self.broken = Some(error.to_string());
        }
        Some(std::mem::take(self.decoder.get_mut()))
    }

    /// Whether the stream cannot be read any further.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// After the last bytes were given: what is left, and why the stream is not whole, if so.
    pub(crate) fn finish(&mut self) -> (Vec<u8>, Option<String>) {
        if self.broken.is_none()
            && let Err(error) = self.decoder.try_finish()
        {
            self.broken = Some(format!("the compressed file ends early ({error})"));
        }
        let rest = std::mem::take(self.decoder.get_mut());
        (rest, self.broken.clone())
    }
}
