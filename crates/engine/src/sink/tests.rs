use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, displayable};
use datafusion_proto::logical_plan::LogicalExtensionCodec;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;

use super::attempt::{Attempt, AttemptError};
use super::node::{Target, report_schema};
use super::part::PartWriter;
use super::upload::Upload;
use super::{Sink, SinkExec, codec};
use crate::stores::{self, ResolvedUrl};
use crate::{Engine, EngineLogicalCodec, EngineParams};

fn folder(root: &std::path::Path) -> ResolvedUrl {
    stores::resolve(&format!("{}/", root.display())).unwrap()
}

fn names(root: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(root).unwrap();
    let mut names: Vec<_> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A report of files of 4 bytes and 1 row.
fn report(names: &[String]) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(names.to_vec())),
        Arc::new(UInt64Array::from(vec![1; names.len()])),
        Arc::new(UInt64Array::from(vec![4; names.len()])),
    ];
    RecordBatch::try_new(report_schema(), columns).unwrap()
}

#[tokio::test]
async fn what_was_reported_is_kept_and_other_files_of_the_attempt_go() {
    let root = tempfile::tempdir().unwrap();
    let attempt = Attempt::new(&folder(root.path()));
    let id = attempt.target().attempt;
    let kept = [format!("{id}-b.parquet"), format!("{id}-a.parquet")];
    for name in [&kept[0], &kept[1]] {
        std::fs::write(root.path().join(name), "part").unwrap();
    }
    for name in ["-again.parquet", "-begun.parquet#1"] {
        std::fs::write(root.path().join(format!("{id}{name}")), "litter").unwrap();
    }
    std::fs::write(root.path().join("other.parquet"), "other").unwrap();
    let parts = attempt.parts(&[report(&kept)]).unwrap();
    assert!(parts[0].path.as_ref().ends_with("-a.parquet"), "in order");
    attempt.commit(&parts).await.unwrap();
    let mut expected = vec![kept[1].clone(), kept[0].clone(), "other.parquet".to_owned()];
    expected.sort();
    assert_eq!(names(root.path()), expected);
}

#[tokio::test]
async fn an_attempt_given_up_leaves_nothing_and_touches_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    for dropped in [false, true] {
        let attempt = Attempt::new(&folder(root.path()));
        let id = attempt.target().attempt;
        for name in ["-1.parquet", "-2.parquet#1"] {
            std::fs::write(root.path().join(format!("{id}{name}")), "litter").unwrap();
        }
        std::fs::write(root.path().join("other.parquet"), "other").unwrap();
        if dropped {
            drop(attempt);
            for _ in 0..200 {
                if names(root.path()).len() == 1 {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        } else {
            attempt.abandon().await;
        }
        assert_eq!(names(root.path()), ["other.parquet"]);
    }
}

#[tokio::test]
async fn a_report_is_not_believed_blindly() {
    let root = tempfile::tempdir().unwrap();
    let attempt = Attempt::new(&folder(root.path()));
    let id = attempt.target().attempt;
    let one = format!("{id}-1.parquet");
    for wrong in [
        vec!["foreign.parquet".to_owned()],
        vec![format!("{id}/../../secret.parquet")],
        vec![one.clone(), one.clone()],
    ] {
        let told = attempt.parts(&[report(&wrong)]);
        assert!(matches!(told, Err(AttemptError::Report(_))), "{wrong:?}");
    }
    // A file of another length is not the one that was reported.
    std::fs::write(root.path().join(&one), "to").unwrap();
    let parts = attempt.parts(&[report(&[one])]).unwrap();
    let error = attempt.commit(&parts).await.unwrap_err();
    assert!(matches!(error, AttemptError::Unseen { missing: 1, .. }));
}

#[tokio::test]
async fn an_upload_shows_its_object_whole_or_not_at_all() {
    let root = tempfile::tempdir().unwrap();
    let place = folder(root.path());
    let upload = |name: &str| {
        let path = place.path.clone().join(name);
        Upload::new(Arc::clone(&place.store), path, 4)
    };
    for bytes in ["", "abc", "abcd", "abcdefghijk"] {
        let mut whole = upload("whole");
        whole.put(bytes.into()).await.unwrap();
        assert_eq!(whole.bytes(), bytes.len() as u64);
        assert!(!root.path().join("whole").exists());
        whole.finish().await.unwrap();
        assert_eq!(
            std::fs::read(root.path().join("whole")).unwrap(),
            bytes.as_bytes()
        );
        std::fs::remove_file(root.path().join("whole")).unwrap();
    }
    let mut dropped = upload("dropped");
    dropped.put("abcdefghijk".into()).await.unwrap();
    assert_eq!(names(root.path()), ["dropped#1"]);
    drop(dropped);
    for _ in 0..200 {
        if names(root.path()).is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{:?}", names(root.path()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_upload_keeps_every_byte(pieces in proptest::collection::vec(
        proptest::collection::vec(any::<u8>(), 0..40), 0..12), part_bytes in 1_usize..50) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let store: Arc<dyn ObjectStore> = Arc::new(object_store::memory::InMemory::new());
            let path = Path::from("object");
            let mut upload = Upload::new(Arc::clone(&store), path.clone(), part_bytes);
            for piece in &pieces {
                upload.put(piece.clone().into()).await.unwrap();
                assert!(upload.held_bytes() <= 3 * part_bytes);
            }
            upload.finish().await.unwrap();
            let found = store.get(&path).await.unwrap().bytes().await.unwrap();
            assert_eq!(found, pieces.concat());
        });
    }
}

