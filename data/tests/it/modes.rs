//! The same rows and the same account, however the work is divided.

use engine::{Engine, EngineParams, Mode};

use crate::support::{Bench, dataset, events};

async fn seen(bench: &Bench, place: &str) -> (data::Account, Vec<String>, Vec<String>) {
    let account = bench.check(&events(&[place])).await.unwrap();
    let rows = "select * from events order by event_time, user_id, product_id, event_type, \
                order_id, unit_price";
    let rejected = "select * from rejected order by file, line";
    (account, bench.rows(rows).await, bench.rows(rejected).await)
}

#[tokio::test]
async fn threads_do_not_show() {
    let Some(path) = dataset("rees46-multi-category/2019-Oct-head-17k.csv") else {
        return;
    };
    let one = seen(&Bench::with_threads(1).await, path.to_str().unwrap()).await;
    for threads in [2, 7] {
        let bench = Bench::with_threads(threads).await;
        assert_eq!(seen(&bench, path.to_str().unwrap()).await, one);
    }
}

#[tokio::test]
async fn a_standalone_cluster_does_not_show() {
    for name in ["rees46-cosmetics", "rees46-multi-category"] {
        let Some(folder) = dataset(name) else { return };
        let folder = folder.to_str().unwrap();
        let embedded = seen(&Bench::new().await, folder).await;
        let params = EngineParams {
            mode: Mode::Standalone,
            threads: Some(2),
            ..EngineParams::default()
        };
        let engine = Engine::open(params).await.unwrap();
        let bench = Bench {
            engine,
            folder: tempfile::tempdir().unwrap(),
        };
        assert_eq!(seen(&bench, folder).await, embedded);
    }
}

/// A cluster hands out the partitions of a stage as its cores are free, now together, now one by
/// one. Either way each file is read once.
#[tokio::test]
async fn a_cluster_reads_each_line_once_however_it_hands_out_the_work() {
    let params = EngineParams {
        mode: Mode::Standalone,
        threads: Some(2),
        ..EngineParams::default()
    };
    let engine = Engine::open(params).await.unwrap();
    let bench = Bench {
        engine,
        folder: tempfile::tempdir().unwrap(),
    };
    for file in 0..4 {
        let mut text = "event_time,event_type,product_id,price,user_id,user_session".to_owned();
        for row in 0..100 {
            text.push_str(&format!(
                "\n2025-01-0{} 00:00:00,view,{row},1,{file},s",
                file + 1
            ));
        }
        bench.file(&format!("shop/{file}.csv"), text);
    }
    let products: String = (0..80).map(|row| format!("{row},1,,b\n")).collect();
    let catalogue = format!("product_id,category_id,category_code,brand\n{products}");
    bench.file("shop/item.csv", catalogue);
    for _ in 0..6 {
        let staged = bench.stage(&events(&[&bench.path("shop")])).await.unwrap();
        let account = staged.account;
        assert_eq!(
            (account.rows_read, account.used, account.duplicates),
            (400, 400, 0)
        );
        assert_eq!(account.missing["brand"], 80);
    }
}
