//! Threads, modes and the order of the input do not show.

use engine::Mode;

use crate::support::{Shop, two_tastes};

const FILES: [&str; 9] = [
    "interactions.parquet",
    "user_factors.parquet",
    "item_factors.parquet",
    "products.parquet",
    "popular_products.parquet",
    "recommendations.parquet",
    "cv.csv",
    "metrics.json",
    "model.json",
];

async fn files(shop: &Shop) -> Vec<(&'static str, Vec<u8>)> {
    let run = shop.run().await;
    let mut files = Vec::new();
    for file in FILES {
        files.push((file, run.bytes(file).await));
    }
    files
}

fn compare(expected: &[(&str, Vec<u8>)], found: &[(&str, Vec<u8>)], what: &str) {
    for ((file, expected), (_, found)) in expected.iter().zip(found) {
        assert!(expected == found, "{file} differs {what}");
    }
}

#[tokio::test]
async fn threads_modes_and_order_give_the_same_bytes() {
    let csv = two_tastes();
    let mut shop = Shop::of_csv(&csv);
    shop.settings.half_life_days = Some(7.0);
    shop.threads = 1;
    let one = files(&shop).await;
    shop.threads = 7;
    compare(&one, &files(&shop).await, "with 7 threads");
    shop.mode = Mode::Standalone;
    shop.threads = 2;
    compare(&one, &files(&shop).await, "in standalone mode");

    let mut lines: Vec<&str> = csv.lines().collect();
    lines[1..].reverse();
    let mut backward = Shop::of_csv(&(lines.join("\n") + "\n"));
    backward.settings.half_life_days = Some(7.0);
    compare(&one, &files(&backward).await, "for the reversed log");
}
