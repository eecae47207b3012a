//! Tables on disk: registering Parquet, writing results as Parquet.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::file_format::format_as_file_type;
use datafusion::datasource::file_format::parquet::{ParquetFormat, ParquetFormatFactory};
use datafusion::datasource::listing::{
    ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl,
};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::LogicalPlanBuilder;
use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;

use crate::engine::{Engine, Params, Written};
use crate::error::EngineError;
use crate::stores::{self, ResolvedUrl};

const PART_EXTENSION: &str = ".parquet";

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

    remove_parts(&place).await.map_err(|e| unwritable(url, e))?;
    let format = format_as_file_type(Arc::new(ParquetFormatFactory::new()));
    let (state, plan) = frame.into_parts();
    // Said outright: a folder may have a dot in its name.
    let folder = HashMap::from([("single_file_output".to_owned(), "false".to_owned())]);
    let copy = LogicalPlanBuilder::copy_to(plan, place.url.to_string(), format, folder, Vec::new())
        .and_then(LogicalPlanBuilder::build)
        .map_err(told)?;
    let counts = engine
        .run(DataFrame::new(state, copy))
        .await
        .map_err(told)?;
    let rows = counts
        .iter()
        .filter_map(|batch| batch.column(0).as_primitive_opt::<UInt64Type>())
        .flat_map(|counts| counts.values().iter())
        .sum();
    if rows == 0 {
        write_empty_part(&place, &schema)
            .await
            .map_err(|e| unwritable(url, e))?;
    } else if parts(&place)
        .await
        .map_err(|e| unwritable(url, e))?
        .is_empty()
    {
        return Err(EngineError::Write {
            what: url.to_owned(),
            reason: format!(
                "the executors report {rows} rows written, but nothing is there to be seen from \
                 this machine; use an object store or a folder that all machines share"
            ),
            source: None,
        });
    }

    let location = ListingTableUrl::try_new(place.url, None).map_err(told)?;
    let config = ListingTableConfig::new(location)
        .with_listing_options(self::options(PART_EXTENSION))
        .with_schema(schema);
    let provider = ListingTable::try_new(config).map_err(told)?;
    engine.register_table(table, Arc::new(provider))?;
    Ok(Written { rows })
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

async fn parts(place: &ResolvedUrl) -> object_store::Result<Vec<object_store::path::Path>> {
    place
        .store
        .list(Some(&place.path))
        .try_filter_map(|object| async move {
            let part = object.location.as_ref().ends_with(PART_EXTENSION);
            Ok(part.then_some(object.location))
        })
        .try_collect()
        .await
}

async fn remove_parts(place: &ResolvedUrl) -> object_store::Result<()> {
    for part in parts(place).await? {
        place.store.delete(&part).await?;
    }
    Ok(())
}

async fn write_empty_part(place: &ResolvedUrl, schema: &SchemaRef) -> Result<(), DataFusionError> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, Arc::clone(schema), None)?;
    writer.write(&RecordBatch::new_empty(Arc::clone(schema)))?;
    writer.close()?;
    let part = place.path.clone().join("empty.parquet");
    place.store.put(&part, bytes.into()).await?;
    Ok(())
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
