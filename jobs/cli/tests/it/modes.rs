//! The same input, seed and parameters give the same bytes, wherever and however wide it runs.

use std::path::Path;

use super::cluster::Cluster;
use super::program::{datasets, latest_run, shop, succeed, tree};

/// The tables of a run that must not depend on where it ran, with their bytes.
fn tables(run: &Path) -> Vec<(String, Vec<u8>)> {
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

fn assert_same(expected: &[(String, Vec<u8>)], found: &[(String, Vec<u8>)], what: &str) {
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

/// Runs segmentation and gives the tables of the run.
fn segment(
    folder: &Path,
    name: &str,
    how: &[&str],
    events: &[&str],
    more: &[&str],
) -> Vec<(String, Vec<u8>)> {
    let output = folder.join(name);
    let mut arguments = vec!["--quiet"];
    arguments.extend_from_slice(how);
    arguments.push("segmentation");
    arguments.push("--events");
    arguments.extend_from_slice(events);
    let path = output.to_str().unwrap();
    arguments.extend_from_slice(&["--output", path, "--k", "2..5"]);
    arguments.extend_from_slice(more);
    succeed(&arguments);
    let run = latest_run(&output, "segmentation");
    assert!(
        !run.join("_work").exists(),
        "the work area outlived the run"
    );
    tables(&run)
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
    let cluster = Cluster::start(2);
    for threads in ["1", "2", "7"] {
        let found = segment(
            folder,
            &format!("c{threads}"),
            &["submit", "--scheduler", cluster.url()],
            &events,
            &["--threads", threads],
        );
        assert_same(&expected, &found, &format!("cluster, {threads} partitions"));
    }
}

#[test]
fn a_text_log_with_duplicates_and_bad_lines_gives_the_same_bytes_in_every_mode() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some(datasets) = datasets() else { return };
    let glob = datasets
        .join("rees46-cosmetics/data_*.csv")
        .to_string_lossy()
        .into_owned();
    let events = [glob.as_str()];
    let expected = segment(folder, "e2", &["run"], &events, &["--threads", "2"]);
    let found = segment(
        folder,
        "s2",
        &["run"],
        &events,
        &["--standalone", "--threads", "2"],
    );
    assert_same(&expected, &found, "standalone");
    let cluster = Cluster::start(2);
    let found = segment(
        folder,
        "c2",
        &["submit", "--scheduler", cluster.url()],
        &events,
        &[],
    );
    assert_same(&expected, &found, "cluster");
}
