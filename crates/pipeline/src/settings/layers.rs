use std::path::Path;

use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::SettingsError;
use super::error::{FLAGS, explain};

const PREFIX: &str = "JOBS_";
const NESTING: &str = "__";

/// Settings being gathered, the weakest layer first.
///
/// ```
/// # #[derive(serde::Deserialize)]
/// # #[serde(deny_unknown_fields)]
/// # struct Segmentation { min_share: f64, k: String }
/// # #[derive(serde::Deserialize)]
/// # #[serde(deny_unknown_fields)]
/// # struct Settings { segmentation: Segmentation }
/// # fn main() -> Result<(), pipeline::SettingsError> {
/// let settings: Settings = pipeline::settings::Layers::new()
///     .defaults("segmentation", "min_share = 0.01\nk = \"2..10\"")?
///     .environment([("JOBS_SEGMENTATION__MIN_SHARE".into(), "0.05".into())], &[])?
///     .flags("segmentation", serde_json::json!({"k": "3..5", "min_share": null}))?
///     .load()?;
/// assert_eq!(settings.segmentation.min_share, 0.05);
/// assert_eq!(settings.segmentation.k, "3..5");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Layers {
    figment: Figment,
}

impl Layers {
    /// No settings yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Built-in defaults of a section; `""` when the text has its own section
    /// headers.
    ///
    /// # Errors
    /// [`SettingsError::Syntax`].
    pub fn defaults(self, section: &str, toml: &str) -> Result<Self, SettingsError> {
        let origin = match section {
            "" => "the built-in defaults".to_owned(),
            section => format!("the built-in defaults of `{section}`"),
        };
        let values = parse_toml(toml, &origin)?;
        Ok(self.merge(origin, nested(section, values)))
    }

    /// The file a user named, with its sections.
    ///
    /// # Errors
    /// [`SettingsError::File`] and [`SettingsError::Syntax`].
    pub fn config(self, path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path).map_err(|source| SettingsError::File {
            path: path.to_owned(),
            source,
        })?;
        let origin = format!("the file {}", path.display());
        let values = parse_toml(&text, &origin)?;
        Ok(self.merge(origin, values))
    }

    /// Variables whose names begin with `JOBS_`: `JOBS_ENGINE__THREADS=4` sets
    /// `engine.threads`. Values are numbers, `true`, `false`, `[1, 2]`, or
    /// text; quote a text that looks like one of the others. Names in
    /// `reserved` (`JOBS_LOG`) belong to someone else and are left alone.
    ///
    /// # Errors
    /// [`SettingsError::Syntax`] for a name with an empty part.
    pub fn environment(
        mut self,
        variables: impl IntoIterator<Item = (String, String)>,
        reserved: &[&str],
    ) -> Result<Self, SettingsError> {
        let mut variables: Vec<_> = variables
            .into_iter()
            .filter(|(name, _)| name.starts_with(PREFIX) && !reserved.contains(&name.as_str()))
            .collect();
        // The order of an environment means nothing; that of errors should.
        variables.sort();
        for (name, text) in variables {
            let origin = format!("the environment variable {name}");
            let path = name[PREFIX.len()..].to_ascii_lowercase();
            let keys: Vec<&str> = path.split(NESTING).collect();
            if keys.iter().any(|key| key.is_empty()) {
                return Err(SettingsError::Syntax {
                    origin,
                    reason: format!("sections and keys are parted by one {NESTING}"),
                });
            }
            // Reading a value never fails: what is nothing else is text.
            let Ok(value) = text.parse::<Value>();
            let nested = keys.iter().rev().fold(value, |value, key| {
                Value::from(Dict::from([((*key).to_owned(), value)]))
            });
            self = self.merge(origin, nested.into_dict().unwrap_or_default());
        }
        Ok(self)
    }

    /// Flags of a section that were given; `None` and absent fields are not.
    ///
    /// # Errors
    /// [`SettingsError::Syntax`] when `given` is not a table.
    pub fn flags(self, section: &str, given: impl Serialize) -> Result<Self, SettingsError> {
        let refuse = |reason: String| SettingsError::Syntax {
            origin: "the command line".to_owned(),
            reason,
        };
        let value = Value::serialize(given).map_err(|error| refuse(error.to_string()))?;
        let values = match value {
            Value::Dict(_, values) => without_empty(values),
            Value::Empty(..) => Dict::new(),
            other => {
                return Err(refuse(format!(
                    "{} is no table of flags",
                    other.to_actual()
                )));
            }
        };
        Ok(self.merge(FLAGS.to_owned(), nested(section, values)))
    }

    /// All settings. `T` has a field per section and denies unknown fields.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn load<T: DeserializeOwned>(&self) -> Result<T, SettingsError> {
        self.figment.extract().map_err(|error| explain(error, ""))
    }

    /// The settings of one section. A section that is neither this one nor in
    /// `others` is an error: it is most likely a slip of the pen.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn load_section<T: DeserializeOwned>(
        &self,
        section: &str,
        others: &[&str],
    ) -> Result<T, SettingsError> {
        let all: Dict = self.figment.extract().map_err(|error| explain(error, ""))?;
        for key in all.keys() {
            if key == section || others.contains(&key.as_str()) {
                continue;
            }
            let metadata = self.figment.find_metadata(key);
            let origin = metadata.map_or("the settings", |found| found.name.as_ref());
            let mut known: Vec<&str> = others.to_vec();
            known.push(section);
            known.sort_unstable();
            return Err(SettingsError::UnknownKey {
                key: key.clone(),
                origin: origin.to_owned(),
                known: format!("known here: {}", known.join(", ")),
            });
        }
        self.figment
            .extract_inner(section)
            .map_err(|error| explain(error, section))
    }

    fn merge(mut self, origin: String, values: Dict) -> Self {
        self.figment = self.figment.merge(Layer { origin, values });
        self
    }
}

/// One layer, as figment wants it: the origin is what errors name.
struct Layer {
    origin: String,
    values: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Map::from([(Profile::Default, self.values.clone())]))
    }
}

fn parse_toml(text: &str, origin: &str) -> Result<Dict, SettingsError> {
    toml::from_str(text).map_err(|error| {
        let place = error.span().map(|span| {
            let line = text[..span.start.min(text.len())].matches('\n').count() + 1;
            format!(" in line {line}")
        });
        SettingsError::Syntax {
            origin: origin.to_owned(),
            reason: format!("{}{}", error.message(), place.unwrap_or_default()),
        }
    })
}

fn nested(section: &str, values: Dict) -> Dict {
    match section {
        "" => values,
        section => Dict::from([(section.to_owned(), Value::from(values))]),
    }
}

fn without_empty(values: Dict) -> Dict {
    let keep = |(key, value)| match value {
        Value::Empty(..) => None,
        Value::Dict(tag, inner) => Some((key, Value::Dict(tag, without_empty(inner)))),
        other => Some((key, other)),
    };
    values.into_iter().filter_map(keep).collect()
}
