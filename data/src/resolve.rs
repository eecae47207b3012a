//! A mapping against a source: every column found, every type right.

use std::collections::BTreeMap;

use engine::Engine;
use engine::source::SourceTable;
use sql::staging;

use crate::choose::Chosen;
use crate::error::DataError;
use crate::mapping::{
    CANONICAL, Expression, ExpressionError, Mapping, Resolved, catalogue_column, integer_id, is_id,
    nearest, quoted,
};

/// Finds every column that the mapping's expressions name and converts the expressions to the
/// types of the event log, by planning them over `relation`.
pub(crate) async fn resolve(
    engine: &Engine,
    chosen: &Chosen,
    relation: &str,
) -> Result<Resolved, DataError> {
    let mapping = &chosen.mapping;
    let available = available(chosen);
    let mut expressions = BTreeMap::new();
    for (column, _) in CANONICAL {
        let expression = match (mapping.columns.get(column), mapping.optional.get(column)) {
            (Some(text), _) => read(chosen, column, text, &available)?,
            (None, Some(text)) => match Expression::read(text, &available) {
                Err(ExpressionError::Absent(_)) => continue,
                read_or_invalid => {
                    read_or_invalid.map_err(|error| refused(chosen, column, error, &available))?
                }
            },
            (None, None) => continue,
        };
        in_every_file(chosen, column, &expression)?;
        expressions.insert(
            column,
            with_integers(&chosen.table, mapping, column, expression),
        );
    }
    let converted = convert(engine, mapping, relation, &expressions).await?;
    Ok(Resolved {
        expressions,
        converted,
    })
}

/// The position of a source column that a mapping names outside an expression.
pub(crate) fn position(chosen: &Chosen, name: &str) -> Result<usize, DataError> {
    let names = source_names(&chosen.table);
    names.iter().position(|known| known == name).ok_or_else(|| {
        let error = ExpressionError::Absent(name.to_owned());
        refused(chosen, "profile", error, &names)
    })
}

fn source_names(table: &SourceTable) -> Vec<String> {
    table
        .columns()
        .iter()
        .map(|field| field.name().clone())
        .collect()
}

fn available(chosen: &Chosen) -> Vec<String> {
    let mut names = source_names(&chosen.table);
    if let Some((_, catalogue)) = &chosen.catalogue {
        names.extend(
            source_names(catalogue)
                .iter()
                .map(|name| catalogue_column(name)),
        );
    }
    names
}

fn read(
    chosen: &Chosen,
    column: &str,
    text: &str,
    available: &[String],
) -> Result<Expression, DataError> {
    Expression::read(text, available).map_err(|error| refused(chosen, column, error, available))
}

fn refused(
    chosen: &Chosen,
    column: &str,
    error: ExpressionError,
    available: &[String],
) -> DataError {
    let mapping = chosen.mapping.name.clone();
    match error {
        ExpressionError::Invalid(reason) => DataError::Mapping {
            mapping,
            reason: format!("the expression of {column} is not understood: {reason}"),
        },
        ExpressionError::Absent(missing) => {
            let place = match chosen.files.as_slice() {
                [one] => one.url.clone(),
                [first, ..] => format!("{} (the first of {})", first.url, chosen.files.len()),
                [] => "the source".to_owned(),
            };
            absent(&mapping, column, missing, place, available)
        }
    }
}

fn absent(
    mapping: &str,
    column: &str,
    missing: String,
    place: String,
    available: &[String],
) -> DataError {
    let suggestion = nearest(&missing, available)
        .map(|name| format!("; did you mean {name}"))
        .unwrap_or_default();
    DataError::AbsentColumn {
        mapping: mapping.into(),
        column: column.into(),
        missing: missing.into(),
        place: place.into(),
        available: available.join(", ").into(),
        suggestion: suggestion.into(),
    }
}

/// Columns may stand in any order, but every file must have those that are named.
fn in_every_file(chosen: &Chosen, column: &str, expression: &Expression) -> Result<(), DataError> {
    let own = source_names(&chosen.table);
    for (url, header) in chosen
        .table
        .files()
        .filter(|(_, header)| !header.is_empty())
    {
        let mut named = expression.columns.iter().filter(|name| own.contains(name));
        if let Some(missing) = named.find(|name| !header.contains(name)) {
            let mapping = &chosen.mapping.name;
            return Err(absent(
                mapping,
                column,
                missing.clone(),
                url.to_owned(),
                header,
            ));
        }
    }
    Ok(())
}

/// An id that is a plain column of a text file with nothing but integers at its beginning.
fn with_integers(
    table: &SourceTable,
    mapping: &Mapping,
    column: &str,
    mut expression: Expression,
) -> Expression {
    let plain = match expression.columns.as_slice() {
        [name] if expression.sql == quoted(name) => name,
        _ => return expression,
    };
    if mapping.detect_integer_ids && is_id(column) && table.is_text() {
        let sample = table.sample(plain);
        let integer = |value: &&str| value.parse::<i64>().is_ok_and(|n| n.to_string() == **value);
        if !sample.is_empty() && sample.iter().all(integer) {
            expression.sql = integer_id(&expression.sql);
        }
    }
    expression
}

/// Plans the expressions and converts each to its column's type.
async fn convert(
    engine: &Engine,
    mapping: &Mapping,
    relation: &str,
    expressions: &BTreeMap<&'static str, Expression>,
) -> Result<BTreeMap<&'static str, String>, DataError> {
    let mut converted = BTreeMap::new();
    for (column, kind) in CANONICAL {
        let Some(expression) = expressions.get(column) else {
            continue;
        };
        let refused = |reason: String| DataError::Mapping {
            mapping: mapping.name.clone(),
            reason: format!("the expression of {column} ({}) {reason}", expression.sql),
        };
        // Beside a plain column an aggregate has no place, and this is where that shows.
        let planned = format!("{} as {column}, _line", expression.sql);
        let text =
            staging::MAPPING_TYPES.render(&[("expressions", &planned), ("source", relation)])?;
        engine
            .create_view("mapping_types", &text, &[])
            .await
            .map_err(|error| refused(format!("cannot be planned: {error}")))?;
        let schema = engine.table_schema("mapping_types").await?;
        let from = schema.field(0).data_type();
        let sql = kind
            .convert(&expression.sql, from)
            .map_err(|right| refused(format!("gives {from}, but {column} must be {right}")))?;
        converted.insert(column, sql);
    }
    Ok(converted)
}
