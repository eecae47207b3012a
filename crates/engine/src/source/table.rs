//! A source as a table.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use futures::stream::{self, StreamExt, TryStreamExt};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::AsyncFileReader;

use super::error::SourceError;
use super::exec::SourceScanExec;
use super::parquet::StoreReader;
use super::probe::{Columns, Head, SourceInput, format_name, format_of_name, head};
use super::spec::{
    CsvRules, Delimiter, ERROR_COLUMN, FILE_COLUMN, LINE_COLUMN, Layout, RAW_COLUMN,
    SOURCE_COLUMNS, SourceFile, SourceFormat, SourceOptions, SourceSpec, URL_COLUMN,
};
use crate::stores;

/// How many files are looked into at the same time.
const OPENED_AT_ONCE: usize = 16;

/// Files as a table: their columns as they are written, and for each row where it comes from.
///
/// Columns of text formats are `Utf8`, the text as written, an empty field null; Parquet columns
/// keep their types. After them come `_file`, `_line`, `_error`, `_raw` and `_url` (see
/// [`FILE_COLUMN`] and its neighbours). A line that is no record is a row of nulls with `_error`
/// set: a scan never fails for what stands in a text file, and never drops a line that is not
/// blank. Columns are matched by name; a column that a file does not have is null there.
///
/// Every row comes from reading, so the same files give the same rows in every mode; their order
/// is not defined. Memory per partition: a batch and a few MiB of the file.
#[derive(Debug, Clone)]
pub struct SourceTable {
    pub(crate) spec: Arc<SourceSpec>,
    pub(crate) schema: SchemaRef,
    sample: Arc<Columns>,
}

impl SourceTable {
    /// Opens files as one table by looking at the beginning of each (for Parquet at its footer).
    /// The order of the files is that of `_file`.
    ///
    /// # Errors
    ///
    /// [`SourceError`] when a file cannot be read, is not of its format, or does not go together
    /// with the others.
    pub async fn open(
        inputs: &[SourceInput],
        options: &SourceOptions,
    ) -> std::result::Result<Self, SourceError> {
        let mut formats = Vec::with_capacity(inputs.len());
        for input in inputs {
            let format = match options.format.or_else(|| format_of_name(&input.url)) {
                Some(format) => format,
                None => head(input.clone())
                    .await?
                    .sniff()
                    .unwrap_or(SourceFormat::Csv),
            };
            formats.push(format);
        }
        let Some((first, format)) = inputs.first().zip(formats.first()) else {
            return Err(SourceError::Options(
                "a source needs at least one file".to_owned(),
            ));
        };
        if let Some(other) = formats.iter().position(|other| other != format) {
            return Err(SourceError::MixedFormats {
                first: first.url.clone(),
                first_format: format_name(*format),
                second: inputs[other].url.clone(),
                second_format: format_name(formats[other]),
            });
        }
        match format {
            SourceFormat::Parquet => Self::open_parquet(inputs).await,
            text => Self::open_text(inputs, *text, options).await,
        }
    }

    async fn open_text(
        inputs: &[SourceInput],
        format: SourceFormat,
        options: &SourceOptions,
    ) -> std::result::Result<Self, SourceError> {
        let mut layout = match format {
            SourceFormat::Csv => None,
            _ => Some(Layout::Jsonl),
        };
        let heads = stream::iter(inputs.to_vec())
            .map(head)
            .buffered(OPENED_AT_ONCE);
        let mut heads = std::pin::pin!(heads);
        let mut opened = Opened::default();
        while let Some(head) = heads.try_next().await? {
            head.check_text(format)?;
            let layout = *layout.get_or_insert_with(|| Layout::Csv(rules(&head, options)));
            let columns = match layout {
                Layout::Csv(rules) => head.csv_columns(&rules, options)?,
                _ => head.json_columns(),
            };
            opened.add(head, columns);
        }
        let layout = layout.unwrap_or(Layout::Jsonl);
        if layout == Layout::Jsonl {
            opened.share_header();
        }
        let names = opened.union();
        if names.is_empty() {
            let what = inputs
                .first()
                .map(|input| input.url.clone())
                .unwrap_or_default();
            return Err(SourceError::Empty { what });
        }
        let fields = names
            .iter()
            .map(|name| Field::new(name, DataType::Utf8, true))
            .collect();
        let spec = SourceSpec {
            layout,
            files: opened.files,
            headers: opened.headers,
        };
        Ok(Self::new(spec, fields, opened.sample))
    }

    async fn open_parquet(inputs: &[SourceInput]) -> std::result::Result<Self, SourceError> {
        let footers = stream::iter(inputs.to_vec())
            .map(|input| async move { footer(&input).await.map(|found| (input, found)) })
            .buffered(OPENED_AT_ONCE);
        let mut footers = std::pin::pin!(footers);
        let mut fields: Vec<Field> = Vec::new();
        let mut opened = Opened::default();
        while let Some((input, footer)) = footers.try_next().await? {
            let mut names = Vec::new();
            for field in footer.schema().fields() {
                names.push(field.name().clone());
                if SOURCE_COLUMNS.contains(&field.name().as_str()) {
                    return Err(SourceError::Options(format!(
                        "{} has a column {}, a name that is reserved; rename the column",
                        input.url,
                        field.name()
                    )));
                }
                match fields.iter().find(|known| known.name() == field.name()) {
                    None => {
                        fields.push(Field::new(field.name(), field.data_type().clone(), true));
                    }
                    Some(known) if known.data_type() == field.data_type() => {}
                    Some(known) => {
                        return Err(SourceError::ColumnType {
                            column: field.name().clone(),
                            first_type: known.data_type().to_string(),
                            second: input.url,
                            second_type: field.data_type().to_string(),
                        });
                    }
                }
            }
            let groups = footer.metadata().row_groups();
            let size = |bytes: i64| u64::try_from(bytes).unwrap_or_default();
            let row_groups = groups
                .iter()
                .map(|g| (size(g.num_rows()), size(g.compressed_size())))
                .collect();
            let header = opened.header(names);
            let (url, size) = (input.url, input.size);
            opened.files.push(SourceFile {
                url,
                size,
                gzip: false,
                header,
                row_groups,
            });
        }
        let spec = SourceSpec {
            layout: Layout::Parquet,
            files: opened.files,
            headers: opened.headers,
        };
        Ok(Self::new(spec, fields, Columns::default()))
    }

