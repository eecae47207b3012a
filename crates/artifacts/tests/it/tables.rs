use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Float64Array, Int32Array, Int64Array, StringArray,
    StringViewArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use artifacts::{ArtifactError, Output, PAGE_ROWS, ROW_GROUP_ROWS, RunReader};
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use crate::support::{JOB, Place, at, both, header};

/// Customers numbered 10, 20, …: an integer key, the same key as text, a
/// nullable decimal, a float.
pub(crate) fn customers(rows: usize) -> (SchemaRef, RecordBatch) {
    let schema = Arc::new(Schema::new(vec![
        Field::new("user_id", DataType::Int64, false),
        Field::new("code", DataType::Utf8, false),
        Field::new("monetary", DataType::Decimal128(18, 4), true),
        Field::new("rate", DataType::Float64, false),
        Field::new("r_score", DataType::Int32, true),
    ]));
    let id = |i: usize| i as i64 * 10;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values((0..rows).map(id))),
        Arc::new(StringArray::from_iter_values(
            (0..rows).map(|i| format!("{:09}", id(i))),
        )),
        Arc::new(
            (0..rows)
                .map(|i| (i % 3 != 0).then_some(i as i128 * 12345))
                .collect::<Decimal128Array>()
                .with_precision_and_scale(18, 4)
                .unwrap(),
        ),
        Arc::new(Float64Array::from_iter_values(
            (0..rows).map(|i| 1.0 / (i as f64 + 3.0)),
        )),
        Arc::new(
            (0..rows)
                .map(|i| (i % 7 != 0).then_some(i as i32 % 5))
                .collect::<Int32Array>(),
        ),
    ];
    (
        Arc::clone(&schema),
        RecordBatch::try_new(schema, columns).unwrap(),
    )
}

pub(crate) fn cut(batch: &RecordBatch, size: usize) -> Vec<RecordBatch> {
    let rows = batch.num_rows();
    (0..rows)
        .step_by(size)
        .map(|from| batch.slice(from, size.min(rows - from)))
        .collect()
}

pub(crate) async fn hash_of(schema: &SchemaRef, batches: &[RecordBatch]) -> String {
    let place = Place::memory();
    let run = place.begin(0).await;
    run.write_table("t.parquet", Arc::clone(schema), batches)
        .await
        .unwrap();
    let committed = run.commit(header(1)).await.unwrap();
    committed.manifest.file("t.parquet").unwrap().sha256.clone()
}

