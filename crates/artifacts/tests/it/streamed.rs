//! Tables written batch by batch.

use std::sync::Arc;
use std::time::Duration;

use artifacts::{ArtifactError, ROW_GROUP_ROWS};

use crate::support::{JOB, both, everything_in, header};
use crate::tables::{customers, cut, hash_of};

#[tokio::test]
async fn the_bytes_are_those_of_a_table_written_at_once() {
    let (schema, batch) = customers(2 * ROW_GROUP_ROWS + 5000);
    let whole = hash_of(&schema, std::slice::from_ref(&batch)).await;
    for size in [999, ROW_GROUP_ROWS] {
        for place in both() {
            let run = place.begin(0).await;
            let mut table = run.table_writer("t.parquet", Arc::clone(&schema)).unwrap();
            for part in cut(&batch, size) {
                table.write(part).await.unwrap();
                table.write(batch.slice(0, 0)).await.unwrap();
            }
            assert_eq!(table.finish().await.unwrap(), batch.num_rows() as u64);
            let committed = run.commit(header(1)).await.unwrap();
            let file = committed.manifest.file("t.parquet").unwrap();
            assert_eq!(file.sha256, whole, "batches of {size}");
            assert_eq!(file.rows, Some(batch.num_rows() as u64));
            let run = place.output.latest(JOB).await.unwrap().unwrap();
            run.verify().await.unwrap();
        }
    }
}

#[tokio::test]
async fn batches_may_come_late() {
    let (schema, batch) = customers(3000);
    let place = &both()[1];
    let run = place.begin(0).await;
    let mut table = run.table_writer("t.parquet", Arc::clone(&schema)).unwrap();
    for part in cut(&batch, 1000) {
        tokio::time::sleep(Duration::from_millis(5)).await;
        table.write(part).await.unwrap();
    }
    table.finish().await.unwrap();
    let committed = run.commit(header(1)).await.unwrap();
    let expected = hash_of(&schema, &[batch]).await;
    assert_eq!(committed.manifest.files[0].sha256, expected);
}

#[tokio::test]
async fn a_dropped_table_leaves_nothing_and_frees_its_name() {
    // Several row groups, so that pieces are on their way when the table is dropped.
    let (schema, batch) = customers(8 * ROW_GROUP_ROWS);
    for place in both() {
        let run = place.begin(0).await;
        let mut table = run.table_writer("t.parquet", Arc::clone(&schema)).unwrap();
        let taken = run.table_writer("t.parquet", Arc::clone(&schema)).err();
        assert!(matches!(taken, Some(ArtifactError::AlreadyWritten { .. })));
        for part in cut(&batch, 50_000) {
            table.write(part).await.unwrap();
        }
        drop(table);
        let (schema, small) = customers(10);
        run.write_table("t.parquet", schema, &[small])
            .await
            .unwrap();
        let committed = run.commit(header(1)).await.unwrap();
        assert_eq!(committed.manifest.file("t.parquet").unwrap().rows, Some(10));
        let names = place.files().await;
        assert_eq!(
            names
                .iter()
                .filter(|name| name.contains("t.parquet"))
                .count(),
            1,
            "{names:?}"
        );
    }
}

#[tokio::test]
async fn a_batch_that_does_not_fit_ends_the_table() {
    let (schema, batch) = customers(100);
    for place in both() {
        let run = place.begin(0).await;
        let mut table = run.table_writer("t.parquet", Arc::clone(&schema)).unwrap();
        table.write(batch.clone()).await.unwrap();
        let narrow = batch.project(&[0]).unwrap();
        // The encoder looks at a batch after it was handed over.
        let mut error = table.write(narrow).await.err();
        for _ in 0..3 {
            if error.is_none() {
                error = table.write(batch.clone()).await.err();
            }
        }
        let error = error.expect("a batch of another shape was taken");
        assert!(matches!(error, ArtifactError::Table { .. }), "{error}");
        let error = table.write(batch.clone()).await.unwrap_err();
        assert!(
            matches!(error, ArtifactError::Interrupted { .. }),
            "{error}"
        );
        let error = table.finish().await.unwrap_err();
        assert!(
            matches!(error, ArtifactError::Interrupted { .. }),
            "{error}"
        );
        let committed = run.commit(header(1)).await.unwrap();
        assert!(committed.manifest.files.is_empty());
        if !place.output.display().contains("://") {
            let left = everything_in(&place.folder());
            assert!(!left.iter().any(|path| path.ends_with("t.parquet")));
        }
    }
}
