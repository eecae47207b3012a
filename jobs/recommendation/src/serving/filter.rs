//! The products that pass a condition.

use std::io::Cursor;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use artifacts::RunReader;
use datafusion::datasource::MemTable;
use engine::{Engine, EngineError};
use object_store::ObjectStoreExt;
use pipeline::Failure;
use sql::recommendation::ALLOWED_PRODUCTS;

use super::{AllowedProducts, ServingError};
use crate::files::PRODUCTS;

/// The table that the condition is asked of.
const TABLE: &str = "products";
const KEY: &str = "product_id";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Finds the products for which an SQL condition holds: of the run's `products.parquet`, or of the
/// user's own table, a CSV file with a header or a Parquet file with a column `product_id`. A product
/// passes if any of its rows does.
///
/// The delimiter of a CSV file is told from its header, the types of its columns from all their
/// values. Such a table is held in memory, so the engine must be an embedded one.
///
/// # Errors
///
/// [`ServingError::Predicate`] when the condition does not fit the columns,
/// [`ServingError::Products`] when the user's table cannot be used.
pub async fn allowed_products(
    engine: &Engine,
    run: &RunReader,
    predicate: &str,
    products: Option<&str>,
) -> Result<AllowedProducts, ServingError> {
    engine
        .register_parquet(TABLE, &run.file_url(PRODUCTS)?)
        .await
        .map_err(Failure::from)?;
    let schema = engine.table_schema(TABLE).await.map_err(Failure::from)?;
    let kind = key_type(&schema);
    let kind =
        kind.ok_or_else(|| ServingError::content(PRODUCTS, "it has no column product_id"))?;
    if let Some(file) = products {
        register(engine, file, &kind).await?;
    }
    let schema = engine.table_schema(TABLE).await.map_err(Failure::from)?;
    let refuse = |reason: String| ServingError::Predicate {
        predicate: predicate.to_owned(),
        table: products.unwrap_or(PRODUCTS).to_owned(),
        reason,
        columns: names(&schema),
    };
    let query = ALLOWED_PRODUCTS.render(&[("predicate", predicate)]);
    let query = query.map_err(Failure::internal)?;
    let found = engine
        .query(&query, &[])
        .await
        .map_err(|error| match error {
            EngineError::InvalidSql { reason, .. } | EngineError::Execution { reason, .. } => {
                refuse(reason)
            }
            other => Failure::from(other).into(),
        })?;
    let mut allowed = AllowedProducts::default();
    for batch in &found.batches {
        let ids = cast(batch.column(0), &DataType::Utf8).map_err(Failure::internal)?;
        let ids = ids.as_string::<i32>().iter().flatten();
        allowed.0.extend(ids.map(str::to_owned));
    }
    Ok(allowed)
}

/// Registers the user's table in place of the run's, after a look at its ids.
async fn register(engine: &Engine, file: &str, kind: &DataType) -> Result<(), ServingError> {
    let refuse = |reason: String| ServingError::Products {
        file: file.to_owned(),
        reason,
    };
    let name = file.to_ascii_lowercase();
    if name.ends_with(".parquet") {
        let registered = engine.register_parquet(TABLE, file).await;
        registered.map_err(Failure::from)?;
    } else if name.ends_with(".csv") {
        let (store, path) = engine.store(file).map_err(Failure::from)?;
        let bytes = async { store.get(&path).await?.bytes().await };
        let bytes = bytes.await.map_err(|error| refuse(error.to_string()))?;
        let (schema, batches) = csv(&bytes, kind).map_err(|error| refuse(error.to_string()))?;
        let table = MemTable::try_new(schema, vec![batches]);
        let table = table.map_err(Failure::internal)?;
        let registered = engine.register_table(TABLE, Arc::new(table));
        registered.map_err(Failure::from)?;
    } else {
        let reason = "it must be a .csv file with a header, or a .parquet file";
        return Err(refuse(reason.to_owned()));
    }
    let schema = engine.table_schema(TABLE).await.map_err(Failure::from)?;
    match key_type(&schema) {
        None => Err(refuse(format!(
            "it has no column product_id; its columns are {}",
            names(&schema)
        ))),
        Some(found) if found != *kind => Err(refuse(format!(
            "its product_id is {}, but the products of the run are {}",
            in_words(&found),
            in_words(kind)
        ))),
        Some(_) => Ok(()),
    }
}

/// Parses a table, its types told by the values; the ids are text where those of the run are.
fn csv(bytes: &[u8], kind: &DataType) -> Result<(SchemaRef, Vec<RecordBatch>), ArrowError> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let format = Format::default()
        .with_header(true)
        .with_delimiter(delimiter(bytes));
    let (schema, _) = format.infer_schema(Cursor::new(bytes), None)?;
    let fields = schema.fields().iter().map(|field| match field.name() {
        name if name == KEY && *kind == DataType::Utf8 => Field::new(KEY, DataType::Utf8, true),
        _ => field.as_ref().clone(),
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let reader = ReaderBuilder::new(Arc::clone(&schema)).with_format(format);
    let batches: Result<Vec<_>, _> = reader.build(Cursor::new(bytes))?.collect();
    Ok((schema, batches?))
}

/// Whichever of the usual delimiters is most frequent in the header; the comma when none is.
fn delimiter(bytes: &[u8]) -> u8 {
    let header = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let count = |delimiter: u8| header.iter().filter(|byte| **byte == delimiter).count();
    let mut best = b',';
    for other in [b';', b'\t', b'|'] {
        if count(other) > count(best) {
            best = other;
        }
    }
    best
}

/// The type of the ids, `Int64` for all integers and `Utf8` for all text.
fn key_type(schema: &Schema) -> Option<DataType> {
    let (_, field) = schema.column_with_name(KEY)?;
    Some(match field.data_type() {
        integer if integer.is_integer() => DataType::Int64,
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        other => other.clone(),
    })
}

fn in_words(kind: &DataType) -> String {
    match kind {
        DataType::Int64 => "integers".to_owned(),
        DataType::Utf8 => "text".to_owned(),
        other => other.to_string(),
    }
}

fn names(schema: &Schema) -> String {
    let names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    names.join(", ")
}
