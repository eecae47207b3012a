//! The same input, seed and parameters give the same bytes, wherever and however wide it runs.

use std::path::Path;

use engine::testing::LocalCluster;

use super::program::{latest_run, shop, succeed, tree};
use super::recommendation::QUICK;

/// The tables of a run that must not depend on where it ran, with their bytes.
pub(crate) fn tables(run: &Path) -> Vec<(String, Vec<u8>)> {
    let timed = ["manifest.json", "report.html", "metrics.json"];
    tree(run)
        .into_iter()
        .filter(|name| !timed.contains(&name.as_str()))
        .map(|name| {
            let bytes = std::fs::read(run.join(&name)).unwrap();
            (name, bytes)
        })
        .collect()
}

pub(crate) fn assert_same(expected: &[(String, Vec<u8>)], found: &[(String, Vec<u8>)], what: &str) {
    let names = |tables: &[(String, Vec<u8>)]| {
        tables
            .iter()
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(expected), names(found), "{what} wrote other files");
    for ((name, expected), (_, found)) in expected.iter().zip(found) {
        assert!(expected == found, "{what}: {name} differs");
    }
}

/// Runs a job and gives the tables of the run.
fn run_job(
    folder: &Path,
    name: &str,
    how: &[&str],
    job: &str,
    events: &[&str],
    more: &[&str],
) -> Vec<(String, Vec<u8>)> {
    let output = folder.join(name);
    let mut arguments = vec!["--quiet"];
    arguments.extend_from_slice(how);
    arguments.extend([job, "--events"]);
    arguments.extend_from_slice(events);
    let path = output.to_str().unwrap();
    arguments.extend_from_slice(&["--output", path]);
    arguments.extend_from_slice(more);
    succeed(&arguments);
    let run = latest_run(&output, job);
    assert!(run.join("report.html").exists(), "the run has no report");
    assert!(
        !run.join("_work").exists(),
        "the work area outlived the run"
    );
    tables(&run)
}

/// Runs segmentation and gives the tables of the run.
fn segment(
    folder: &Path,
    name: &str,
    how: &[&str],
    events: &[&str],
    more: &[&str],
) -> Vec<(String, Vec<u8>)> {
    let more = [&["--k", "2..5"], more].concat();
    run_job(folder, name, how, "segmentation", events, &more)
}

/// Runs recommendation and gives the tables of the run.
fn recommend(
    folder: &Path,
    name: &str,
    how: &[&str],
    events: &[&str],
    more: &[&str],
) -> Vec<(String, Vec<u8>)> {
    let more = [&QUICK[..], &["--half-life-days", "30"], more].concat();
    run_job(folder, name, how, "recommendation", events, &more)
}

#[test]
fn a_simulated_shop_gives_the_same_bytes_in_every_mode_and_width() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let events = shop(&folder.join("shop"), 20_000, 800);
    let events = [events.as_str()];
    let expected = segment(folder, "e1", &["run"], &events, &["--threads", "1"]);
    for file in [
        "customers.parquet",
        "segments.csv",
        "clusters.csv",
        "affinity.csv",
        "k_selection.csv",
        "rfm_model.json",
        "kmeans_model.json",
        "data_quality.json",
        "quarantine.parquet",
        "charts/silhouette_curve.svg",
        "charts/silhouette_curve.png",
    ] {
        assert!(
            expected.iter().any(|(name, _)| name == file),
            "{file} is missing"
        );
    }
    for threads in ["2", "7"] {
        let found = segment(
            folder,
            &format!("e{threads}"),
            &["run"],
            &events,
            &["--threads", threads],
        );
        assert_same(&expected, &found, &format!("embedded, {threads} threads"));
    }
    for threads in ["1", "2", "7"] {
        let found = segment(
            folder,
            &format!("s{threads}"),
            &["run"],
            &events,
            &["--standalone", "--threads", threads],
        );
        assert_same(&expected, &found, &format!("standalone, {threads} threads"));
    }
    let cluster = LocalCluster::start(2, &folder.join("cluster")).unwrap();
    let scheduler = cluster.url();
    for threads in ["1", "2", "7"] {
        let found = segment(
            folder,
            &format!("c{threads}"),
            &["submit", "--scheduler", &scheduler],
            &events,
            &["--threads", threads],
        );
        assert_same(&expected, &found, &format!("cluster, {threads} partitions"));
    }

    let expected = recommend(folder, "re1", &["run"], &events, &["--threads", "1"]);
    for file in [
        "interactions.parquet",
        "user_factors.parquet",
        "item_factors.parquet",
        "products.parquet",
        "popular_products.parquet",
        "recommendations.parquet",
        "cv.csv",
        "model.json",
        "data_quality.json",
        "quarantine.parquet",
    ] {
        assert!(
            expected.iter().any(|(name, _)| name == file),
            "{file} is missing"
        );
    }
    let submit = ["submit", "--scheduler", &scheduler];
    for (name, how, more) in [
        ("re7", &["run"][..], &["--threads", "7"][..]),
        ("rs2", &["run"], &["--standalone", "--threads", "2"]),
        ("rc7", &submit, &["--threads", "7"]),
    ] {
        let found = recommend(folder, name, how, &events, more);
        assert_same(&expected, &found, &format!("{} {}", how[0], more.join(" ")));
    }
}

