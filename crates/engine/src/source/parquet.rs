//! Scanning Parquet files by row groups.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{
    ArrayRef, RecordBatch, RecordBatchOptions, StringArray, UInt32Array, UInt64Array,
    new_null_array,
};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::{DataFusionError, Result};
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::rows::BATCH_ROWS;
use super::spec::{FILE_COLUMN, LINE_COLUMN, SourceSpec, URL_COLUMN};
use crate::stores;

/// A file of an object store as the Parquet reader wants it.
pub(crate) struct StoreReader {
    pub store: Arc<dyn ObjectStore>,
    pub path: Path,
    pub size: u64,
}

fn external(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl AsyncFileReader for StoreReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        async move {
            self.store
                .get_range(&self.path, range)
                .await
                .map_err(external)
        }
        .boxed()
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        async move {
            self.store
                .get_ranges(&self.path, &ranges)
                .await
                .map_err(external)
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async move {
            let size = self.size;
            let reader = ParquetMetaDataReader::new().with_prefetch_hint(Some(64 << 10));
            Ok(Arc::new(reader.load_and_finish(self, size).await?))
        }
        .boxed()
    }
}

/// Some row groups of one file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct RowGroups {
    pub file: usize,
    pub groups: Vec<usize>,
}

/// The scan of some row groups, one after the other.
pub(crate) struct ParquetScan {
    spec: Arc<SourceSpec>,
    schema: SchemaRef,
    work: VecDeque<RowGroups>,
    current: Option<Current>,
}

struct Current {
    file: usize,
    url: String,
    /// Per column of the output: the column of the batches read, if the file has it.
    columns: Vec<Option<usize>>,
    batches: BoxStream<'static, ParquetResult<RecordBatch>>,
    /// The rows still to come, as stretches of row numbers.
    stretches: VecDeque<Range<u64>>,
}

impl ParquetScan {
    pub(crate) fn new(spec: Arc<SourceSpec>, work: Vec<RowGroups>, schema: SchemaRef) -> Self {
        Self {
            spec,
            schema,
            work: work.into(),
            current: None,
        }
    }

    /// The next batch; `None` after the last.
    pub(crate) async fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let Some(current) = &mut self.current else {
                let Some(work) = self.work.pop_front() else {
                    return Ok(None);
                };
                self.current = Some(Current::open(&self.spec, &self.schema, work).await?);
                continue;
            };
            match current.batches.next().await.transpose() {
                Ok(Some(batch)) => return current.shaped(&batch, &self.schema).map(Some),
                Ok(None) => self.current = None,
                Err(error) => return Err(unreadable(&current.url, error)),
            }
        }
    }
}

/// A damaged or vanished Parquet file.
pub(crate) fn unreadable(url: &str, error: ParquetError) -> DataFusionError {
    DataFusionError::ParquetError(Box::new(error)).context(format!("while reading {url}"))
}

impl Current {
    async fn open(spec: &SourceSpec, schema: &SchemaRef, work: RowGroups) -> Result<Self> {
        let file = &spec.files[work.file];
        let url = file.url.clone();
        let place = stores::resolve(&url).map_err(|e| DataFusionError::External(Box::new(e)))?;
        let reader = StoreReader {
            store: place.store,
            path: place.path,
            size: file.size,
        };
        let failed = |error| unreadable(&url, error);
        let builder = ParquetRecordBatchStreamBuilder::new(reader)
            .await
            .map_err(failed)?;
        let here = builder.schema();
        let mut roots: Vec<usize> = schema
            .fields()
            .iter()
            .filter_map(|field| here.index_of(field.name()).ok())
            .collect();
        roots.sort_unstable();
        let columns = schema
            .fields()
            .iter()
            .map(|field| here.index_of(field.name()).ok())
            .map(|root| root.and_then(|root| roots.binary_search(&root).ok()))
            .collect();
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        let mut first = 0;
        let mut starts = Vec::with_capacity(file.row_groups.len());
        for (rows, _) in &file.row_groups {
            starts.push(first..first + rows);
            first += rows;
        }
        let stretches = work
            .groups
            .iter()
            .map(|group| starts[*group].clone())
            .collect();
        let batches = builder
            .with_projection(mask)
            .with_row_groups(work.groups)
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(failed)?;
        Ok(Self {
            file: work.file,
            url,
            columns,
            batches: batches.boxed(),
            stretches,
        })
    }

    /// The batch with the columns of the scan.
    fn shaped(&mut self, batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let lines = self.lines(rows);
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        for (field, column) in schema.fields().iter().zip(&self.columns) {
            arrays.push(match (column, field.name().as_str()) {
                (Some(column), _) => Arc::clone(batch.column(*column)),
                (None, FILE_COLUMN) => {
                    let file = u32::try_from(self.file)
                        .map_err(|e| DataFusionError::External(Box::new(e)))?;
                    Arc::new(UInt32Array::from_value(file, rows))
                }
                (None, LINE_COLUMN) => Arc::new(UInt64Array::from(lines.clone())),
                (None, URL_COLUMN) => Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
                    &self.url, rows,
                ))),
                (None, _) => new_null_array(field.data_type(), rows),
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(schema),
            arrays,
            &options,
        )?)
    }

    /// The 1-based numbers of the next rows. Batches may run over the ends of row groups.
    fn lines(&mut self, rows: usize) -> Vec<u64> {
        let mut lines = Vec::with_capacity(rows);
        while lines.len() < rows {
            let Some(stretch) = self.stretches.front_mut() else {
                break;
            };
            let taken = ((rows - lines.len()) as u64).min(stretch.end - stretch.start);
            lines.extend(stretch.start + 1..=stretch.start + taken);
            stretch.start += taken;
            if stretch.is_empty() {
                self.stretches.pop_front();
            }
        }
        lines
    }
}
