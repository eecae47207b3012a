//! The local folders a daemon may touch.
//!
//! A task names the files it reads and writes, so whoever may submit could read
//! every file of the daemon's user. Where roots are given, the process's store
//! of local files refuses all else: names are resolved on disk first, so that
//! neither `..` nor a symbolic link leads out.

use std::fmt;
use std::ops::Range;
use std::path::{Path as FsPath, PathBuf};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

/// The roots of this process, resolved; unset or empty = no bounds.
static ROOTS: OnceLock<Vec<PathBuf>> = OnceLock::new();

/// Confines this process to `roots` for the rest of its life. They must exist.
pub(crate) fn confine(roots: &[PathBuf]) -> std::result::Result<(), String> {
    let resolved = resolved(roots)?;
    let set = ROOTS.get_or_init(|| resolved.clone());
    if *set == resolved {
        Ok(())
    } else {
        Err("this process is confined to other folders already".to_owned())
    }
}

fn resolved(roots: &[PathBuf]) -> std::result::Result<Vec<PathBuf>, String> {
    let resolve = |root: &PathBuf| {
        root.canonicalize()
            .map_err(|e| format!("--root {}: {e}", root.display()))
    };
    roots.iter().map(resolve).collect()
}

/// The process's store of local files.
pub(crate) fn local_files() -> Arc<dyn ObjectStore> {
    match ROOTS.get() {
        None => Arc::new(LocalFileSystem::new()),
        Some(roots) => Arc::new(Rooted {
            files: LocalFileSystem::new(),
            roots: roots.clone(),
        }),
    }
}

/// Local files below the roots.
#[derive(Debug)]
struct Rooted {
    files: LocalFileSystem,
    roots: Vec<PathBuf>,
}

impl Rooted {
    fn check(&self, location: &Path) -> Result<()> {
        let path = self.files.path_to_filesystem(location)?;
        let inside = real(&path).is_some_and(|real| self.roots.iter().any(|r| real.starts_with(r)));
        if inside {
            return Ok(());
        }
        Err(Error::PermissionDenied {
            path: location.to_string(),
            source: "it is outside the folders this daemon may touch (--root)".into(),
        })
    }
}

impl Rooted {
    /// What is listed, without what links lead to outside the roots.
    fn inside(
        &self,
        listed: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let checking = Self {
            files: LocalFileSystem::new(),
            roots: self.roots.clone(),
        };
        let keep = move |object: &Result<ObjectMeta>| {
            let inside = |object: &ObjectMeta| checking.check(&object.location).is_ok();
            std::future::ready(object.as_ref().map_or(true, inside))
        };
        listed.filter(keep).boxed()
    }
}

/// Where a path leads on disk: the part that exists is resolved, the rest is
/// appended. A link to nowhere leads nowhere.
fn real(path: &FsPath) -> Option<PathBuf> {
    let mut existing = path;
    loop {
        if let Ok(real) = existing.canonicalize() {
            let rest = path.strip_prefix(existing).ok()?;
            return Some(real.join(rest));
        }
        if existing.symlink_metadata().is_ok() {
            return None;
        }
        existing = existing.parent()?;
    }
}

impl fmt::Display for Rooted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.files)
    }
}

#[async_trait]
impl ObjectStore for Rooted {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.check(location)?;
        self.files.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.check(location)?;
        self.files.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.check(location)?;
        self.files.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.check(location)?;
        self.files.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let checking = Self {
            files: LocalFileSystem::new(),
            roots: self.roots.clone(),
        };
        let inside = locations.map(move |location| {
            let location = location?;
            checking.check(&location)?;
            Ok(location)
        });
        self.files.delete_stream(inside.boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.check(prefix.unwrap_or(&Path::ROOT)) {
            Ok(()) => self.inside(self.files.list(prefix)),
            Err(error) => stream::once(std::future::ready(Err(error))).boxed(),
        }
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.check(prefix.unwrap_or(&Path::ROOT)) {
            Ok(()) => self.inside(self.files.list_with_offset(prefix, offset)),
            Err(error) => stream::once(std::future::ready(Err(error))).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.check(prefix.unwrap_or(&Path::ROOT))?;
        let mut listed = self.files.list_with_delimiter(prefix).await?;
        listed
            .objects
            .retain(|object| self.check(&object.location).is_ok());
        listed
            .common_prefixes
            .retain(|folder| self.check(folder).is_ok());
        Ok(listed)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.check(from)?;
        self.check(to)?;
        self.files.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.check(from)?;
        self.check(to)?;
        self.files.rename_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;

    use super::*;

    #[tokio::test]
    async fn nothing_outside_the_roots_is_read_or_written() {
        let folder = tempfile::tempdir().unwrap();
        let (root, outside) = (folder.path().join("root"), folder.path().join("outside"));
        std::fs::create_dir_all(root.join("deep")).unwrap();
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("secret"), "x").unwrap();
        std::os::unix::fs::symlink(&outside, root.join("link")).unwrap();
        std::os::unix::fs::symlink(outside.join("new"), root.join("dangling")).unwrap();
        let store = Rooted {
            files: LocalFileSystem::new(),
            roots: resolved(std::slice::from_ref(&root)).unwrap(),
        };
        let path = |path: PathBuf| Path::from_absolute_path(path).unwrap();

        let inside = path(root.join("deep/new/file"));
        store.put(&inside, "y".into()).await.unwrap();
        assert_eq!(
            store.get(&inside).await.unwrap().bytes().await.unwrap(),
            "y"
        );
        let listed = store
            .list(Some(&path(root.join("deep"))))
            .collect::<Vec<_>>();
        assert_eq!(listed.await.len(), 1);
        let listed = store.list(Some(&path(root.clone())));
        let listed: Vec<_> = listed.map(|o| o.unwrap().location).collect().await;
        assert_eq!(listed, std::slice::from_ref(&inside));
        store.delete(&inside).await.unwrap();

        for refused in [
            outside.join("secret"),
            root.join("link/secret"),
            folder.path().join("root2/file"),
        ] {
            let error = store.get(&path(refused)).await.unwrap_err();
            assert!(matches!(error, Error::PermissionDenied { .. }), "{error}");
        }
        for refused in ["dangling", "link/new"] {
            let refused = path(root.join(refused));
            assert!(store.put(&refused, "z".into()).await.is_err());
            assert!(store.copy(&path(root.join("a")), &refused).await.is_err());
        }
        assert!(!outside.join("new").exists());
        let hidden = path(outside.join("secret"));
        assert!(store.delete(&hidden).await.is_err());
        assert!(outside.join("secret").exists());
        assert!(store.list_with_delimiter(None).await.is_err());
        let listed = store.list(Some(&path(outside))).collect::<Vec<_>>().await;
        assert!(matches!(listed.as_slice(), [Err(_)]));
    }
}
