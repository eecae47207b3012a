//! The parts that a mapping splices into the staging queries.

use std::collections::BTreeMap;

use datafusion::arrow::datatypes::{DataType, Field};

use super::Expression;
use super::expression::CATALOGUE;
use super::types::{CANONICAL, Kind};

/// A mapping whose expressions are resolved against a source and typed.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// Per column of the event log: its expression.
    pub expressions: BTreeMap<&'static str, Expression>,
    /// The conversions, in SQL.
    pub converted: BTreeMap<&'static str, String>,
}

/// A name as SQL writes it exactly.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL writes it.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The name under which the source's n-th column travels beside the columns of the event log.
pub(crate) fn carried(position: usize) -> String {
    format!("src_{position}")
}

impl Resolved {
    /// The parts of `stg_rows` that come from the mapping: the expressions of all columns of the
    /// event log and, for those whose loss makes a row unusable, whether their source has values.
    pub(crate) fn parts(&self) -> Vec<(String, String)> {
        let mut parts = Vec::new();
        for (column, kind) in CANONICAL {
            let absent = if column == "quantity" {
                "cast(1 as bigint)".to_owned()
            } else {
                kind.absent()
            };
            let sql = self.converted.get(column).cloned().unwrap_or(absent);
            parts.push((column.to_owned(), sql));
            if !matches!(column, "category_id" | "category_code" | "brand") {
                parts.push((format!("{column}_given"), self.given(column)));
            }
        }
        let priced = self.converted.contains_key("unit_price");
        parts.push(("price_mapped".to_owned(), priced.to_string()));
        parts
    }

    /// Whether every source column of an expression has a value, so that a null is a value that
    /// could not be read. An expression that makes nulls on purpose is never at fault.
    fn given(&self, column: &str) -> String {
        let catalogue = format!("{CATALOGUE}.");
        let columns = match self.expressions.get(column) {
            Some(expression) if !expression.nulls_on_purpose => expression.columns.as_slice(),
            _ => &[],
        };
        let given: Vec<String> = columns
            .iter()
            .filter(|name| !name.starts_with(&catalogue))
            .map(|name| format!("{} is not null", quoted(name)))
            .collect();
        if given.is_empty() {
            "false".to_owned()
        } else {
            given.join(" and ")
        }
    }
}

/// The source's columns under the names they travel by: `"a" as src_0, "b" as src_1`.
pub(crate) fn row_columns(columns: &[Field]) -> String {
    let columns = columns.iter().enumerate();
    let named = columns.map(|(at, field)| format!("{} as {}", quoted(field.name()), carried(at)));
    named.collect::<Vec<_>>().join(", ")
}

/// A row of the source as JSON, over the carried columns.
pub(crate) fn row_json(columns: &[Field]) -> String {
    let mut pieces = vec!["'{'".to_owned()];
    for (at, field) in columns.iter().enumerate() {
        let key = serde_json::Value::from(field.name().as_str()).to_string();
        let comma = if at == 0 { "" } else { "," };
        pieces.push(literal(&format!("{comma}{key}:")));
        pieces.push(json_value(&carried(at), field.data_type()));
    }
    pieces.push("'}'".to_owned());
    format!("concat({})", pieces.join(", "))
}

fn json_value(column: &str, kind: &DataType) -> String {
    let plain = format!("arrow_cast({column}, 'Utf8')");
    match kind {
        _ if kind.is_nested() => literal("\"…\""),
        _ if kind.is_numeric() || kind == &DataType::Boolean => {
            format!("coalesce({plain}, 'null')")
        }
        _ => {
            let mut escaped = plain;
            for (from, to) in [
                (literal("\\"), literal("\\\\")),
                (literal("\""), literal("\\\"")),
                ("chr(10)".to_owned(), literal("\\n")),
                ("chr(13)".to_owned(), literal("\\r")),
                ("chr(9)".to_owned(), literal("\\t")),
            ] {
                escaped = format!("replace({escaped}, {from}, {to})");
            }
            format!("coalesce('\"' || {escaped} || '\"', 'null')")
        }
    }
}

/// How many of some columns have a value.
pub(crate) fn filled(columns: &[String]) -> String {
    let counted = columns
        .iter()
        .map(|name| format!("case when {} is null then 0 else 1 end", quoted(name)));
    counted.collect::<Vec<_>>().join(" + ")
}

/// Columns in order, empty ones last.
pub(crate) fn ordered(columns: &[String]) -> String {
    let ordered = columns
        .iter()
        .map(|name| format!("{} asc nulls last", quoted(name)));
    ordered.collect::<Vec<_>>().join(", ")
}

/// Quoted names with commas.
pub(crate) fn listed(columns: &[String]) -> String {
    columns
        .iter()
        .map(|name| quoted(name))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The catalogue's columns under the names that expressions know them by.
pub(crate) fn of_catalogue(columns: &[String]) -> String {
    let named = columns.iter().map(|name| {
        let known = catalogue_column(name);
        format!("catalogue_products.{} as {}", quoted(name), quoted(&known))
    });
    named.collect::<Vec<_>>().join(", ")
}

/// The name by which an expression knows a catalogue's column.
pub(crate) fn catalogue_column(name: &str) -> String {
    format!("{CATALOGUE}.{name}")
}

/// Integers in an id column that is text: the conversion that keeps them integers.
pub(crate) fn integer_id(sql: &str) -> String {
    format!("try_cast({sql} as bigint)")
}

/// Whether a column of the event log is an id.
pub(crate) fn is_id(column: &str) -> bool {
    CANONICAL
        .iter()
        .any(|(name, kind)| *name == column && *kind == Kind::Id)
}
