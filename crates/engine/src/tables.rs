//! Tables on disk: registering Parquet, writing results as Parquet.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Extension, LogicalPlan};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use parquet::arrow::ArrowWriter;

use crate::engine::{Engine, Params, Written};
use crate::error::EngineError;
use crate::sink::Sink;
use crate::sink::attempt::{Attempt, Part};
use crate::sink::files::{self, PART_EXTENSION};
use crate::stores::{self, ResolvedUrl};

/// See [`Engine::register_parquet`].
pub(crate) async fn register_parquet(
    engine: &Engine,
    table: &str,
    url: &str,
) -> Result<(), EngineError> {
    let action = format!("register table {table}");
    let mut place = stores::resolve(url)?;
    let file = is_file(&place).await.map_err(|e| unreadable(url, e))?;
    if !file {
        as_folder(&mut place);
    }
    // A file is taken under any name; in a folder the name tells parts from
    // other files.
    let options = options(if file { "" } else { PART_EXTENSION });
    let result = async {
        let location = ListingTableUrl::try_new(place.url, None)?;
        let state = engine.context().state();
        let schema = options.infer_schema(&state, &location).await?;
        let config = ListingTableConfig::new(location)
            .with_listing_options(options)
            .with_schema(without_views(&schema));
        ListingTable::try_new(config)
    };
    let provider = result.await.map_err(|e| match e.find_root() {
        // DataFusion plans "no files found"; for the user a file is missing.
        DataFusionError::Plan(reason) => EngineError::Read {
            what: url.to_owned(),
            reason: reason.clone(),
            source: None,
        },
        _ => match engine.told(e, &action, None) {
            EngineError::Read { reason, source, .. } => EngineError::Read {
                what: url.to_owned(),
                reason,
                source,
            },
            other => other,
        },
    })?;
    engine.register_table(table, Arc::new(provider))
}

/// See [`Engine::materialise`].
pub(crate) async fn materialise(
    engine: &Engine,
    table: &str,
    sql: &str,
    params: Params<'_>,
    url: &str,
) -> Result<Written, EngineError> {
    let action = format!("write table {table}");
    let told = |e: DataFusionError| engine.told(e, &action, Some(url));
    let mut place = stores::resolve(url)?;
    as_folder(&mut place);
    let frame = engine.plan(sql, params).await.map_err(told)?;
    let schema = without_views(frame.schema().as_arrow());

    // What an interrupted run left; the folder belongs to the table.
    files::remove(&place, "", &[])
        .await
        .map_err(|e| unwritable(url, e))?;
    let attempt = Attempt::new(&place);
    let parts = match write(engine, frame, &attempt, &schema).await {
        Ok(report) => attempt.parts(&report).map_err(|e| unwritable(url, e)),
        Err(error) => Err(told(error)),
    };
    let mut parts = match parts {
        Ok(parts) => parts,
        Err(error) => {
            attempt.abandon().await;
            return Err(error);
        }
    };
    let rows = parts.iter().map(|part| part.rows).sum();
    if parts.is_empty() {
        let empty = write_empty_part(&place, attempt.own_part(), &schema).await;
        parts.push(empty.map_err(|e| unwritable(url, e))?);
    }
    attempt
        .commit(&parts)
        .await
        .map_err(|e| unwritable(url, e))?;

    // Exactly these files: whoever reads the table sees what was reported, whatever else comes to
    // lie in the folder.
    let locations = parts
        .iter()
        .map(|part| location(&place, part))
        .collect::<Result<_, _>>()
        .map_err(told)?;
    let config = ListingTableConfig::new_with_multi_paths(locations)
        .with_listing_options(self::options(PART_EXTENSION))
        .with_schema(schema);
    let provider = ListingTable::try_new(config).map_err(told)?;
    engine.register_table(table, Arc::new(provider))?;
    Ok(Written { rows })
}

/// Runs the query into the attempt's files; returns their report.
async fn write(
    engine: &Engine,
    frame: DataFrame,
    attempt: &Attempt,
    schema: &SchemaRef,
) -> Result<Vec<RecordBatch>, DataFusionError> {
    let (state, plan) = frame.into_parts();
    let node = Arc::new(Sink::try_new(plan, attempt.target(), Arc::clone(schema))?);
    let sink = LogicalPlan::Extension(Extension { node });
    engine.run(DataFrame::new(state, sink)).await
}

fn location(place: &ResolvedUrl, part: &Part) -> Result<ListingTableUrl, DataFusionError> {
    let name = part.path.filename().unwrap_or_default();
    let url = place.url.join(name);
    ListingTableUrl::try_new(
        url.map_err(|e| DataFusionError::External(Box::new(e)))?,
        None,
    )
}

/// The schema without view types, inside lists and structs too.
pub(crate) fn without_views(schema: &Schema) -> SchemaRef {
    fn plain(kind: &DataType) -> DataType {
        match kind {
            DataType::Utf8View => DataType::Utf8,
            DataType::BinaryView => DataType::Binary,
            DataType::List(item) => DataType::List(plain_field(item)),
            DataType::LargeList(item) => DataType::LargeList(plain_field(item)),
            DataType::Struct(fields) => DataType::Struct(fields.iter().map(plain_field).collect()),
            other => other.clone(),
        }
    }
    fn plain_field(field: &Arc<Field>) -> Arc<Field> {
        Arc::new(
            field
                .as_ref()
                .clone()
                .with_data_type(plain(field.data_type())),
        )
    }
    let fields: Vec<_> = schema.fields().iter().map(plain_field).collect();
    Arc::new(Schema::new(fields))
}

fn options(extension: &str) -> ListingOptions {
    let format = ParquetFormat::default().with_force_view_types(false);
    ListingOptions::new(Arc::new(format)).with_file_extension(extension)
}

/// Whether the place is one object; a URL that ends in `/` never is.
async fn is_file(place: &ResolvedUrl) -> object_store::Result<bool> {
    if place.url.path().ends_with('/') {
        return Ok(false);
    }
    match place.store.head(&place.path).await {
        Ok(_) => Ok(true),
        Err(object_store::Error::NotFound { .. }) => Ok(false),
        Err(e) => Err(e),
    }
}

fn as_folder(place: &mut ResolvedUrl) {
    if !place.url.path().ends_with('/') {
        let path = format!("{}/", place.url.path());
        place.url.set_path(&path);
    }
}

async fn write_empty_part(
    place: &ResolvedUrl,
    path: Path,
    schema: &SchemaRef,
) -> Result<Part, DataFusionError> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, Arc::clone(schema), None)?;
    writer.write(&RecordBatch::new_empty(Arc::clone(schema)))?;
    writer.close()?;
    let size = bytes.len() as u64;
    place.store.put(&path, bytes.into()).await?;
    Ok(Part {
        path,
        rows: 0,
        bytes: size,
    })
}

fn unreadable(url: &str, error: object_store::Error) -> EngineError {
    EngineError::Read {
        what: url.to_owned(),
        reason: error.to_string(),
        source: Some(Box::new(error)),
    }
}

fn unwritable(url: &str, error: impl std::error::Error + Send + Sync + 'static) -> EngineError {
    EngineError::Write {
        what: url.to_owned(),
        reason: error.to_string(),
        source: Some(Box::new(error)),
    }
}
