//! Object stores by URL: local files, `s3://`, `gs://`, `az://`, `http(s)://`.
//!
//! One client per (scheme, authority) serves the whole process: the session of
//! every role ([`Registry`]) and callers without a session ([`resolve`]).
//! Credentials, endpoints and regions come from the environment alone (the
//! `AWS_*`, `GOOGLE_*`, `AZURE_*` variables that the stores document, and the
//! identity of the machine); they never enter session settings, which a
//! cluster's interface shows. What a store refuses for the moment is tried
//! again, for a minute or for `CLIENTELE_STORE_RETRY_SECONDS`.

mod whole;

use std::collections::HashMap;
use std::path::Path as FsPath;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use datafusion::common::DataFusionError;
use datafusion::execution::object_store::ObjectStoreRegistry;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use url::Url;

use self::whole::WholeAnswers;
use crate::roots;

/// A URL that names no place we can reach.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Neither a path nor a URL.
    #[error("{text:?} is neither a path nor a URL: {reason}")]
    Malformed {
        /// What was given.
        text: String,
        /// Why it is not understood.
        reason: String,
    },
    /// A URL of a kind we do not serve.
    #[error(
        "no store for {scheme}:// in {url}; use a path, file://, s3://, gs://, az://, http:// or \
         https://"
    )]
    UnknownScheme {
        /// The scheme.
        scheme: String,
        /// The URL.
        url: String,
    },
    /// The store's client could not be made, mostly for lack of credentials.
    #[error(
        "cannot reach {url}: {reason}; credentials and endpoints are taken from the environment \
         (AWS_*, GOOGLE_*, AZURE_*)"
    )]
    Client {
        /// The store.
        url: String,
        /// The client's own words.
        reason: String,
    },
}

/// A place in a store.
#[derive(Debug, Clone)]
pub struct ResolvedUrl {
    /// The whole URL; a local path has become `file:///…`.
    pub url: Url,
    /// The store that serves it.
    pub store: Arc<dyn ObjectStore>,
    /// The place inside the store, percent-decoded.
    pub path: Path,
}

/// Finds the store of a URL or local path.
///
/// A path may be relative to the current folder and need not exist; an existing
/// folder, or anything that ends in `/`, gets a URL ending in `/`. Nothing is
/// contacted. Cost: a look into a map after the first call per store.
pub fn resolve(url_or_path: &str) -> Result<ResolvedUrl, StoreError> {
    let url = to_url(url_or_path)?;
    let store = store_of(&url)?;
    let path = Path::from_url_path(url.path()).map_err(|e| StoreError::Malformed {
        text: url_or_path.to_owned(),
        reason: e.to_string(),
    })?;
    Ok(ResolvedUrl { url, store, path })
}

/// A local path as `file:///…`; a URL as it is.
fn to_url(text: &str) -> Result<Url, StoreError> {
    let malformed = |reason: &str| StoreError::Malformed {
        text: text.to_owned(),
        reason: reason.to_owned(),
    };
    if text.is_empty() {
        return Err(malformed("it is empty"));
    }
    if text.contains("://") {
        return Url::parse(text).map_err(|e| malformed(&e.to_string()));
    }
    let absolute = std::path::absolute(text).map_err(|e| malformed(&e.to_string()))?;
    let absolute = without_dots(&absolute);
    let folder = text.ends_with(std::path::is_separator) || absolute.is_dir();
    let url = if folder {
        Url::from_directory_path(&absolute)
    } else {
        Url::from_file_path(&absolute)
    };
    url.map_err(|()| malformed("it is not a path of this system"))
}

/// Resolves `..` by name: object stores know no parent folders.
fn without_dots(path: &FsPath) -> std::path::PathBuf {
    let mut plain = std::path::PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                plain.pop();
            }
            std::path::Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

type Clients = HashMap<String, Arc<dyn ObjectStore>>;

static CLIENTS: LazyLock<Mutex<Clients>> = LazyLock::new(Default::default);

/// Scheme, host and port: what tells one store from another.
fn key(url: &Url) -> String {
    url[url::Position::BeforeScheme..url::Position::BeforePath].to_owned()
}

/// The cached client of the URL's store.
fn store_of(url: &Url) -> Result<Arc<dyn ObjectStore>, StoreError> {
    let mut clients = CLIENTS.lock().unwrap_or_else(PoisonError::into_inner);
    let key = key(url);
    if let Some(client) = clients.get(&key) {
        return Ok(Arc::clone(client));
    }
    let client = connect(url)?;
    clients.insert(key, Arc::clone(&client));
    Ok(client)
}

/// How long a request that a store refuses for the moment is tried again, in seconds; the variable
/// [`RETRY_VARIABLE`] says otherwise.
const RETRY_SECONDS: u64 = 60;

/// See [`RETRY_SECONDS`].
const RETRY_VARIABLE: &str = "CLIENTELE_STORE_RETRY_SECONDS";