    fn new(spec: SourceSpec, mut fields: Vec<Field>, sample: Columns) -> Self {
        fields.push(Field::new(FILE_COLUMN, DataType::UInt32, false));
        fields.push(Field::new(LINE_COLUMN, DataType::UInt64, false));
        fields.push(Field::new(ERROR_COLUMN, DataType::Utf8, true));
        fields.push(Field::new(RAW_COLUMN, DataType::Utf8, true));
        fields.push(Field::new(URL_COLUMN, DataType::Utf8, false));
        Self {
            spec: Arc::new(spec),
            schema: Arc::new(Schema::new(fields)),
            sample: Arc::new(sample),
        }
    }

    pub(crate) fn from_parts(spec: SourceSpec, schema: SchemaRef) -> Self {
        Self {
            spec: Arc::new(spec),
            schema,
            sample: Arc::default(),
        }
    }

    /// The columns of the files, without our own: the union over the files, in the order in which
    /// they first appear.
    pub fn columns(&self) -> Vec<&Field> {
        let own = self.schema.fields().len() - SOURCE_COLUMNS.len();
        self.schema.fields()[..own]
            .iter()
            .map(AsRef::as_ref)
            .collect()
    }

    /// The files in the order of `_file`, each with the names of its columns. A file that holds
    /// nothing has no columns.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[String])> {
        let headers = &self.spec.headers;
        self.spec
            .files
            .iter()
            .map(|file| (file.url.as_str(), headers[file.header].as_slice()))
    }

    /// Whether the columns are text, to be parsed by whoever reads them.
    pub fn is_text(&self) -> bool {
        self.spec.layout != Layout::Parquet
    }

    /// The values of a column in the first records of the first file that has any; empty ones
    /// left out. Nothing for Parquet.
    pub fn sample(&self, column: &str) -> Vec<&str> {
        let Some(place) = self.sample.names.iter().position(|name| name == column) else {
            return Vec::new();
        };
        let values = self
            .sample
            .sample
            .iter()
            .filter_map(|record| record.get(place));
        values
            .map(String::as_str)
            .filter(|value| !value.is_empty())
            .collect()
    }
}

/// What has been found out about the files so far.
#[derive(Default)]
struct Opened {
    files: Vec<SourceFile>,
    headers: Vec<Vec<String>>,
    sample: Columns,
}

impl Opened {
    fn header(&mut self, names: Vec<String>) -> usize {
        self.headers
            .iter()
            .position(|known| *known == names)
            .unwrap_or_else(|| {
                self.headers.push(names);
                self.headers.len() - 1
            })
    }

    fn add(&mut self, head: Head, columns: Columns) {
        let header = self.header(columns.names.clone());
        let Head { input, gzip, .. } = head;
        let (url, size) = (input.url, input.size);
        self.files.push(SourceFile {
            url,
            size,
            gzip,
            header,
            row_groups: Vec::new(),
        });
        if self.sample.sample.is_empty() {
            self.sample = columns;
        }
    }

    /// Gives every file all columns: an object may leave a key out.
    fn share_header(&mut self) {
        self.headers = vec![self.union()];
        for file in &mut self.files {
            file.header = 0;
        }
    }

    fn union(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in self.headers.iter().flatten() {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }
}

/// The settled rules of a file of separated values.
fn rules(head: &Head, options: &SourceOptions) -> CsvRules {
    let delimiter = options.delimiter.or_else(|| head.delimiter());
    let delimiter = delimiter.unwrap_or(Delimiter::Byte(b','));
    CsvRules {
        delimiter,
        quote: options.quote.unwrap_or(match delimiter {
            Delimiter::Byte(_) => Some(b'"'),
            Delimiter::Whitespace => None,
        }),
        header: options.header.unwrap_or(options.columns.is_none()),
        encoding: options.encoding,
    }
}

async fn footer(input: &SourceInput) -> std::result::Result<ArrowReaderMetadata, SourceError> {
    let place = stores::resolve(&input.url)?;
    let mut reader = StoreReader {
        store: place.store,
        path: place.path,
        size: input.size,
    };
    let refused = |error: parquet::errors::ParquetError| SourceError::Format {
        url: input.url.clone(),
        format: "Parquet",
        reason: format!("{error}; check that the file was written to its end"),
    };
    let metadata = reader.get_metadata(None).await.map_err(refused)?;
    ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new()).map_err(refused)
}

#[async_trait]
impl TableProvider for SourceTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let partitions = state.config().target_partitions();
        let all = || (0..self.schema.fields().len()).collect();
        let projection = projection.cloned().unwrap_or_else(all);
        let scan = SourceScanExec::plan(
            Arc::clone(&self.spec),
            &self.schema,
            &projection,
            partitions,
        )?;
        Ok(Arc::new(scan))
    }
}
