//! Files, folders, patterns, the newest file; and what is said when there is nothing.

use std::time::{Duration, SystemTime};

use crate::support::{Bench, events};

const TEXT: &str = "event_time,event_type,user_id,product_id,order_id,quantity,unit_price\n\
                    2025-01-01,view,1,2,3,1,1\n";

async fn shop() -> Bench {
    let bench = Bench::new().await;
    for name in [
        "in/b.csv",
        "in/a b.csv",
        "in/sub/c.csv",
        "in/.hidden.csv",
        "in/_SUCCESS",
    ] {
        bench.file(name, TEXT);
    }
    bench.file("in/notes.md", "nothing");
    bench
}

async fn found(bench: &Bench, places: &[&str]) -> Vec<String> {
    let places: Vec<String> = places.iter().map(|place| bench.path(place)).collect();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    let staged = bench.stage(&events(&places)).await.unwrap();
    let root = url_of(bench);
    staged
        .files
        .iter()
        .map(|file| file.strip_prefix(&root).unwrap().to_owned())
        .collect()
}

fn url_of(bench: &Bench) -> String {
    format!("file://{}/", bench.folder.path().to_str().unwrap())
}

#[tokio::test]
async fn places_name_files_each_once_and_in_order() {
    let bench = shop().await;
    assert_eq!(found(&bench, &["in/b.csv"]).await, ["in/b.csv"]);
    assert_eq!(found(&bench, &["in"]).await, ["in/a%20b.csv", "in/b.csv"]);
    assert_eq!(found(&bench, &["in/"]).await, ["in/a%20b.csv", "in/b.csv"]);
    assert_eq!(
        found(&bench, &["in/?.csv", "in/*.csv"]).await,
        ["in/a%20b.csv", "in/b.csv"]
    );
    assert_eq!(found(&bench, &["in/**/c.csv"]).await, ["in/sub/c.csv"]);
    assert_eq!(
        found(&bench, &["in/s*/*.csv", "in/b.csv"]).await,
        ["in/b.csv", "in/sub/c.csv"]
    );
}

#[tokio::test]
async fn the_newest_file_is_the_one_modified_last_and_of_several_the_last_by_name() {
    let bench = shop().await;
    let day = Duration::from_secs(86_400);
    let touch = |name: &str, when: SystemTime| {
        let file = std::fs::File::options()
            .append(true)
            .open(bench.path(name))
            .unwrap();
        file.set_modified(when).unwrap();
    };
    let now = SystemTime::UNIX_EPOCH + day * 20_000;
    touch("in/a b.csv", now);
    touch("in/b.csv", now - day);
    let mut params = events(&[&bench.path("in/*.csv")]);
    params.latest = true;
    let files = bench.stage(&params).await.unwrap().files;
    assert_eq!(files, [format!("{}in/a%20b.csv", url_of(&bench))]);
    touch("in/b.csv", now);
    let files = bench.stage(&params).await.unwrap().files;
    assert_eq!(files, [format!("{}in/b.csv", url_of(&bench))]);
}

#[tokio::test]
async fn nothing_found_says_what_was_looked_for_and_where() {
    let bench = shop().await;
    for (place, told) in [
        ("in/absent.csv", "no such file"),
        ("nowhere/", "no such file"),
        ("in/*.parquet", "*.parquet matches none of them"),
        ("in/sub/../../in/sub2/*.csv", "matches none"),
    ] {
        let error = bench
            .stage(&events(&[&bench.path(place)]))
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(told) && error.contains("was not found"),
            "{error}"
        );
    }
    bench.file("docs/readme.md", "x");
    let error = bench
        .stage(&events(&[&bench.path("docs")]))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("holds 1 files, but none that ends in .csv"),
        "{error}"
    );
    let error = bench.stage(&events(&[])).await.unwrap_err().to_string();
    assert!(error.contains("--events"), "{error}");
    let error = bench
        .stage(&events(&["ftp://host/x.csv"]))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("no store for ftp://"), "{error}");
}
