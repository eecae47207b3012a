//! Mappings: how a source becomes the event log.
//!
//! A mapping is a TOML file with one SQL expression per column of the event log. The built-in ones
//! are files like any other, under `data/mappings`.

mod expression;
mod parts;
mod types;

#[cfg(test)]
mod tests;

use engine::source::{Delimiter, Encoding, SourceFormat, SourceOptions};
use serde::Deserialize;

use crate::error::DataError;

pub(crate) use expression::{Expression, ExpressionError, nearest};
pub(crate) use parts::{
    Resolved, carried, catalogue_column, filled, integer_id, is_id, listed, of_catalogue, ordered,
    quoted, row_columns, row_json,
};
pub(crate) use types::CANONICAL;

/// The built-in mappings: name and text.
pub const BUILT_IN_MAPPINGS: &[(&str, &str)] = &[
    ("rees46", include_str!("../../mappings/rees46.toml")),
    (
        "rees46-cosmetics",
        include_str!("../../mappings/rees46-cosmetics.toml"),
    ),
    (
        "online-retail",
        include_str!("../../mappings/online-retail.toml"),
    ),
    ("events", include_str!("../../mappings/events.toml")),
];

/// A mapping as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mapping {
    /// The name in messages and in the manifest; a file without one goes by its own name.
    #[serde(default)]
    pub name: String,
    /// One line for people.
    #[serde(default)]
    #[expect(dead_code, reason = "for readers of the file")]
    pub description: String,
    /// Whether rows that are equal in every column of the source are one event.
    #[serde(default)]
    pub dedup: bool,
    /// Whether ids in text files are integers when the first records have nothing else.
    #[serde(default)]
    pub detect_integer_ids: bool,
    /// Source columns whose distinct values the account counts.
    #[serde(default)]
    pub profile: Vec<String>,
    /// How to read the files.
    #[serde(default)]
    pub source: SourceSection,
    /// A second table, one row per product, joined to the source.
    #[serde(default)]
    pub catalogue: Option<CatalogueSection>,
    /// The expressions.
    pub columns: ColumnsSection,
    /// Expressions that count only when the source has their columns.
    #[serde(default)]
    pub optional: ColumnsSection,
    /// The text, for the fingerprint.
    #[serde(skip)]
    pub text: String,
}

/// `[source]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceSection {
    format: Option<SourceFormat>,
    delimiter: Option<String>,
    quote: Option<String>,
    header: Option<bool>,
    columns: Option<Vec<String>>,
    #[serde(default)]
    encoding: Encoding,
}

/// `[catalogue]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CatalogueSection {
    /// A name beside the events, a path or a URL.
    pub file: String,
    /// The column of the product, in the catalogue and in the source.
    pub key: String,
}

/// `[columns]`, `[optional]`: SQL expressions over the columns of the source.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ColumnsSection {
    event_time: Option<String>,
    event_type: Option<String>,
    user_id: Option<String>,
    product_id: Option<String>,
    order_id: Option<String>,
    quantity: Option<String>,
    unit_price: Option<String>,
    category_id: Option<String>,
    category_code: Option<String>,
    brand: Option<String>,
    score: Option<String>,
    fold: Option<String>,
}

impl ColumnsSection {
    /// The expression of a column of the event log.
    pub(crate) fn get(&self, column: &str) -> Option<&str> {
        let expression = match column {
            "event_time" => &self.event_time,
            "event_type" => &self.event_type,
            "user_id" => &self.user_id,
            "product_id" => &self.product_id,
            "order_id" => &self.order_id,
            "quantity" => &self.quantity,
            "unit_price" => &self.unit_price,
            "category_id" => &self.category_id,
            "category_code" => &self.category_code,
            "brand" => &self.brand,
            "score" => &self.score,
            "fold" => &self.fold,
            _ => &None,
        };
        expression.as_deref()
    }
}

impl Mapping {
    /// A mapping from its text.
    ///
    /// # Errors
    ///
    /// [`DataError::Mapping`] with line and column for what is no TOML or no key of a mapping.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, DataError> {
        let refused = |reason: String| DataError::Mapping {
            mapping: name.to_owned(),
            reason,
        };
        let mut mapping: Self =
            toml::from_str(text).map_err(|e| refused(e.to_string().trim_end().to_owned()))?;
        if mapping.name.is_empty() {
            mapping.name = name.to_owned();
        }
        mapping.text = text.to_owned();
        for required in ["event_time", "event_type", "user_id", "product_id"] {
            if mapping.columns.get(required).is_none() {
                return Err(refused(format!(
                    "[columns] has no {required}, which every event needs; add {required} = \"…\" \
                     with the SQL expression that makes it"
                )));
            }
        }
        mapping.options()?;
        Ok(mapping)
    }

    /// A built-in mapping by its name, or a file.
    pub(crate) fn load(name_or_file: &str) -> Result<Self, DataError> {
        if let Some((name, text)) = BUILT_IN_MAPPINGS
            .iter()
            .find(|(name, _)| *name == name_or_file)
        {
            return Self::parse(name, text);
        }
        let refused = |reason: String| DataError::Mapping {
            mapping: name_or_file.to_owned(),
            reason,
        };
        let text = std::fs::read_to_string(name_or_file).map_err(|error| {
            let names: Vec<&str> = BUILT_IN_MAPPINGS.iter().map(|(name, _)| *name).collect();
            refused(format!(
                "it is neither a built-in mapping ({}) nor a file that can be read ({error}); give \
                 a name of these or the path of a TOML file",
                names.join(", ")
            ))
        })?;
        Self::parse(name_or_file, &text)
    }

    /// How to read the files.
    pub(crate) fn options(&self) -> Result<SourceOptions, DataError> {
        let refused = |key: &str, given: &str, right: &str| DataError::Mapping {
            mapping: self.name.clone(),
            reason: format!("[source] {key} = {given:?} is not understood; give {right}"),
        };
        let one_byte = |text: &str| match text.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => Some(*byte),
            _ => None,
        };
        let source = &self.source;
        let delimiter = match source.delimiter.as_deref() {
            None => None,
            Some("whitespace") => Some(Delimiter::Whitespace),
            Some("tab") => Some(Delimiter::Byte(b'\t')),
            Some(text) => {
                let right = "one ASCII character, \"tab\" or \"whitespace\"";
                let byte = one_byte(text).ok_or_else(|| refused("delimiter", text, right))?;
                Some(Delimiter::Byte(byte))
            }
        };
        let quote = match source.quote.as_deref() {
            None => None,
            Some("") => Some(None),
            Some(text) => {
                let right = "one ASCII character, or \"\" for none";
                Some(Some(
                    one_byte(text).ok_or_else(|| refused("quote", text, right))?,
                ))
            }
        };
        Ok(SourceOptions {
            format: source.format,
            delimiter,
            quote,
            header: source.header,
            columns: source.columns.clone(),
            encoding: source.encoding,
        })
    }
}
