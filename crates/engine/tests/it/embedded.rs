//! The facade, embedded.

use std::sync::Arc;

use arrow::array::{AsArray, Int64Array, RecordBatch, StringViewArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit};
use engine::{EngineError, ScalarValue};
use parquet::arrow::ArrowWriter;

use crate::fixture::{embedded, entries, events, table};

#[tokio::test]
async fn parameters_are_bound_wherever_a_value_may_stand() {
    let folder = tempfile::tempdir().unwrap();
    let engine = embedded(folder.path(), 2).await;
    let at = ScalarValue::TimestampMicrosecond(Some(1_500_000_000_000_000), Some("UTC".into()));
    let result = engine
        .query(
            "with t as (select value as n, 'u' || value as id from generate_series(1, 10))
             select
                n * $factor as scaled,
                date_trunc('day', $at) as day,
                coalesce(nullif(id, $id), 'it') as id,
                extract(epoch from $at) - n as left,
                cast($at as date) as d,
                case when n >= $low then $big else $small end as size
             from t where n between $low and $high and unit_hash(id, $seed) < 1.0 order by n",
            &[
                ("factor", ScalarValue::from(3_i64)),
                ("at", at),
                ("id", ScalarValue::from("u4")),
                ("low", ScalarValue::from(3_i64)),
                ("high", ScalarValue::from(4_i64)),
                ("seed", ScalarValue::from(42_i64)),
                ("big", ScalarValue::from("big")),
                ("small", ScalarValue::from("small")),
                ("unused", ScalarValue::from(1_i64)),
            ],
        )
        .await
        .unwrap();
    assert_eq!(result.num_rows(), 2, "{}", table(&result));
    let column = result.batches[0].column(0).as_primitive::<Int64Type>();
    assert_eq!(column.values(), &[9, 12]);
    assert_eq!(
        result.schema.field(1).data_type(),
        &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
    );
    assert!(table(&result).contains("| it "), "{}", table(&result));
}

#[tokio::test]
async fn a_missing_parameter_is_invalid_sql() {
    let folder = tempfile::tempdir().unwrap();
    let engine = embedded(folder.path(), 1).await;
    let error = engine.query("select 1 + $n", &[]).await.unwrap_err();
    assert!(matches!(error, EngineError::InvalidSql { .. }), "{error:?}");
    assert!(error.to_string().contains("$n"), "{error}");
}

#[tokio::test]
async fn sql_that_cannot_be_planned_or_would_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let engine = embedded(folder.path(), 1).await;
    let out = folder.path().join("out");
    let copy = format!("copy (select 1) to '{}/'", out.display());
    for sql in [
        "selec 1",
        "select x from nowhere",
        "create table t as select 1",
        "drop table t",
        &copy,
    ] {
        let error = engine.query(sql, &[]).await.unwrap_err();
        assert!(
            matches!(error, EngineError::InvalidSql { .. }),
            "{sql}: {error:?}"
        );
    }
    assert!(!out.exists());
}

#[tokio::test]
async fn a_written_table_reads_back_with_its_types() {
    let folder = tempfile::tempdir().unwrap();
    let engine = embedded(folder.path(), 2).await;
    let url = events(&engine, folder.path()).await;
    let expected = [
        ("event_id", DataType::Int64),
        ("user_id", DataType::Int64),
        ("product_id", DataType::Utf8),
        ("price", DataType::Decimal128(22, 8)),
        (
            "event_time",
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ),
    ];
    engine.register_parquet("again", &url).await.unwrap();
    for name in ["events", "again"] {
        let schema = engine.table_schema(name).await.unwrap();
        let found: Vec<_> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(found, expected.clone().map(|(name, _)| name));
        for (name, kind) in &expected {
            let field = schema.field_with_name(name).unwrap();
            // The exact precision of a quotient is DataFusion's business.
            match (field.data_type(), kind) {
                (DataType::Decimal128(..), DataType::Decimal128(..)) => {}
                (found, kind) => assert_eq!(found, kind, "{name}"),
            }
        }
        let result = engine
            .query(&format!("select * from {name} limit 5"), &[])
            .await
            .unwrap();
        assert_eq!(result.schema.fields(), schema.fields());
        assert_eq!(result.batches[0].schema(), result.schema);
    }
    assert!(
        entries(&folder.path().join("events")).len() > 1,
        "parts are written in parallel"
    );
}

#[tokio::test]
async fn writing_again_replaces_the_parts_and_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let engine = embedded(folder.path(), 2).await;
    let url = folder.path().join("t").to_str().unwrap().to_owned();
    for rows in [50_000_u64, 7] {
        let sql = format!("select value as n from generate_series(1, {rows})");
        let written = engine.materialise("t", &sql, &[], &url).await.unwrap();
        assert_eq!(written.rows, rows);
        let result = engine
            .query("select count(*) as n, max(n) as m from t", &[])
            .await
            .unwrap();
        let counts = result.batches[0].column(0).as_primitive::<Int64Type>();
        assert_eq!(counts.value(0) as u64, rows);
    }
}