/// A log in text with a duplicate of every tenth line and with lines that are no record.
fn text_log(folder: &Path) -> (String, String) {
    let shop = folder.join("shop");
    let path = shop.to_str().unwrap().to_owned();
    succeed(&[
        "--quiet",
        "generate",
        "--output",
        &path,
        "--events",
        "6000",
        "--users",
        "400",
        "--products",
        "100",
        "--format",
        "csv",
    ]);
    let text = std::fs::read_to_string(shop.join("events-00000.csv")).unwrap();
    let log = folder.join("log");
    std::fs::create_dir(&log).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let rows: Vec<&str> = rows.lines().collect();
    for (number, part) in rows.chunks(2_500).enumerate() {
        let mut lines = vec![header];
        for (index, row) in part.iter().enumerate() {
            lines.push(row);
            if index % 10 == 0 {
                lines.push(row);
            }
            if index % 100 == 0 {
                lines.extend([
                    "cut,short",
                    "2025-10-01 00:00:00 UTC,sneeze,1,1,1,1,1.00,,,",
                ]);
            }
        }
        std::fs::write(log.join(format!("part-{number}.csv")), lines.join("\n")).unwrap();
    }
    let mapping = folder.join("mapping.toml");
    let built_in =
        std::fs::read_to_string(super::house::root().join("data/mappings/events.toml")).unwrap();
    let text = built_in
        .replace("dedup = false", "dedup = true")
        .replace("name = \"events\"", "name = \"mine\"");
    std::fs::write(&mapping, text).unwrap();
    (
        log.to_str().unwrap().to_owned(),
        mapping.to_str().unwrap().to_owned(),
    )
}

#[test]
fn a_text_log_with_duplicates_and_bad_lines_gives_the_same_bytes_in_every_mode() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (events, mapping) = text_log(folder);
    let events = [events.as_str()];
    let more = ["--mapping", &mapping];
    let expected = segment(folder, "e2", &["run"], &events, &more);
    let account = expected
        .iter()
        .find(|(name, _)| name == "data_quality.json")
        .unwrap();
    let account: serde_json::Value = serde_json::from_slice(&account.1).unwrap();
    assert_eq!(account["duplicates"], 600);
    assert_eq!(account["quarantined"]["truncated_line"], 60);
    assert_eq!(account["quarantined"]["unknown_event_type"], 60);
    assert_eq!(account["used"], 6_000);
    let standalone = [&more[..], &["--standalone", "--threads", "3"]].concat();
    let found = segment(folder, "s3", &["run"], &events, &standalone);
    assert_same(&expected, &found, "standalone");
    let cluster = LocalCluster::start(2, &folder.join("cluster")).unwrap();
    let scheduler = cluster.url();
    let found = segment(
        folder,
        "c2",
        &["submit", "--scheduler", &scheduler],
        &events,
        &more,
    );
    assert_same(&expected, &found, "cluster");
}
