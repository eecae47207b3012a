//! Finding the files: names, folders, patterns, in any store.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use engine::source::SourceInput;
use engine::stores;
use futures::TryStreamExt;
use glob::{MatchOptions, Pattern};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt};
use url::Url;

use crate::error::DataError;

/// The endings of data files in a folder, each also with `.gz`.
pub const DATA_EXTENSIONS: [&str; 8] = [
    "csv", "tsv", "txt", "jsonl", "ndjson", "json", "parquet", "pq",
];

/// One file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub url: String,
    pub size: u64,
    pub modified: DateTime<Utc>,
    pub e_tag: Option<String>,
}

impl Found {
    pub(crate) fn input(&self) -> SourceInput {
        SourceInput {
            url: self.url.clone(),
            size: self.size,
        }
    }

    /// The name without its folder.
    pub(crate) fn name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or(&self.url)
    }
}

/// All files that the places name, each once, in the order of their URLs. A place is a file, a
/// folder (its data files, not those of its folders) or a pattern with `*`, `?`, `[…]`, and `**`
/// for any depth.
///
/// # Errors
///
/// [`DataError::NotFound`] when a place names nothing; [`DataError::Listing`] when a store cannot
/// be looked into.
pub(crate) async fn discover(places: &[String]) -> Result<Vec<Found>, DataError> {
    if places.is_empty() {
        return Err(DataError::Parameter(
            "no events were given; name files, folders or patterns with --events".to_owned(),
        ));
    }
    let mut found = BTreeMap::new();
    for place in places {
        let here = match single(place).await? {
            Some(file) => vec![file],
            None if has_wildcard(place) => matching(place).await?,
            None => data_files(place).await?,
        };
        found.extend(here.into_iter().map(|file| (file.url.clone(), file)));
    }
    Ok(found.into_values().collect())
}

/// Of several files the one modified last; of several such the last by name.
pub(crate) fn newest(files: Vec<Found>) -> Vec<Found> {
    let newest = files
        .into_iter()
        .max_by(|a, b| a.modified.cmp(&b.modified).then_with(|| a.url.cmp(&b.url)));
    newest.into_iter().collect()
}

/// The file of exactly this name, if there is one.
pub(crate) async fn single(place: &str) -> Result<Option<Found>, DataError> {
    let resolved = match stores::resolve(place) {
        Ok(resolved) => resolved,
        Err(_) if has_wildcard(place) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // In a URL a question mark begins a query, which no store takes; here it is a wildcard.
    if resolved.url.path().ends_with('/') || resolved.url.query().is_some() {
        return Ok(None);
    }
    match resolved.store.head(&resolved.path).await {
        Ok(meta) => Ok(Some(found(&resolved.url, &meta))),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(_) if has_wildcard(place) => Ok(None),
        Err(error) => Err(DataError::Listing {
            place: place.to_owned(),
            reason: format!("{error}; check the name and that this user may read it"),
        }),
    }
}

/// The data files of a folder.
async fn data_files(place: &str) -> Result<Vec<Found>, DataError> {
    let resolved = stores::resolve(place)?;
    let listed = resolved
        .store
        .list_with_delimiter(Some(&resolved.path))
        .await;
    let metas = match listed {
        Ok(listed) => listed.objects,
        Err(object_store::Error::NotFound { .. }) => Vec::new(),
        Err(error) => return Err(no_listing(place, &error)),
    };
    let seen = metas.len();
    let files: Vec<Found> = metas
        .iter()
        .filter(|meta| meta.location.filename().is_some_and(is_data_file))
        .map(|meta| found(&resolved.url, meta))
        .collect();
    if files.is_empty() {
        let detail = if seen == 0 {
            format!(
                "there is no such file, and no folder with files in it ({}); check the spelling",
                resolved.url
            )
        } else {
            format!(
                "the folder {} holds {seen} files, but none that ends in {} (also with .gz); name \
                 the files, or a pattern such as {}*",
                resolved.url,
                DATA_EXTENSIONS
                    .map(|extension| format!(".{extension}"))
                    .join(" "),
                resolved.url
            )
        };
        return Err(DataError::NotFound {
            looked_for: place.to_owned(),
            detail,
        });
    }
    Ok(files)
}

fn is_data_file(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let plain = lower.strip_suffix(".gz").unwrap_or(&lower);
    let ending = plain.rsplit_once('.').map(|(_, ending)| ending);
    !name.starts_with(['.', '_']) && ending.is_some_and(|e| DATA_EXTENSIONS.contains(&e))
}

fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The files that a pattern names.
async fn matching(pattern: &str) -> Result<Vec<Found>, DataError> {
    let first = pattern.find(['*', '?', '[']).unwrap_or(pattern.len());
    let split = pattern[..first].rfind('/').map_or(0, |slash| slash + 1);
    let (folder, rest) = pattern.split_at(split);
    let compiled = Pattern::new(rest).map_err(|e| {
        DataError::Parameter(format!("the pattern {pattern} is not understood: {e}"))
    })?;
    let resolved = stores::resolve(if folder.is_empty() { "./" } else { folder })?;
    let listed = if rest.contains('/') {
        resolved
            .store
            .list(Some(&resolved.path))
            .try_collect::<Vec<ObjectMeta>>()
            .await
    } else {
        resolved
            .store
            .list_with_delimiter(Some(&resolved.path))
            .await
            .map(|listed| listed.objects)
    };
    let metas = match listed {
        Ok(metas) => metas,
        Err(object_store::Error::NotFound { .. }) => Vec::new(),
        Err(error) => return Err(no_listing(pattern, &error)),
    };
    let options = MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let files: Vec<Found> = metas
        .iter()
        .filter(|meta| {
            below(&resolved.path, &meta.location)
                .is_some_and(|name| compiled.matches_with(&name, options))
        })
        .map(|meta| found(&resolved.url, meta))
        .collect();
    if files.is_empty() {
        let detail = format!(
            "{} files lie under {}, and the pattern {rest} matches none of them; check the spelling \
             (* does not cross folders, ** does)",
            metas.len(),
            resolved.url
        );
        return Err(DataError::NotFound {
            looked_for: pattern.to_owned(),
            detail,
        });
    }
    Ok(files)
}

/// The part of a path below a folder.
fn below(folder: &Path, path: &Path) -> Option<String> {
    let parts: Vec<_> = path
        .prefix_match(folder)?
        .map(|part| part.as_ref().to_owned())
        .collect();
    Some(parts.join("/"))
}

fn no_listing(place: &str, error: &object_store::Error) -> DataError {
    DataError::Listing {
        place: place.to_owned(),
        reason: format!(
            "{error}; check the name and the credentials; a store that cannot be listed, such as a \
             web server, needs the URL of each file"
        ),
    }
}

/// A file by the URL of its store.
fn found(url: &Url, meta: &ObjectMeta) -> Found {
    let mut url = url.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear();
        segments.extend(meta.location.parts().map(|part| part.as_ref().to_owned()));
    }
    url.set_query(None);
    Found {
        url: url.to_string(),
        size: meta.size,
        modified: meta.last_modified,
        e_tag: meta.e_tag.clone(),
    }
}
