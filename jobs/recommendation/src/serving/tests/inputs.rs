//! Filters by an SQL condition.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use artifacts::Output;
use engine::{Engine, EngineParams};
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;

use super::fixture::{Setup, Shop};
use crate::serving::{ServingError, allowed_products};

struct Desk {
    folder: TempDir,
    engine: Engine,
    shop: Shop,
}

impl Desk {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let output = Output::local(folder.path().join("out")).unwrap();
        let deeds = [(1, 1, 9_000_000), (1, 2, 9_000_000), (2, 6, 9_000_000)];
        Self {
            shop: Shop::in_output(output, &deeds, Setup::implicit(1)).await,
            engine: Engine::open(EngineParams::default()).await.unwrap(),
            folder,
        }
    }

    async fn ask(&self, predicate: &str, file: Option<&Path>) -> Result<Vec<String>, ServingError> {
        let file = file.map(|file| file.to_str().unwrap());
        let found = allowed_products(&self.engine, &self.shop.run, predicate, file).await?;
        let mut ids: Vec<String> = found.0.into_iter().collect();
        ids.sort();
        Ok(ids)
    }
}

#[tokio::test]
async fn a_condition_is_asked_of_what_the_log_says() {
    let desk = Desk::new().await;
    let found = desk.ask("unit_price < 5 and brand is null", None).await;
    assert_eq!(found.unwrap(), ["2"]);
    assert_eq!(desk.ask("1 = 0", None).await.unwrap(), [""; 0]);
    let error = desk.ask("stock > 0", None).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("stock > 0") && text.contains("unit_price"),
        "{text}"
    );
    assert_eq!(pipeline::Failure::from(error).exit_code(), 3);
    for wrong in [
        "brand",
        "unit_price <",
        "unit_price / 0 > 1 or brand / 2 > 1",
    ] {
        let error = desk.ask(wrong, None).await.unwrap_err();
        assert!(
            matches!(error, ServingError::Predicate { .. }),
            "{wrong}: {error}"
        );
    }
}

#[tokio::test]
async fn a_condition_is_asked_of_a_table_of_the_user() {
    let desk = Desk::new().await;
    let file = desk.folder.path().join("stock.csv");
    std::fs::write(
        &file,
        "product_id,stock,name\n1,10,\"a, b\"\n2,9,\n6,100,c\n6,0,c\n",
    )
    .unwrap();
    // 10 and 100 are numbers here, not text before 9.
    assert_eq!(
        desk.ask("stock > 9", Some(&file)).await.unwrap(),
        ["1", "6"]
    );
    assert_eq!(desk.ask("name is null", Some(&file)).await.unwrap(), ["2"]);

    let parquet = desk.folder.path().join("stock.parquet");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("product_id", Arc::new(Int64Array::from(vec![2, 6]))),
        ("colour", Arc::new(StringArray::from(vec!["red", "blue"]))),
    ];
    write_parquet(&parquet, columns);
    let found = desk.ask("colour = 'red'", Some(&parquet)).await;
    assert_eq!(found.unwrap(), ["2"]);
    let error = desk.ask("stock > 9", Some(&parquet)).await.unwrap_err();
    assert!(error.to_string().contains("product_id, colour"), "{error}");
}

#[tokio::test]
async fn a_table_that_does_not_fit_is_refused() {
    let desk = Desk::new().await;
    let refused = async |name: &str, text: &str| {
        let file = desk.folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        let error = desk.ask("1 = 1", Some(&file)).await.unwrap_err();
        assert!(matches!(error, ServingError::Products { .. }), "{error}");
        error.to_string()
    };
    let text = refused("a.csv", "id,stock\n1,1\n").await;
    assert!(
        text.contains("no column product_id") && text.contains("id, stock"),
        "{text}"
    );
    let text = refused("b.csv", "product_id\nA1\n").await;
    assert!(text.contains("text") && text.contains("integers"), "{text}");
    let text = refused("c.txt", "product_id\n1\n").await;
    assert!(text.contains(".parquet"), "{text}");
    let nowhere = desk.folder.path().join("nowhere.csv");
    let error = desk.ask("1 = 1", Some(&nowhere)).await.unwrap_err();
    assert!(error.to_string().contains("nowhere.csv"), "{error}");
}

fn write_parquet(file: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = std::fs::File::create(file).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}
