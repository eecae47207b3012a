//! What travels is what arrives.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::physical_plan::ExecutionPlan;

use super::{Files, run};
use crate::source::codec::{decode_scan, decode_table, encode_scan, encode_table};
use crate::source::exec::SourceScanExec;
use crate::source::{SourceOptions, SourceTable};

#[tokio::test]
async fn a_table_and_its_scan_survive_the_journey() {
    let files = Files::new()
        .with("a b%.csv", "x,y\n1,2\n3\n")
        .with("c.csv", "y,x\n4,5\n");
    let table = files.open(&SourceOptions::default()).await.unwrap();
    let bytes = encode_table(&table).unwrap().unwrap();
    let arrived = decode_table(&bytes).unwrap().unwrap();
    assert_eq!(arrived.schema(), table.schema());
    let arrived = arrived.downcast_ref::<SourceTable>().unwrap();
    let scan =
        SourceScanExec::plan(Arc::clone(&arrived.spec), &arrived.schema, &[1, 3, 4], 2).unwrap();
    let bytes = encode_scan(&scan).unwrap().unwrap();
    let inputs: Vec<_> = scan.children().into_iter().cloned().collect();
    let there: Arc<dyn ExecutionPlan> = decode_scan(&bytes, &inputs).unwrap().unwrap();
    let (here, there) = (run(Arc::new(scan)).await, run(there).await);
    assert_eq!(here.batch, there.batch);
    assert_eq!(here.len(), 3);
}

#[test]
fn foreign_bytes_are_not_taken_for_ours() {
    assert!(decode_table(b"{}").is_none());
    assert!(decode_scan(b"", &[]).is_none());
    assert!(decode_scan(b"\0source-scan\x01ab", &[]).unwrap().is_err());
}
