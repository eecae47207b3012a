//! Our SQL functions, in SQL.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type, TimeUnit, TimestampMicrosecondType};
use engine::functions::{parse_utc, unit_hash_i64, unit_hash_str};

use crate::fixture::embedded;

#[tokio::test]
async fn parse_utc_reads_columns_and_constants_alike() {
    let folder = tempfile::tempdir().unwrap();
    let engine = embedded(folder.path(), 1).await;
    let result = engine
        .query(
            "select parse_utc(t) as read, parse_utc('2019-10-01') as constant,
                parse_utc(arrow_cast(t, 'LargeUtf8')) as large,
                parse_utc(arrow_cast(t, 'Utf8View')) as view,
                parse_utc(null) as nothing
             from (values ('2019-10-01 02:00:00 UTC'), ('soon'), (null)) as v(t)",
            &[],
        )
        .await
        .unwrap();
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    assert!(result.schema.fields().iter().all(|f| f.data_type() == &utc));
    let batch = &result.batches[0];
    for column in ["read", "large", "view"] {
        let read = batch.column_by_name(column).unwrap();
        let read = read.as_primitive::<TimestampMicrosecondType>();
        assert_eq!(read.value(0), parse_utc("2019-10-01T02:00:00Z").unwrap());
        assert!(read.is_null(1) && read.is_null(2), "{column}");
    }
    let constant = batch.column(1).as_primitive::<TimestampMicrosecondType>();
    assert_eq!(constant.value(2), parse_utc("2019-10-01").unwrap());
    assert_eq!(batch.column(4).null_count(), 3);
}

#[tokio::test]
async fn unit_hash_takes_integers_of_any_width_and_texts() {
    let folder = tempfile::tempdir().unwrap();
    let engine = embedded(folder.path(), 1).await;
    let result = engine
        .query(
            "select unit_hash(n, 42) as a, unit_hash(arrow_cast(n, 'Int32'), 42) as b,
                unit_hash('u' || n, 42) as c, unit_hash(7, 42) as d
             from (values (7), (-1)) as v(n)",
            &[],
        )
        .await
        .unwrap();
    let column = |i: usize| {
        result.batches[0]
            .column(i)
            .as_primitive::<Float64Type>()
            .clone()
    };
    assert_eq!(
        column(0).values(),
        &[unit_hash_i64(7, 42), unit_hash_i64(-1, 42)]
    );
    assert_eq!(column(0), column(1));
    assert_eq!(
        column(2).values(),
        &[unit_hash_str("u7", 42), unit_hash_str("u-1", 42)]
    );
    assert_eq!(
        column(3).values(),
        &[unit_hash_i64(7, 42), unit_hash_i64(7, 42)]
    );
}
