//! Sources as specifications: what is written in a file is what stands in the table.

mod codec;
mod csv;
mod formats;
mod hostile;
mod remote;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{UInt32Type, UInt64Type};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::TryStreamExt;

use super::exec::SourceScanExec;
use super::{SourceError, SourceInput, SourceOptions, SourceTable};

/// A folder of files to read.
pub(super) struct Files {
    folder: tempfile::TempDir,
    inputs: Vec<SourceInput>,
}

impl Files {
    pub(super) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            inputs: Vec::new(),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn with(mut self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.path(name), bytes).unwrap();
        self.add(name);
        self
    }

    pub(super) fn add(&mut self, name: &str) {
        let path = self.path(name);
        let url = crate::stores::resolve(path.to_str().unwrap())
            .unwrap()
            .url
            .to_string();
        self.inputs.push(SourceInput {
            url,
            size: size(&path),
        });
    }

    pub(super) async fn open(&self, options: &SourceOptions) -> Result<SourceTable, SourceError> {
        SourceTable::open(&self.inputs, options).await
    }

    pub(super) async fn read(&self) -> Read {
        self.read_with(&SourceOptions::default(), 1).await
    }

    pub(super) async fn read_with(&self, options: &SourceOptions, partitions: usize) -> Read {
        let table = self.open(options).await.unwrap();
        let all: Vec<usize> = (0..table.schema.fields().len()).collect();
        read(&table, &all, partitions).await
    }
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Runs a scan and puts its rows in the order of files and lines.
pub(super) async fn read(table: &SourceTable, projection: &[usize], partitions: usize) -> Read {
    let scan = SourceScanExec::plan(
        Arc::clone(&table.spec),
        &table.schema,
        projection,
        partitions,
    )
    .unwrap();
    run(Arc::new(scan)).await
}

pub(super) async fn run(scan: Arc<dyn ExecutionPlan>) -> Read {
    let mut batches: Vec<RecordBatch> = Vec::new();
    for partition in 0..scan.output_partitioning().partition_count() {
        let stream = scan
            .execute(partition, Arc::new(TaskContext::default()))
            .unwrap();
        batches.extend(stream.try_collect::<Vec<_>>().await.unwrap());
    }
    Read {
        batch: concat_batches(&scan.schema(), &batches).unwrap(),
        batches: batches.len(),
    }
}

/// The rows of a scan.
pub(super) struct Read {
    pub batch: RecordBatch,
    pub batches: usize,
}

impl Read {
    /// Values of a text column.
    pub(super) fn text(&self, column: &str) -> Vec<Option<&str>> {
        let column = self.batch.column_by_name(column).unwrap();
        column.as_string::<i32>().iter().collect()
    }

    pub(super) fn lines(&self) -> Vec<u64> {
        let column = self.batch.column_by_name("_line").unwrap();
        column.as_primitive::<UInt64Type>().values().to_vec()
    }

    pub(super) fn files(&self) -> Vec<u32> {
        let column = self.batch.column_by_name("_file").unwrap();
        column.as_primitive::<UInt32Type>().values().to_vec()
    }

    /// Lines with faults: the line and the fault.
    pub(super) fn faults(&self) -> Vec<(u64, &str)> {
        let faults = self.text("_error");
        let lines = self.lines();
        lines
            .into_iter()
            .zip(faults)
            .filter_map(|(line, fault)| Some((line, fault?)))
            .collect()
    }

    pub(super) fn len(&self) -> usize {
        self.batch.num_rows()
    }
}

pub(super) fn is_null(read: &Read, column: &str, row: usize) -> bool {
    read.batch.column_by_name(column).unwrap().is_null(row)
}
