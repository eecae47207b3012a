//! The number of threads and the order of the input do not show.

use crate::support::{Shop, sixty_users};

const FILES: [&str; 7] = [
    "customers.parquet",
    "segments.csv",
    "clusters.csv",
    "affinity.csv",
    "k_selection.csv",
    "rfm_model.json",
    "kmeans_model.json",
];

async fn files(shop: &Shop) -> Vec<(&'static str, Vec<u8>)> {
    let run = shop.run().await;
    let mut files = Vec::new();
    for file in FILES {
        files.push((file, run.bytes(file).await));
    }
    files
}

#[tokio::test]
async fn one_two_and_seven_threads_write_the_same_bytes() {
    let mut shop = Shop::of_csv(&sixty_users());
    shop.settings.stability_samples = 3;
    shop.threads = 1;
    let one = files(&shop).await;
    for threads in [2, 7] {
        shop.threads = threads;
        for ((file, expected), (_, found)) in one.iter().zip(files(&shop).await) {
            assert!(*expected == found, "{file} differs with {threads} threads");
        }
    }
}

#[tokio::test]
async fn a_shuffled_log_gives_the_same_bytes() {
    let csv = sixty_users();
    let forward = files(&Shop::of_csv(&csv)).await;
    let mut lines: Vec<&str> = csv.lines().collect();
    lines[1..].reverse();
    let backward = files(&Shop::of_csv(&(lines.join("\n") + "\n"))).await;
    for ((file, expected), (_, found)) in forward.iter().zip(backward) {
        assert!(*expected == found, "{file} differs for the reversed log");
    }
}
