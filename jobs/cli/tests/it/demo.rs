//! The demo: every job on one simulated shop, into one output.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::program::{latest_run, rows, succeed};
use super::recommendation::QUICK;

#[test]
fn a_demo_runs_both_jobs_and_joins_them() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("demo");
    let said = succeed(&[
        "--quiet",
        "demo",
        "--output",
        output.to_str().unwrap(),
        "--events",
        "12000",
        "--users",
        "600",
        "--products",
        "120",
        "--threads",
        "2",
    ]);
    let runs = output.join("runs");
    let segmentation = latest_run(&runs, "segmentation");
    let recommendation = latest_run(&runs, "recommendation");
    for run in [&segmentation, &recommendation] {
        assert!(said.contains(run.join("report.html").to_str().unwrap()));
        assert!(run.join("report.html").exists());
    }
    // The second run knows the segments of the first.
    let segments = std::fs::read_to_string(recommendation.join("segments.csv")).unwrap();
    let customers = rows(&segmentation.join("customers.parquet"));
    let fused: BTreeSet<&str> = customers
        .iter()
        .map(|row| row["fused_segment"].as_str())
        .collect();
    let named = segments.lines().skip(1).map(|row| {
        let name = row.split(",").next().unwrap();
        name.trim_matches('"')
    });
    let named: BTreeSet<&str> = named.collect();
    assert!(!named.is_empty() && named.is_subset(&fused), "{named:?}");
    let popular = rows(&recommendation.join("popular_products.parquet"));
    assert!(popular.iter().any(|row| !row["segment"].is_empty()));

    let question = said.lines().find_map(|line| line.strip_prefix("ask "));
    let words: Vec<&str> = question.unwrap().split_whitespace().skip(1).collect();
    assert!(succeed(&words).contains("because of"));
    // Whoever is too new for the model gets what is popular in the own segment.
    let (shop, runs) = (output.join("shop"), runs.to_str().unwrap().to_owned());
    let mut arguments = vec!["--quiet", "run", "recommendation", "--output", &runs];
    arguments.extend([
        "--events",
        shop.to_str().unwrap(),
        "--min-user-events",
        "10",
    ]);
    arguments.extend(QUICK);
    succeed(&arguments);
    let run = latest_run(Path::new(&runs), "recommendation");
    let of = |file| {
        let rows = rows(&run.join(file)).into_iter();
        rows.map(|row| row["user_id"].clone())
            .collect::<BTreeSet<_>>()
    };
    let (all, learned) = (of("interactions.parquet"), of("user_factors.parquet"));
    let new = all.difference(&learned).next().unwrap();
    let mut question = vec!["recommend", "--output", &runs, "--user", new];
    let said = succeed(&question);
    question.extend(["--format", "json"]);
    let answer: Value = serde_json::from_str(&succeed(&question)).unwrap();
    assert_eq!(answer["source"]["kind"], "segment_popularity", "{answer}");
    let segment = answer["source"]["segment"].as_str().unwrap();
    let customer = customers.iter().find(|row| row["user_id"] == *new).unwrap();
    assert_eq!(customer["rfm_segment"], segment);
    assert!(said.contains(segment) && said.contains("too new"), "{said}");
}
