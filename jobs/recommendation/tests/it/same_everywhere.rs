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

/// Decay, and minimums that leave somebody out.
fn settings(shop: &mut Shop) {
    shop.settings.half_life_days = Some(7.0);
    shop.settings.min_user_events = 2;
    shop.settings.min_product_events = 2;
}

/// Users and products with one event each, which are unknown to the model and in the test.
fn too_few() -> String {
    let line = |user: u32| {
        let at = format!("2024-01-28 {:02}:00:00 UTC", user % 24);
        format!("{at},view,{user},{},s{user},1,2.50,cat300,b0\n", user + 300)
    };
    (500..530).map(line).collect()
}

#[tokio::test]
async fn threads_modes_and_order_give_the_same_bytes() {
    let csv = two_tastes() + &too_few();
    let mut shop = Shop::of_csv(&csv);
    settings(&mut shop);
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
    settings(&mut backward);
    compare(&one, &files(&backward).await, "for the reversed log");
}