#[tokio::test]
async fn a_writer_without_memory_closes_its_row_group_and_goes_on() {
    let root = tempfile::tempdir().unwrap();
    let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::UInt64, false)]));
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(1 << 10)))
        .build_arc()
        .unwrap();
    let context = TaskContext::default().with_runtime(Arc::clone(&runtime));
    let target = Target {
        url: folder(root.path()).url.to_string(),
        attempt: "a".to_owned(),
    };
    let mut part = PartWriter::new(&target, "p.parquet", Arc::clone(&schema), &context).unwrap();
    for start in 0..5_u64 {
        let column = UInt64Array::from_iter_values((0..10_000).map(|n| n * n + start));
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(column)]).unwrap();
        part.write(&batch).await.unwrap();
    }
    let (rows, bytes) = part.finish().await.unwrap();
    let file = std::fs::File::open(root.path().join("p.parquet")).unwrap();
    assert_eq!((rows, bytes), (50_000, file.metadata().unwrap().len()));
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    assert_eq!(reader.metadata().num_row_groups(), 5);
    assert_eq!(reader.schema().fields(), schema.fields());
    assert_eq!(runtime.memory_pool.reserved(), 0);
}

/// The physical plan of a sink over `sql`.
async fn plan(engine: &Engine, sql: &str) -> Arc<dyn ExecutionPlan> {
    let frame = engine.plan(sql, &[]).await.unwrap();
    let written = crate::tables::without_views(frame.schema().as_arrow());
    let (state, input) = frame.into_parts();
    let target = Target {
        url: "file:///nowhere/".to_owned(),
        attempt: "a".to_owned(),
    };
    let node = Arc::new(Sink::try_new(input, target, written).unwrap());
    // As a cluster's scheduler gets it.
    let node = datafusion::logical_expr::Extension { node };
    let codec = EngineLogicalCodec::default();
    let mut bytes = Vec::new();
    codec.try_encode(&node, &mut bytes).unwrap();
    let inputs: Vec<_> = node.node.inputs().into_iter().cloned().collect();
    let decoded = codec
        .try_decode(&bytes, &inputs, &TaskContext::default())
        .unwrap();
    assert_eq!(decoded, node);
    assert!(codec::decode_node(&bytes[1..], &inputs).is_none());
    let sink = datafusion::logical_expr::LogicalPlan::Extension(decoded);
    state.create_physical_plan(&sink).await.unwrap()
}

#[tokio::test]
async fn the_plan_of_a_write_keeps_all_partitions() {
    let folder = tempfile::tempdir().unwrap();
    let params = EngineParams {
        threads: Some(3),
        work_dir: Some(folder.path().join("work")),
        ..Default::default()
    };
    let engine = Engine::open(params).await.unwrap();
    let url = folder.path().join("numbers").to_str().unwrap().to_owned();
    let numbers = "select value as n, value % 7 as k from generate_series(1, 50000)";
    engine
        .materialise("numbers", numbers, &[], &url)
        .await
        .unwrap();
    let distinct = "select k, count(*) as c from numbers group by k";
    let joined = "select a.n, b.c from numbers a join (select k, count(*) as c from numbers
        group by k) b on a.k = b.k";
    for (sql, partitions) in [
        ("select n from numbers", 3),
        (distinct, 3),
        (joined, 3),
        (
            "select n, row_number() over (order by n) as r from numbers",
            1,
        ),
        ("select n from numbers limit 5", 1),
    ] {
        let plan = plan(&engine, sql).await;
        let text = displayable(plan.as_ref()).indent(false).to_string();
        let sink = plan.downcast_ref::<SinkExec>().expect(&text);
        let found = plan.output_partitioning().partition_count();
        assert_eq!(found, partitions, "{text}");
        let encoded = codec::encode_exec(sink).unwrap().unwrap();
        let input = Arc::clone(sink.children()[0]);
        let decoded = codec::decode_exec(&encoded, &[input]).unwrap().unwrap();
        assert_eq!(
            displayable(decoded.as_ref()).indent(false).to_string(),
            text
        );
    }
}
