use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::ArtifactError;

/// A model written so that a later version of the program knows whether it
/// can read it: `{"format": …, "version": …, "created_by": …, "model": …}`.
///
/// `format` says what kind of model it is (`clientele/rfm`), `version` is
/// raised whenever a reader of the former version would misunderstand the new
/// one, `created_by` names the program for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelFile<T> {
    /// The kind of model.
    pub format: String,
    /// The version of that kind's layout.
    pub version: u32,
    /// The program and version that wrote the file.
    pub created_by: String,
    /// The model itself.
    pub model: T,
}

impl<T> ModelFile<T> {
    /// Wraps a model for writing.
    pub fn new(
        format: impl Into<String>,
        version: u32,
        created_by: impl Into<String>,
        model: T,
    ) -> Self {
        Self {
            format: format.into(),
            version,
            created_by: created_by.into(),
            model,
        }
    }
}

impl<T: Serialize> ModelFile<T> {
    /// The file's bytes: indented JSON, the fields in declaration order, a
    /// final newline.
    ///
    /// # Errors
    /// [`ArtifactError::Json`] when the model cannot be JSON (a map with keys
    /// that are no strings). A float that is not finite becomes `null`, which
    /// will not read back as a number: models hold finite numbers.
    pub fn to_json(&self) -> Result<Vec<u8>, ArtifactError> {
        json(self, &self.format)
    }
}

impl<T: DeserializeOwned> ModelFile<T> {
    /// Reads a model file; `origin` (a path or URL) is named in errors.
    ///
    /// The kind and the version are checked before the model is looked at, so
    /// that a file of another version gives an error about its version and
    /// not about some field.
    ///
    /// # Errors
    /// [`ArtifactError::Format`].
    pub fn from_json(
        bytes: &[u8],
        format: &str,
        version: u32,
        origin: &str,
    ) -> Result<Self, ArtifactError> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
            #[serde(default)]
            created_by: String,
        }
        let unreadable = |reason: String| ArtifactError::Format {
            origin: format!("the model file {origin}"),
            reason,
        };
        let head: Head = serde_json::from_slice(bytes)
            .map_err(|e| unreadable(format!("it is not a model file ({e})")))?;
        if head.format != format {
            return Err(unreadable(format!(
                "it holds a `{}` model where a `{format}` model is needed",
                head.format
            )));
        }
        if head.version != version {
            let writer = match head.created_by.as_str() {
                "" => String::new(),
                name => format!(", written by {name}"),
            };
            return Err(unreadable(format!(
                "it is version {} of `{format}`{writer}, this program reads version {version}; \
                 make the model again, or use the version of the program that wrote it",
                head.version
            )));
        }
        serde_json::from_slice(bytes)
            .map_err(|e| unreadable(format!("its model cannot be understood ({e})")))
    }
}

/// Indented JSON with a final newline.
pub(crate) fn json<T: Serialize>(value: &T, url: &str) -> Result<Vec<u8>, ArtifactError> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|source| ArtifactError::Json {
        url: url.to_owned(),
        source,
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Cuts {
        recency: Vec<f64>,
    }

    fn file() -> ModelFile<Cuts> {
        let cuts = Cuts {
            recency: vec![0.1, 1.0 / 3.0, 1e-300],
        };
        ModelFile::new("clientele/rfm", 1, "jobs 0.1.0", cuts)
    }

    #[test]
    fn a_model_reads_back_exactly() {
        let bytes = file().to_json().unwrap();
        assert_eq!(
            ModelFile::from_json(&bytes, "clientele/rfm", 1, "m.json").unwrap(),
            file()
        );
    }

    #[test]
    fn another_version_is_an_error_about_the_version() {
        let text = br#"{"format":"clientele/rfm","version":2,"created_by":"jobs 9.0","model":{"other":1}}"#;
        let error = ModelFile::<Cuts>::from_json(text, "clientele/rfm", 1, "m.json").unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("m.json") && text.contains("version 2"),
            "{text}"
        );
        assert!(
            text.contains("reads version 1") && text.contains("jobs 9.0"),
            "{text}"
        );
    }

    #[test]
    fn another_kind_of_model_or_no_model_is_an_error() {
        let bytes = file().to_json().unwrap();
        let error =
            ModelFile::<Cuts>::from_json(&bytes, "clientele/kmeans", 1, "m.json").unwrap_err();
        assert!(error.to_string().contains("`clientele/rfm`"), "{error}");
        let error =
            ModelFile::<Cuts>::from_json(b"k,v\n1,2\n", "clientele/rfm", 1, "m.csv").unwrap_err();
        assert!(error.to_string().contains("not a model file"), "{error}");
    }
}
