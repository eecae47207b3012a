//! JSON lines and Parquet, projections and partitions.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

use super::{Files, gzip, is_null, read};
use crate::source::{SourceError, SourceOptions};

const LINES: &str = r#"{"id": 12345678901234567890, "price": 1.10, "name": "a\"b\u00e9"}
{"name": null, "id": "x", "tags": ["a", {"b": 1}], "price": ""}

[1, 2]
{"id": 1
{"id": true, "id": false} x
{"id": false}
"#;

#[tokio::test]
async fn json_values_stand_as_they_are_written() {
    let gz = gzip(LINES.as_bytes());
    for (name, bytes) in [("a.jsonl", LINES.as_bytes()), ("a.ndjson.gz", &gz)] {
        let read = Files::new().with(name, bytes).read().await;
        let id = read.text("id");
        assert_eq!(id[..2], [Some("12345678901234567890"), Some("x")]);
        assert_eq!(id[5], Some("false"));
        assert_eq!(read.text("price")[..2], [Some("1.10"), None]);
        assert_eq!(read.text("name")[..2], [Some("a\"bé"), None]);
        assert_eq!(read.text("tags")[..2], [None, Some(r#"["a", {"b": 1}]"#)]);
        let invalid = [
            (4, "invalid_json"),
            (5, "invalid_json"),
            (6, "invalid_json"),
        ];
        assert_eq!(read.faults(), invalid);
        assert_eq!(read.text("_raw")[2], Some("[1, 2]"));
        assert_eq!(read.lines(), [1, 2, 4, 5, 6, 7]);
    }
}

fn parquet(files: &mut Files, name: &str, ids: std::ops::Range<i64>, group: usize) {
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(ids.clone()));
    let text: ArrayRef = Arc::new(StringArray::from_iter_values(
        ids.map(|id| format!("v{id}")),
    ));
    let batch = RecordBatch::try_from_iter([("id", id), ("text", text)]).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(group))
        .build();
    let file = std::fs::File::create(files.path(name)).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    files.add(name);
}

#[tokio::test]
async fn parquet_keeps_its_types_and_numbers_its_rows_whatever_the_partitions() {
    let mut files = Files::new();
    parquet(&mut files, "a.parquet", 0..25_000, 7_000);
    parquet(&mut files, "b.parquet", 25_000..25_010, 4);
    for partitions in [1, 2, 3, 16] {
        let read = files.read_with(&SourceOptions::default(), partitions).await;
        assert_eq!(read.len(), 25_010);
        let ids = read
            .batch
            .column_by_name("id")
            .unwrap()
            .as_primitive::<Int64Type>();
        let places = read.files().into_iter().zip(read.lines());
        for ((file, line), id) in places.zip(ids.values()) {
            assert_eq!(line as i64 + i64::from(file) * 25_000, id + 1);
        }
        assert!(is_null(&read, "_error", 0) && is_null(&read, "_raw", 0));
    }
}

#[tokio::test]
async fn only_what_is_asked_for_is_built() {
    let mut files = Files::new();
    parquet(&mut files, "a.parquet", 0..10, 4);
    let text = Files::new().with("a.csv", "id,text,more\n1,a,b\n1\n");
    for (files, rows) in [(files, 10), (text, 2)] {
        let table = files.open(&SourceOptions::default()).await.unwrap();
        let one = read(&table, &[1], 1).await;
        assert_eq!((one.len(), one.batch.num_columns()), (rows, 1));
        let none = read(&table, &[], 1).await;
        assert_eq!((none.len(), none.batch.num_columns()), (rows, 0));
    }
}

#[tokio::test]
async fn partitions_share_the_files_and_lose_none() {
    let mut files = Files::new();
    for number in 0..7 {
        let rows: String = (0..=number)
            .map(|row| format!("{number}-{row}\n"))
            .collect();
        files = files.with(&format!("{number}.csv"), format!("x\n{rows}"));
    }
    for partitions in [1, 2, 5, 40] {
        let read = files.read_with(&SourceOptions::default(), partitions).await;
        let mut values: Vec<_> = read.text("x").into_iter().flatten().collect();
        values.sort_unstable();
        assert_eq!((values.len(), values[0], values[27]), (28, "0-0", "6-6"));
    }
}

#[tokio::test]
async fn files_that_do_not_go_together_are_refused() {
    let mut files = Files::new().with("a.csv", "id\n1\n");
    parquet(&mut files, "b.parquet", 0..1, 1);
    let error = files.open(&SourceOptions::default()).await.unwrap_err();
    assert!(matches!(error, SourceError::MixedFormats { .. }), "{error}");
}

#[tokio::test]
async fn a_source_knows_its_columns_and_its_first_values() {
    let files = Files::new().with("a.csv", "id,x\n1,a\n2,\n");
    let table = files.open(&SourceOptions::default()).await.unwrap();
    let columns: Vec<&str> = table
        .columns()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    assert_eq!(columns, ["id", "x"]);
    assert!(
        table
            .columns()
            .iter()
            .all(|field| field.data_type() == &DataType::Utf8)
    );
    assert_eq!(table.sample("id"), ["1", "2"]);
    assert_eq!(table.sample("x"), ["a"]);
    assert!(table.is_text());
}
