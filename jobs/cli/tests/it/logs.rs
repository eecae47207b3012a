//! A run can be followed through the logs of everybody who works on it.

use std::path::Path;

use engine::testing::{LocalCluster, Surroundings};

use super::program::{latest_run, run, shop};

/// The lines of a log, each an object of its own.
fn lines(text: &str) -> Vec<serde_json::Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

fn read(path: &Path) -> Vec<serde_json::Value> {
    lines(&std::fs::read_to_string(path).unwrap())
}

#[test]
fn one_run_id_stands_in_the_logs_of_client_scheduler_and_executors() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let log = at("cluster.log");
    let surroundings = Surroundings {
        flags: ["--log-format", "json", "--log-level", "info"]
            .map(str::to_owned)
            .to_vec(),
        log_file: Some(log.clone()),
        ..Default::default()
    };
    let cluster = LocalCluster::start_in(1, &at("executors"), surroundings).unwrap();
    let events = shop(&at("shop"), 2000, 200);
    let (url, output) = (cluster.url(), at("output"));
    let ended = run(&[
        "--log-format",
        "json",
        "submit",
        "segmentation",
        "--scheduler",
        &url,
        "--events",
        &events,
        "--output",
        output.to_str().unwrap(),
        "--k",
        "2..3",
    ]);
    let client = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{client}");
    let folder_of_run = latest_run(&output, "segmentation");
    let run_id = folder_of_run.file_name().unwrap().to_str().unwrap();

    let client = lines(&client);
    let steps = client
        .iter()
        .filter(|line| line["message"] == "step finished");
    let mut n_steps = 0;
    for line in steps {
        n_steps += 1;
        let spans = line["spans"].as_array().unwrap();
        assert!(spans.iter().any(|span| span["run_id"] == run_id), "{line}");
    }
    assert!(n_steps > 3, "{client:#?}");

    let cluster_log = read(&log);
    let ends: Vec<_> = cluster_log
        .iter()
        .filter(|line| line["message"] == "job ended" && line["run_id"] == run_id)
        .collect();
    assert!(!ends.is_empty());
    for line in &ends {
        assert_eq!(line["state"], "succeeded", "{line}");
        assert!(!line["job_id"].as_str().unwrap().is_empty(), "{line}");
        assert!(!line["step"].as_str().unwrap().is_empty(), "{line}");
    }
    let task = cluster_log
        .iter()
        .find(|line| line["message"] == "task finished");
    let span = &task.expect("executors tell of their tasks")["span"];
    assert_eq!(span["run_id"], run_id);
    assert!(
        ends.iter().any(|end| end["job_id"] == span["job_id"]),
        "{span}"
    );
}