async fn written(place: &Place, schema: &SchemaRef, batches: &[RecordBatch]) -> RunReader {
    let run = place.begin(0).await;
    run.write_table("t.parquet", Arc::clone(schema), batches)
        .await
        .unwrap();
    run.commit(header(1)).await.unwrap();
    place.output.latest(JOB).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_table_reads_back_as_it_was_written() {
    for place in both() {
        let (schema, batch) = customers(20_000);
        let run = written(&place, &schema, &cut(&batch, 777)).await;
        assert_eq!(run.manifest().file("t.parquet").unwrap().rows, Some(20_000));
        let (read_schema, read) = run.read_table("t.parquet").await.unwrap();
        assert_eq!(read_schema, schema);
        assert_eq!(concat_batches(&schema, &read).unwrap(), batch);
    }
}

#[tokio::test]
async fn an_empty_table_keeps_its_columns() {
    for place in both() {
        let (schema, _) = customers(0);
        let run = written(&place, &schema, &[]).await;
        let (read_schema, read) = run.read_table("t.parquet").await.unwrap();
        assert_eq!(read_schema, schema);
        assert_eq!(read.iter().map(RecordBatch::num_rows).sum::<usize>(), 0);
        assert!(
            run.find_row("t.parquet", "user_id", "10")
                .await
                .unwrap()
                .is_none()
        );
    }
}

#[tokio::test]
async fn the_same_rows_give_the_same_bytes_however_they_are_cut() {
    let (schema, batch) = customers(ROW_GROUP_ROWS + 5000);
    let whole = hash_of(&schema, std::slice::from_ref(&batch)).await;
    for size in [999, 8192, ROW_GROUP_ROWS - 1, ROW_GROUP_ROWS + 1] {
        assert_eq!(
            hash_of(&schema, &cut(&batch, size)).await,
            whole,
            "batches of {size}"
        );
    }
    let other = batch.slice(0, batch.num_rows() - 1);
    assert_ne!(hash_of(&schema, &[other]).await, whole);
}

#[tokio::test]
async fn the_same_text_gives_the_same_bytes_in_every_layout() {
    let values: Vec<String> = (0..3000).map(|i| format!("customer number {i}")).collect();
    let table = |data_type: DataType, array: ArrayRef| {
        let schema = Arc::new(Schema::new_with_metadata(
            vec![Field::new("user_id", data_type, false)],
            [("engine".to_owned(), format!("{:?}", array.data_type()))].into(),
        ));
        (
            Arc::clone(&schema),
            vec![RecordBatch::try_new(schema, vec![array]).unwrap()],
        )
    };
    let plain: ArrayRef = Arc::new(StringArray::from_iter_values(&values));
    let view: ArrayRef = Arc::new(StringViewArray::from_iter_values(&values));
    let dictionary = arrow::compute::cast(
        &plain,
        &DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
    )
    .unwrap();
    let (schema, batches) = table(DataType::Utf8, plain);
    let expected = hash_of(&schema, &batches).await;
    for array in [view, dictionary] {
        let (view_schema, view_batches) = table(array.data_type().clone(), array);
        assert_eq!(hash_of(&view_schema, &view_batches).await, expected);
        // A plain schema over another layout is the same table too.
        assert_eq!(hash_of(&schema, &view_batches).await, expected);
    }
}

#[tokio::test]
async fn a_batch_that_does_not_fit_the_schema_is_an_error_and_writes_nothing() {
    for place in both() {
        let (_, batch) = customers(10);
        let schema = Arc::new(Schema::new(vec![Field::new(
            "user_id",
            DataType::Int64,
            false,
        )]));
        let run = place.begin(0).await;
        let error = run
            .write_table("t.parquet", schema, &[batch])
            .await
            .unwrap_err();
        assert!(matches!(error, ArtifactError::Table { .. }), "{error}");
        let committed = run.commit(header(1)).await.unwrap();
        assert!(committed.manifest.files.is_empty());
        assert!(
            !place
                .files()
                .await
                .iter()
                .any(|name| name.contains("t.parquet"))
        );
    }
}

#[tokio::test]
async fn a_customer_is_found_by_number_or_text() {
    let rows = ROW_GROUP_ROWS + 3 * PAGE_ROWS + 17;
    for place in both() {
        let (schema, batch) = customers(rows);
        let run = written(&place, &schema, std::slice::from_ref(&batch)).await;
        for row in [
            0,
            1,
            PAGE_ROWS - 1,
            PAGE_ROWS,
            ROW_GROUP_ROWS - 1,
            ROW_GROUP_ROWS,
            rows - 1,
        ] {
            let number = (row * 10).to_string();
            let found = run
                .find_row("t.parquet", "user_id", &number)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(found, batch.slice(row, 1), "row {row}");
            let code = format!("{:09}", row * 10);
            let found = run
                .find_row("t.parquet", "code", &code)
                .await
                .unwrap()
                .unwrap();
            assert_eq!(found, batch.slice(row, 1), "row {row}");
        }
        for absent in [
            "5",
            "-10",
            "99999999999",
            "9223372036854775808",
            "abc",
            "",
            "1.0",
        ] {
            let found = run.find_row("t.parquet", "user_id", absent).await.unwrap();
            assert!(found.is_none(), "{absent:?}");
        }
    }
}

#[tokio::test]
async fn every_row_of_a_key_is_found_in_order() {
    let schema = Arc::new(Schema::new(vec![
        Field::new("user_id", DataType::Int64, false),
        Field::new("rank", DataType::Int64, false),
    ]));
    let rows = 40_000;
    let batch = RecordBatch::try_new(
        Arc::clone(&schema),
        vec![
            Arc::new(Int64Array::from_iter_values((0..rows).map(|i| i / 10))),
            Arc::new(Int64Array::from_iter_values((0..rows).map(|i| i % 10))),
        ],
    )
    .unwrap();
    let run = written(&Place::memory(), &schema, &[batch]).await;
    // 819 lies across the first page's end.
    for user in [0, 819, 2000, 3999] {
        let found = run
            .find_rows("t.parquet", "user_id", &user.to_string())
            .await
            .unwrap();
        let ranks: Vec<_> = found
            .column(1)
            .as_primitive::<Int64Type>()
            .values()
            .to_vec();
        assert_eq!(ranks, (0..10).collect::<Vec<_>>(), "user {user}");
    }
}

#[tokio::test]
async fn rows_of_several_keys_are_found_at_once() {
    let rows = ROW_GROUP_ROWS + 3 * PAGE_ROWS;
    let (schema, batch) = customers(rows);
    let run = written(&Place::memory(), &schema, std::slice::from_ref(&batch)).await;
    let places = [0, 5, PAGE_ROWS, ROW_GROUP_ROWS, rows - 1];
    let expected: Vec<_> = places.iter().map(|row| batch.slice(*row, 1)).collect();
    let expected = concat_batches(&schema, &expected).unwrap();
    let ids: Vec<String> = places.iter().map(|row| (row * 10).to_string()).collect();
    let mut asked: Vec<&str> = ids.iter().rev().map(String::as_str).collect();
    asked.extend(["7", "abc", "0"]);
    let found = run.find_rows_of("t.parquet", "user_id", &asked).await;
    assert_eq!(found.unwrap(), expected);
    for nothing in [&["7", "abc"][..], &[]] {
        let found = run.find_rows_of("t.parquet", "user_id", nothing).await;
        assert_eq!(found.unwrap().num_rows(), 0);
    }
}

#[tokio::test]
async fn columns_that_are_no_keys_are_refused_by_name() {
    let (schema, batch) = customers(10);
    let run = written(&Place::memory(), &schema, &[batch]).await;
    let error = run.find_row("t.parquet", "rate", "0.5").await.unwrap_err();
    assert!(
        error.to_string().contains("neither integer nor text"),
        "{error}"
    );
    let error = run.find_row("t.parquet", "nobody", "1").await.unwrap_err();
    assert!(
        error.to_string().contains("user_id, code, monetary"),
        "{error}"
    );
}

#[tokio::test]
async fn a_lookup_reads_a_small_part_of_the_file() {
    let counting = Arc::new(Counting::default());
    let store: Arc<dyn ObjectStore> = Arc::clone(&counting) as _;
    let output = Output::new(store, Path::from("r"), "memory:///r".to_owned());
    let (schema, batch) = customers(400_000);
    let run = output.begin(JOB, at(0), "q").await.unwrap();
    run.write_table("t.parquet", schema, &[batch])
        .await
        .unwrap();
    let size = run.commit(header(1)).await.unwrap().manifest.files[0].size;
    let reader = output.latest(JOB).await.unwrap().unwrap();
    counting.read.store(0, Ordering::SeqCst);
    for key in ["user_id", "code"] {
        let value = if key == "code" {
            "002345670"
        } else {
            "2345670"
        };
        assert!(
            reader
                .find_row("t.parquet", key, value)
                .await
                .unwrap()
                .is_some()
        );
        let read = counting.read.swap(0, Ordering::SeqCst);
        assert!(read < size / 10, "read {read} of {size} bytes by {key}");
    }
    assert!(
        reader
            .find_row("t.parquet", "user_id", "99999999")
            .await
            .unwrap()
            .is_none()
    );
    let read = counting.read.swap(0, Ordering::SeqCst);
    assert!(
        read <= 64 * 1024,
        "an absent key costs the footer alone, read {read}"
    );
}

#[tokio::test]
async fn parts_written_by_others_are_taken_in_and_read_as_one_table() {
    for place in both() {
        let (schema, batch) = customers(5000);
        // Parts made by the same encoder in another run.
        let maker = place.begin(0).await;
        for (part, from) in [("a.parquet", 0), ("b.parquet", 2500)] {
            maker
                .write_table(part, Arc::clone(&schema), &[batch.slice(from, 2500)])
                .await
                .unwrap();
        }
        maker.commit(header(1)).await.unwrap();
        let maker = place.output.latest(JOB).await.unwrap().unwrap();
        let run = place.begin(10).await;
        for part in ["a.parquet", "b.parquet"] {
            let bytes = maker.read_bytes(part).await.unwrap();
            let name = format!("{JOB}/{}/t.parquet/{part}", run.id());
            place.overwrite(&name, Vec::leak(bytes.to_vec())).await;
        }
        assert_eq!(run.adopt("t.parquet").await.unwrap(), Some(5000));
        assert!(run.adopt("nothing.parquet").await.is_err());
        run.commit(header(12)).await.unwrap();
        let run = place.output.latest(JOB).await.unwrap().unwrap();
        run.verify().await.unwrap();
        let (_, read) = run.read_table("t.parquet").await.unwrap();
        assert_eq!(concat_batches(&schema, &read).unwrap(), batch);
        let found = run
            .find_row("t.parquet", "user_id", "30000")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found, batch.slice(3000, 1));
    }
}

/// A store in memory that counts the bytes it hands out.
#[derive(Debug, Default)]
struct Counting {
    inner: InMemory,
    read: AtomicU64,
}

impl std::fmt::Display for Counting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Counting")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Counting {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(location, payload, options).await
    }
    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let found = self.inner.get_opts(location, options).await?;
        self.read
            .fetch_add(found.range.end - found.range.start, Ordering::SeqCst);
        Ok(found)
    }
    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let bytes: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        self.read.fetch_add(bytes, Ordering::SeqCst);
        self.inner.get_ranges(location, ranges).await
    }
    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }
    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }
    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }
    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
