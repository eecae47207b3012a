//! What we stand on.

use std::collections::BTreeMap;

/// The versions of the engines behind a result, by name; a run's manifest records them.
pub fn versions() -> BTreeMap<String, String> {
    let versions = [
        ("ballista", ballista_core::BALLISTA_VERSION),
        ("datafusion", datafusion::DATAFUSION_VERSION),
    ];
    versions
        .into_iter()
        .map(|(name, version)| (name.to_owned(), version.to_owned()))
        .collect()
}