/// Throttling (503), server errors, resets and time-outs are tried again, at first after a tenth
/// of a second, then after growing pauses that chance spreads, so that many tasks do not come back
/// at once. A store that stays away is given up after about a minute.
fn retry() -> RetryConfig {
    let seconds = std::env::var(RETRY_VARIABLE).ok().and_then(|text| {
        let seconds = text.trim().parse();
        if seconds.is_err() {
            tracing::warn!(
                variable = RETRY_VARIABLE,
                value = text,
                "no number of seconds; the default is taken"
            );
        }
        seconds.ok()
    });
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(10),
            base: 2.0,
        },
        // The time is the limit.
        max_retries: 100,
        retry_timeout: Duration::from_secs(seconds.unwrap_or(RETRY_SECONDS)),
    }
}

/// Makes the client of a store. Contacts nothing.
fn connect(url: &Url) -> Result<Arc<dyn ObjectStore>, StoreError> {
    let failed = |reason: object_store::Error| StoreError::Client {
        url: key(url),
        reason: reason.to_string(),
    };
    let store: Arc<dyn ObjectStore> = match url.scheme() {
        "file" => roots::local_files(),
        "s3" | "s3a" => Arc::new(
            AmazonS3Builder::from_env()
                .with_bucket_name(host(url)?)
                .with_http_connector(WholeAnswers)
                .with_retry(retry())
                .build()
                .map_err(failed)?,
        ),
        "gs" => Arc::new(
            GoogleCloudStorageBuilder::from_env()
                .with_bucket_name(host(url)?)
                .with_http_connector(WholeAnswers)
                .with_retry(retry())
                .build()
                .map_err(failed)?,
        ),
        "az" => Arc::new(
            MicrosoftAzureBuilder::from_env()
                .with_container_name(host(url)?)
                .with_http_connector(WholeAnswers)
                .with_retry(retry())
                .build()
                .map_err(failed)?,
        ),
        "http" | "https" if !url.username().is_empty() || url.password().is_some() => {
            return Err(StoreError::Client {
                url: url.origin().ascii_serialization(),
                reason: "user and password do not belong into a URL, which many may see".to_owned(),
            });
        }
        "http" | "https" => Arc::new(
            HttpBuilder::new()
                .with_url(url.origin().ascii_serialization())
                .with_client_options(ClientOptions::new().with_allow_http(true))
                .with_retry(retry())
                .build()
                .map_err(failed)?,
        ),
        scheme => {
            return Err(StoreError::UnknownScheme {
                scheme: scheme.to_owned(),
                url: url.to_string(),
            });
        }
    };
    Ok(store)
}

fn host(url: &Url) -> Result<&str, StoreError> {
    url.host_str()
        .filter(|host| !host.is_empty())
        .ok_or_else(|| StoreError::Malformed {
            text: url.to_string(),
            reason: "the bucket or container is missing".to_owned(),
        })
}

/// The process's stores as DataFusion asks for them.
#[derive(Debug, Default)]
pub(crate) struct Registry;

impl ObjectStoreRegistry for Registry {
    fn register_store(
        &self,
        url: &Url,
        store: Arc<dyn ObjectStore>,
    ) -> Option<Arc<dyn ObjectStore>> {
        CLIENTS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key(url), store)
    }

    fn get_store(&self, url: &Url) -> datafusion::error::Result<Arc<dyn ObjectStore>> {
        store_of(url).map_err(|e| DataFusionError::External(Box::new(e)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_file_url_whether_it_exists_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_str().unwrap();
        assert_eq!(
            resolve(root).unwrap().url.as_str(),
            format!("file://{root}/")
        );
        let file = resolve(&format!("{root}/a b%.csv")).unwrap();
        assert_eq!(file.url.as_str(), format!("file://{root}/a%20b%25.csv"));
        assert_eq!(file.path.as_ref(), &format!("{root}/a b%.csv")[1..]);
        assert!(
            resolve(&format!("{root}/new/"))
                .unwrap()
                .url
                .path()
                .ends_with("/new/")
        );
        assert_eq!(
            resolve(&format!("{root}/x/../y")).unwrap().url.as_str(),
            format!("file://{root}/y")
        );
    }

    #[test]
    fn stores_are_shared_per_authority() {
        let one = resolve("http://localhost:1/a").unwrap();
        let two = resolve("http://localhost:1/b/c").unwrap();
        let three = resolve("http://localhost:2/a").unwrap();
        assert!(Arc::ptr_eq(&one.store, &two.store));
        assert!(!Arc::ptr_eq(&one.store, &three.store));
        assert_eq!(two.path.as_ref(), "b/c");
    }

    #[test]
    fn what_cannot_be_reached_says_why() {
        let error = resolve("ftp://x/y").unwrap_err().to_string();
        assert!(error.contains("no store for ftp://"), "{error}");
        assert!(matches!(
            resolve("").unwrap_err(),
            StoreError::Malformed { .. }
        ));
        assert!(matches!(
            resolve("s3:///x").unwrap_err(),
            StoreError::Malformed { .. }
        ));
    }
}