#[tokio::test]
async fn a_table_without_rows_keeps_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let engine = embedded(folder.path(), 2).await;
    events(&engine, folder.path()).await;
    let url = folder.path().join("none").to_str().unwrap().to_owned();
    let sql = "select user_id, product_id, event_time from events where user_id < 0";
    let written = engine.materialise("none", sql, &[], &url).await.unwrap();
    assert_eq!(written.rows, 0);
    engine.register_parquet("none_again", &url).await.unwrap();
    for name in ["none", "none_again"] {
        let result = engine
            .query(&format!("select * from {name}"), &[])
            .await
            .unwrap();
        assert_eq!(result.num_rows(), 0);
        let kinds: Vec<_> = result
            .schema
            .fields()
            .iter()
            .map(|f| f.data_type().clone())
            .collect();
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        assert_eq!(kinds, [DataType::Int64, DataType::Utf8, utc]);
    }
}

#[tokio::test]
async fn views_are_queries_with_their_parameters() {
    let folder = tempfile::tempdir().unwrap();
    let engine = embedded(folder.path(), 2).await;
    events(&engine, folder.path()).await;
    let few = &[("most", ScalarValue::from(10_i64))];
    engine
        .create_view(
            "few",
            "select user_id from events where user_id < $most",
            few,
        )
        .await
        .unwrap();
    engine
        .create_view(
            "fewer",
            "select distinct user_id from few where user_id > 4",
            &[],
        )
        .await
        .unwrap();
    let result = engine
        .query("select user_id from fewer order by 1", &[])
        .await
        .unwrap();
    let ids = result.batches[0].column(0).as_primitive::<Int64Type>();
    assert_eq!(ids.values(), &[5, 6, 7, 8, 9]);
}

#[tokio::test]
async fn text_views_in_a_file_are_plain_text_here() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("views.parq");
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8View, false),
        Field::new("n", DataType::Int64, true),
    ]));
    let columns: Vec<arrow::array::ArrayRef> = vec![
        Arc::new(StringViewArray::from(vec!["a", "b"])),
        Arc::new(Int64Array::from(vec![Some(1), None])),
    ];
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();

    let engine = embedded(folder.path(), 1).await;
    engine
        .register_parquet("v", path.to_str().unwrap())
        .await
        .unwrap();
    let result = engine
        .query("select id || 'x' as id, n from v order by id", &[])
        .await
        .unwrap();
    assert_eq!(result.schema.field(0).data_type(), &DataType::Utf8);
    assert_eq!(
        result.batches[0].column(0).as_string::<i32>().value(1),
        "bx"
    );
}

#[tokio::test]
async fn what_cannot_be_read_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let engine = embedded(folder.path(), 1).await;
    let missing = folder
        .path()
        .join("missing.parquet")
        .to_str()
        .unwrap()
        .to_owned();
    let error = engine.register_parquet("m", &missing).await.unwrap_err();
    assert!(matches!(error, EngineError::Read { .. }), "{error:?}");
    assert!(error.to_string().contains(&missing), "{error}");

    let damaged = folder.path().join("damaged.parquet");
    std::fs::write(&damaged, "this is not parquet").unwrap();
    let error = engine
        .register_parquet("d", damaged.to_str().unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::Read { .. }), "{error:?}");
    assert!(error.to_string().contains("damaged.parquet"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_written_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let engine = embedded(folder.path(), 1).await;
    let file = folder.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let url = file.join("table").to_str().unwrap().to_owned();
    let error = engine
        .materialise("t", "select 1 as n", &[], &url)
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::Write { .. }), "{error:?}");
    assert!(error.to_string().contains(&url), "{error}");
}

#[tokio::test]
async fn data_that_does_not_fit_is_an_execution_error() {
    let folder = tempfile::tempdir().unwrap();
    let engine = embedded(folder.path(), 1).await;
    events(&engine, folder.path()).await;
    let error = engine
        .query("select sum(cast(product_id as int)) from events", &[])
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::Execution { .. }), "{error:?}");
}

#[tokio::test]
async fn closing_removes_the_work_folder_once_the_last_clone_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    let engine = embedded(folder.path(), 1).await;
    let clone = engine.clone();
    assert_eq!(entries(&work).len(), 1);
    engine.close().await;
    assert_eq!(entries(&work).len(), 1);
    clone.close().await;
    assert!(entries(&work).is_empty());
}
