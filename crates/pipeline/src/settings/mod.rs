//! Settings in layers: built-in defaults, then a `--config` file, then the
//! environment, then flags. A later layer replaces single values of an earlier
//! one; lists are replaced whole.
//!
//! A setting lives at a path of keys, `segmentation.min_share`. In a TOML file
//! that is `min_share` under `[segmentation]`, in the environment
//! `JOBS_SEGMENTATION__MIN_SHARE`, as a flag `--min-share`. A key that nobody
//! knows and a value of the wrong type are errors that name the key and where
//! it was set: settings types carry `#[serde(deny_unknown_fields)]`.

mod error;
mod layers;

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use error::SettingsError;
pub use layers::Layers;

pub use crate::byte_size::{ByteSize, ByteSizeError};

/// Loads settings of one shape from all four layers.
///
/// `default_toml` is the embedded `default.toml`, `config` the file the user
/// named, `overrides` the flags that were given, with `None` (or a skipped
/// field) for those that were not. The environment is that of the process.
/// For several sections, or another environment, see [`Layers`].
///
/// # Errors
/// [`SettingsError`].
pub fn load<T: DeserializeOwned>(
    default_toml: &'static str,
    config: Option<&Path>,
    overrides: impl Serialize,
) -> Result<T, SettingsError> {
    let mut layers = Layers::new().defaults("", default_toml)?;
    if let Some(path) = config {
        layers = layers.config(path)?;
    }
    layers
        .environment(std::env::vars(), &[])?
        .flags("", overrides)?
        .load()
}
