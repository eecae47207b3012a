//! The tables and models named in the settings, read and checked before any event is.

use engine::stores;
use object_store::ObjectStoreExt;

use crate::error::SegmentationError;
use crate::fusion::FusionTable;
use crate::rfm::{RfmModel, SegmentTable};
use crate::settings::SegmentationSettings;

/// What decides about customers: the segment table, the fusion table, and frozen cut points.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) segments: SegmentTable,
    pub(crate) fusion: FusionTable,
    pub(crate) frozen: Option<RfmModel>,
}

impl Rules {
    /// Reads and checks every file that `settings` name; the built-in tables stand in for the rest.
    ///
    /// Segments of one's own without a fusion table of one's own get the plain fusion table, since
    /// the built-in one knows only the built-in segments.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or that is wrong.
    pub(crate) async fn load(settings: &SegmentationSettings) -> Result<Self, SegmentationError> {
        let segments = match &settings.rfm_segments {
            Some(file) => SegmentTable::from_toml(&read_text("segment table", file).await?),
            None => SegmentTable::built_in(),
        };
        let named = |file: &Option<String>| file.clone().unwrap_or_else(|| "built in".to_owned());
        let segments = segments.map_err(|source| SegmentationError::SegmentTable {
            file: named(&settings.rfm_segments),
            source,
        })?;
        let fusion = match (&settings.fusion_rules, &settings.rfm_segments) {
            (Some(file), _) => {
                let text = read_text("fusion table", file).await?;
                FusionTable::from_toml(&text, segments.segments())
            }
            (None, Some(_)) => FusionTable::plain(segments.segments()),
            (None, None) => FusionTable::built_in(segments.segments()),
        };
        let fusion = fusion.map_err(|source| SegmentationError::FusionTable {
            file: named(&settings.fusion_rules),
            source,
        })?;
        let frozen = match &settings.rfm_model {
            Some(file) => {
                let model = RfmModel::from_json(&read_text("RFM model", file).await?);
                let wrong = |source| SegmentationError::RfmModel {
                    file: file.clone(),
                    source,
                };
                Some(model.map_err(wrong)?)
            }
            None => None,
        };
        Ok(Self {
            segments,
            fusion,
            frozen,
        })
    }
}

/// Reads a small text file from a local path or an object store.
async fn read_text(what: &'static str, file: &str) -> Result<String, SegmentationError> {
    let failed = |reason: String| SegmentationError::ReadFile {
        what,
        file: file.to_owned(),
        reason,
    };
    let place = stores::resolve(file).map_err(|error| failed(error.to_string()))?;
    let found = place.store.get(&place.path).await;
    let found = found.map_err(|error| match error {
        object_store::Error::NotFound { .. } => failed("there is no such file".to_owned()),
        other => failed(other.to_string()),
    })?;
    let bytes = found
        .bytes()
        .await
        .map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes.to_vec()).map_err(|_| failed("it is not UTF-8 text".to_owned()))
}
