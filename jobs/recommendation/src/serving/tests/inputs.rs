//! Filters by an SQL condition, and files of new events.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use artifacts::Output;
use data::EventsParams;
use engine::{Engine, EngineParams};
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;

use super::fixture::{Setup, Shop, asking};
use crate::RecommendationModel;
use crate::serving::{Request, ServingError, Source, allowed_products, new_events, recommend};

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

    let other = desk.folder.path().join("Other.CSV");
    std::fs::write(&other, "\u{feff}product_id;stock\r\n1;0,5\r\n6;\r\n").unwrap();
    let found = desk.ask("stock = '0,5'", Some(&other)).await;
    assert_eq!(found.unwrap(), ["1"]);

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

#[tokio::test]
async fn new_events_are_added_up_as_the_run_would_have() {
    let desk = Desk::new().await;
    let file = desk.folder.path().join("new.csv");
    let text = "event_time,event_type,user_id,product_id,order_id,quantity,unit_price\n\
        2026-01-05T00:00:00Z,view,1,2,,1,3.5\n\
        2026-01-06T00:00:00Z,purchase,1,2,,1,3.5\n\
        2025-12-22T00:00:00Z,cart,1,77,,1,3.5\n\
        2026-01-06T00:00:00Z,view,12,2,,1,3.5\n";
    std::fs::write(&file, text).unwrap();
    let events = EventsParams {
        events: vec![file.to_str().unwrap().to_owned()],
        mapping: Some("events".to_owned()),
        ..EventsParams::default()
    };
    // Evidence of ten days before the run is worth half.
    let model = RecommendationModel {
        half_life_days: Some(10.0),
        ..desk.shop.model.clone()
    };
    let work = desk.folder.path().join("work");
    let ask = async |user: &str| {
        let work = work.to_str().unwrap();
        new_events(&desk.engine, &model, &events, user, work)
            .await
            .unwrap()
    };
    let found = ask(" 1").await;
    let brief: Vec<_> = found
        .iter()
        .map(|pair| (&*pair.product_id, pair.evidence))
        .collect();
    assert_eq!(brief, [("2", 6.0), ("77", 1.5)]);
    assert_eq!((found[0].n_events, found[0].score), (2, None));
    assert_eq!(
        found[0].last_event_at.to_rfc3339(),
        "2026-01-06T00:00:00+00:00"
    );
    assert_eq!(ask("2").await, []);
    assert_eq!(ask("x").await, []);

    let request = Request {
        new_events: Some(found),
        include_seen: true,
        ..asking(1)
    };
    let answer = recommend(&desk.shop.output, &desk.shop.run, &request)
        .await
        .unwrap();
    let unknown_products = vec!["77".to_owned()];
    assert_eq!(
        answer.source,
        Source::FoldIn {
            products: 2,
            unknown_products
        }
    );
}

fn write_parquet(file: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = std::fs::File::create(file).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}
