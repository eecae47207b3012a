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
