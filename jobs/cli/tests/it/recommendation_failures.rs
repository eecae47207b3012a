//! What no recommender can be made from, and models that cannot be used.

use std::fmt::Write as _;
use std::path::Path;

use artifacts::{ManifestHeader, Output};

use super::program::{fail, latest_run, shop, succeed, tree};
use super::recommendation::QUICK;

/// A log in the canonical columns, of tuples (event type, user, product, score).
fn log(path: &Path, rows: &[(&str, u32, u32, &str)]) -> String {
    let mut text = String::from(
        "event_time,event_type,user_id,product_id,order_id,quantity,unit_price,score\n",
    );
    for (place, (kind, user, product, score)) in rows.iter().enumerate() {
        let (day, minute) = (1 + place % 28, place % 60);
        writeln!(
            text,
            "2025-01-{day:02} 10:{minute:02}:00 UTC,{kind},{user},{product},,1,1.00,{score}"
        )
        .unwrap();
    }
    std::fs::write(path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn arguments<'a>(events: &'a str, output: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["--quiet", "run", "recommendation", "--events", events];
    arguments.extend(["--output", output.to_str().unwrap()]);
    arguments.extend(QUICK);
    arguments.extend(more);
    arguments
}

#[test]
fn a_log_that_teaches_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out");
    let pairs = |users: u32, products: u32, kind: &'static str| {
        let pair = move |user| (0..products).map(move |product| (kind, user, product, ""));
        (0..users).flat_map(pair).collect::<Vec<_>>()
    };
    for (name, rows, words) in [
        ("dislikes", pairs(4, 5, "return"), "score above 0"),
        ("one_customer", pairs(1, 5, "view"), "1 customer"),
        ("one_product", pairs(5, 1, "view"), "1 product"),
    ] {
        let events = log(&folder.path().join(format!("{name}.csv")), &rows);
        let error = fail(3, &arguments(&events, &output, &[]));
        assert!(error.contains(words), "{name}: {error}");
        assert!(tree(&output).is_empty(), "{:?}", tree(&output));
    }
}

#[test]
fn ratings_are_predicted_and_a_score_that_is_no_number_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = Vec::new();
    for user in 0..30 {
        for product in 0..12 {
            let score = ["1", "2", "3", "4", "5"][((user + product) % 5) as usize];
            let bad = (user, product) == (2, 3);
            rows.push(("view", user, product, if bad { "NaN" } else { score }));
        }
    }
    let events = log(&folder.path().join("ratings.csv"), &rows);
    let output = folder.path().join("out");
    let said = succeed(&arguments(&events, &output, &["--no-biases"]));
    assert!(said.contains("explicit") && said.contains("RMSE"), "{said}");
    let run = latest_run(&output, "recommendation");
    let account = std::fs::read_to_string(run.join("data_quality.json")).unwrap();
    let account: serde_json::Value = serde_json::from_str(&account).unwrap();
    assert_eq!(account["quarantined"]["bad_score"], 1);
    assert_eq!(account["used"], 30 * 12 - 1);
    let model = std::fs::read_to_string(run.join("model.json")).unwrap();
    assert!(model.contains("\"feedback\": \"explicit\""), "{model}");
    let cv = std::fs::read_to_string(run.join("cv.csv")).unwrap();
    assert!(cv.lines().nth(1).unwrap().contains(",8,0.1,,"), "{cv}");
}

#[test]
fn settings_that_make_no_sense_are_usage_errors() {
    let folder = tempfile::tempdir().unwrap();
    let events = shop(&folder.path().join("shop"), 2_000, 100);
    let output = folder.path().join("out");
    let refused = |more: &[&str]| {
        let error = fail(2, &arguments(&events, &output, more));
        assert!(tree(&output).is_empty(), "{:?}", tree(&output));
        error
    };
    let error = refused(&["--warm-start", "20250101T000000Z-0123abcd"]);
    assert!(error.contains("20250101T000000Z-0123abcd"), "{error}");
    let error = refused(&["--warm-start", "latest"]);
    assert!(error.contains("no finished run"), "{error}");
    let error = refused(&["--half-life-days", "0"]);
    assert!(error.contains("half_life_days is 0"), "{error}");
    let error = refused(&["--test-share", "0.1", "--test-from", "2025-01-01"]);
    assert!(error.contains("--test-from"), "{error}");
    let config = folder.path().join("night.toml");
    std::fs::write(&config, "[recommendation]\ntopn = 5\n").unwrap();
    let error = refused(&["--config", config.to_str().unwrap()]);
    assert!(
        error.contains("topn") && error.contains("night.toml") && error.contains("top_n"),
        "{error}"
    );
    let words = ["run", "recommendation", "--factors", "8,many"];
    assert!(fail(2, &words).contains("many"));
    let words = ["run", "recommendation", "--feedback", "loud"];
    assert!(fail(2, &words).contains("implicit"));
}

/// Copies the latest run into a newer one whose model is of a later version.
async fn age(output: &Path) {
    let runs = Output::local(output).unwrap();
    let run = runs.latest("recommendation").await.unwrap().unwrap();
    let manifest = run.manifest();
    let later = manifest.started + chrono::Duration::hours(1);
    let copy = runs.begin("recommendation", later, "copy").await.unwrap();
    for file in &manifest.files {
        let bytes = run.read_bytes(&file.name).await.unwrap();
        if file.name == "model.json" {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let newer = text.replace("\"version\": 1", "\"version\": 999");
            assert_ne!(newer, text);
            copy.write_bytes(&file.name, newer).await.unwrap();
        } else {
            copy.write_bytes(&file.name, bytes).await.unwrap();
        }
    }
    let header = ManifestHeader {
        finished: later,
        parameters: manifest.parameters.clone(),
        seed: manifest.seed,
        input_fingerprint: manifest.input_fingerprint.clone(),
        versions: manifest.versions.clone(),
        timings: Vec::new(),
    };
    copy.commit(header).await.unwrap();
}

#[tokio::test]
async fn a_model_of_another_version_is_not_guessed_at() {
    let folder = tempfile::tempdir().unwrap();
    let events = shop(&folder.path().join("shop"), 3_000, 150);
    let output = folder.path().join("out");
    succeed(&arguments(&events, &output, &[]));
    let first = latest_run(&output, "recommendation");
    age(&output).await;
    let runs = output.to_str().unwrap();
    for question in [["recommend", "--user"], ["similar", "--product"]] {
        let [command, of] = question;
        let error = fail(3, &[command, "--output", runs, of, "1"]);
        assert!(
            error.contains("model.json") && error.contains("999"),
            "{error}"
        );
        // The earlier run can still be asked.
        if command == "recommend" {
            let id = first.file_name().unwrap().to_str().unwrap();
            succeed(&[command, "--output", runs, of, "1", "--run", id]);
        }
    }
    let error = fail(3, &arguments(&events, &output, &["--warm-start", "latest"]));
    assert!(error.contains("999"), "{error}");
}
