use std::path::PathBuf;

use figment::error::{Actual, Kind};

/// What is wrong with a setting, which one, and where it was set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The `--config` file cannot be read.
    #[error("cannot read the settings file {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },

    /// A layer is not TOML, or not a table of settings.
    #[error("{origin} cannot be read: {reason}")]
    Syntax {
        /// The layer.
        origin: String,
        /// Where and why.
        reason: String,
    },

    /// A setting of that name does not exist.
    #[error("there is no setting `{key}`, set in {origin}; {known}")]
    UnknownKey {
        /// The path of keys.
        key: String,
        /// Where it was set.
        origin: String,
        /// What there is instead.
        known: String,
    },

    /// A value has the wrong type or makes no sense.
    #[error("the setting `{key}`, set in {origin}, cannot be used: {reason}")]
    BadValue {
        /// The path of keys.
        key: String,
        /// Where it was set.
        origin: String,
        /// What was found and what is expected.
        reason: String,
    },

    /// A setting without a default was set nowhere.
    #[error("the setting `{key}` is missing; set it in a --config file or by the flag {flag}")]
    Missing {
        /// The path of keys.
        key: String,
        /// The flag it would be.
        flag: String,
    },
}

/// The mark of the layer of flags, whose names follow from the keys.
pub(super) const FLAGS: &str = "flags";

/// The flag of a setting: `segmentation.min_share` is `--min-share`.
pub(super) fn flag_of(key: &str) -> String {
    let last = key.rsplit('.').next().unwrap_or(key);
    format!("--{}", last.replace('_', "-"))
}

/// Turns figment's error into ours. `section` is where the extraction began.
pub(super) fn explain(error: figment::Error, section: &str) -> SettingsError {
    let mut path = error.path;
    if !section.is_empty() {
        // figment puts the section it began in after the keys, not before.
        if path.last().is_some_and(|last| last == section) {
            path.pop();
        }
        path.insert(0, section.to_owned());
    }
    let key = path.join(".");
    let layer = error
        .metadata
        .map_or_else(|| "the settings".into(), |metadata| metadata.name);
    let origin = match layer.as_ref() {
        FLAGS => format!("the flag {}", flag_of(&key)),
        other => other.to_owned(),
    };
    let reason = match error.kind {
        Kind::UnknownField(field, known) => {
            let key = if path.last() == Some(&field) || key.is_empty() {
                key
            } else {
                format!("{key}.{field}")
            };
            let known = match known {
                [] => "it has no settings".to_owned(),
                known => format!("known here: {}", known.join(", ")),
            };
            let key = if key.is_empty() { field } else { key };
            return SettingsError::UnknownKey { key, origin, known };
        }
        Kind::MissingField(field) => {
            let key = if key.is_empty() {
                field.into_owned()
            } else {
                format!("{key}.{field}")
            };
            let flag = flag_of(&key);
            return SettingsError::Missing { key, flag };
        }
        Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
            format!("it is {}, expected {expected}", told(&found))
        }
        Kind::UnknownVariant(found, known) => {
            format!("it is `{found}`, expected one of {}", known.join(", "))
        }
        Kind::Message(text) => text,
        other => other.to_string(),
    };
    SettingsError::BadValue {
        key,
        origin,
        reason,
    }
}

fn told(found: &Actual) -> String {
    match found {
        Actual::Str(text) => format!("the text \"{text}\""),
        Actual::Bool(value) => format!("{value}"),
        Actual::Unsigned(value) => format!("the number {value}"),
        Actual::Signed(value) => format!("the number {value}"),
        Actual::Float(value) => format!("the number {value}"),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "a table".to_owned(),
        other => other.to_string(),
    }
}
