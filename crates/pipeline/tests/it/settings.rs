use std::path::PathBuf;

use pipeline::settings::{ByteSize, Layers, SettingsError};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

const SEGMENTATION: &str =
    "min_share = 0.01\nk = \"2..10\"\ncolumns = [\"orders\", \"units\"]\nalgorithm = \"kmeans\"\n";
const ENGINE: &str = "threads = 4\n";

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    engine: EngineSettings,
    segmentation: Segmentation,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct EngineSettings {
    threads: usize,
    memory_limit: Option<ByteSize>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Segmentation {
    min_share: f64,
    k: String,
    columns: Vec<String>,
    algorithm: Algorithm,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Algorithm {
    Kmeans,
    Gmm,
}

#[derive(Default, Serialize)]
struct Flags {
    min_share: Option<f64>,
    k: Option<String>,
}

fn defaults() -> Layers {
    Layers::new()
        .defaults("engine", ENGINE)
        .unwrap()
        .defaults("segmentation", SEGMENTATION)
        .unwrap()
}

fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my settings.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn error_of(layers: &Layers) -> String {
    let error = layers.load::<Settings>().unwrap_err();
    let of_section = layers.load_section::<Segmentation>("segmentation", &["engine"]);
    if let Err(of_section) = of_section {
        assert_eq!(
            of_section.to_string(),
            error.to_string(),
            "whole or by section, the same"
        );
    }
    error.to_string()
}

#[test]
fn defaults_alone_are_enough() {
    let settings: Settings = defaults().load().unwrap();
    assert_eq!(
        settings.engine,
        EngineSettings {
            threads: 4,
            memory_limit: None
        }
    );
    assert_eq!(settings.segmentation.min_share, 0.01);
    assert_eq!(settings.segmentation.algorithm, Algorithm::Kmeans);
}

#[test]
fn each_layer_replaces_single_values_of_the_one_below() {
    let (_folder, path) = file(
        "[segmentation]\nmin_share = 0.02\nk = \"3..4\"\nalgorithm = \"gmm\"\ncolumns = [\"units\"]\n",
    );
    let environment = variables(&[
        ("JOBS_SEGMENTATION__MIN_SHARE", "0.03"),
        ("JOBS_SEGMENTATION__K", "5..6"),
    ]);
    let flags = Flags {
        k: Some("7..8".to_owned()),
        ..Flags::default()
    };
    let settings: Settings = defaults()
        .config(&path)
        .unwrap()
        .environment(environment, &[])
        .unwrap()
        .flags("segmentation", flags)
        .unwrap()
        .load()
        .unwrap();
    let expected = Segmentation {
        min_share: 0.03,
        k: "7..8".to_owned(),
        columns: vec!["units".to_owned()],
        algorithm: Algorithm::Gmm,
    };
    assert_eq!(settings.segmentation, expected);
    assert_eq!(settings.engine.threads, 4, "untouched by all layers");
}

#[test]
fn one_section_may_be_loaded_by_itself() {
    let layers = defaults().flags("segmentation", Flags::default()).unwrap();
    let section: Segmentation = layers.load_section("segmentation", &["engine"]).unwrap();
    assert_eq!(section.k, "2..10");
}

#[test]
fn an_unknown_key_is_named_with_its_file() {
    let (_folder, path) = file("[segmentation]\nmin_sahre = 0.02\n");
    let text = error_of(&defaults().config(&path).unwrap());
    assert!(text.contains("`segmentation.min_sahre`"), "{text}");
    assert!(text.contains(&path.display().to_string()), "{text}");
    assert!(text.contains("min_share"), "it tells what there is: {text}");
}

#[test]
fn an_unknown_section_is_named_with_its_file() {
    let (_folder, path) = file("[segmentatoin]\nmin_share = 0.02\n");
    let layers = defaults().config(&path).unwrap();
    for text in [
        layers.load::<Settings>().unwrap_err().to_string(),
        layers
            .load_section::<Segmentation>("segmentation", &["engine"])
            .unwrap_err()
            .to_string(),
    ] {
        assert!(
            text.contains("`segmentatoin`") && text.contains("my settings.toml"),
            "{text}"
        );
        assert!(text.contains("known here: engine, segmentation"), "{text}");
    }
}

#[test]
fn an_unknown_variable_is_named() {
    let environment = variables(&[("JOBS_SEGMENTATION__MIN_SAHRE", "0.1"), ("PATH", "/bin")]);
    let text = error_of(&defaults().environment(environment, &[]).unwrap());
    assert!(text.contains("`segmentation.min_sahre`"), "{text}");
    assert!(
        text.contains("environment variable JOBS_SEGMENTATION__MIN_SAHRE"),
        "{text}"
    );
}

#[test]
fn reserved_variables_are_left_alone() {
    let environment = variables(&[("JOBS_LOG", "debug")]);
    defaults()
        .environment(environment, &["JOBS_LOG"])
        .unwrap()
        .load::<Settings>()
        .unwrap();
}

#[test]
fn a_variable_with_an_empty_part_is_an_error() {
    for name in ["JOBS_", "JOBS___K", "JOBS_SEGMENTATION__"] {
        let error = defaults()
            .environment(variables(&[(name, "1")]), &[])
            .unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn a_wrong_type_is_named_with_its_layer() {
    let (_folder, path) = file("[segmentation]\nmin_share = \"little\"\n");
    let text = error_of(&defaults().config(&path).unwrap());
    assert!(
        text.contains("`segmentation.min_share`") && text.contains("my settings.toml"),
        "{text}"
    );
    assert!(
        text.contains("\"little\"") && text.contains("f64"),
        "{text}"
    );

    let environment = variables(&[("JOBS_ENGINE__THREADS", "many")]);
    let text = error_of(&defaults().environment(environment, &[]).unwrap());
    assert!(
        text.contains("variable JOBS_ENGINE__THREADS") && text.contains("\"many\""),
        "{text}"
    );

    let flags = serde_json::json!({"min_share": [1, 2]});
    let text = error_of(&defaults().flags("segmentation", flags).unwrap());
    assert!(
        text.contains("the flag --min-share") && text.contains("a list"),
        "{text}"
    );

    let flags = serde_json::json!({"algorithm": "dbscan"});
    let text = error_of(&defaults().flags("segmentation", flags).unwrap());
    assert!(
        text.contains("`dbscan`") && text.contains("kmeans, gmm"),
        "{text}"
    );
}

#[test]
fn a_setting_that_is_nowhere_is_named() {
    let layers = Layers::new()
        .defaults("segmentation", SEGMENTATION)
        .unwrap();
    let text = layers
        .defaults("engine", "")
        .unwrap()
        .load::<Settings>()
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("`engine.threads`") && text.contains("--threads"),
        "{text}"
    );
}

#[test]
fn memory_sizes_are_written_as_people_write_them() {
    for (text, bytes) in [
        ("4GB", 4_000_000_000),
        ("512MiB", 512 << 20),
        ("1000", 1000),
    ] {
        let environment = variables(&[("JOBS_ENGINE__MEMORY_LIMIT", text)]);
        let settings: Settings = defaults()
            .environment(environment, &[])
            .unwrap()
            .load()
            .unwrap();
        assert_eq!(
            settings.engine.memory_limit,
            Some(ByteSize::new(bytes)),
            "{text}"
        );
    }
    let environment = variables(&[("JOBS_ENGINE__MEMORY_LIMIT", "lots")]);
    let text = error_of(&defaults().environment(environment, &[]).unwrap());
    assert!(
        text.contains("`lots` is no size") && text.contains("MEMORY_LIMIT"),
        "{text}"
    );
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_an_error() {
    let error = defaults()
        .config("/nowhere/at/all.toml".as_ref())
        .unwrap_err();
    assert!(matches!(error, SettingsError::File { .. }));
    assert!(
        error.to_string().contains("/nowhere/at/all.toml"),
        "{error}"
    );
    let (_folder, path) = file("[segmentation]\nmin_share == 1\n");
    let text = defaults().config(&path).unwrap_err().to_string();
    assert!(
        text.contains("my settings.toml") && text.contains("line 2"),
        "{text}"
    );
}

#[test]
fn settings_of_one_shape_load_in_one_call() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Flat {
        min_share: f64,
        k: String,
    }
    let (_folder, path) = file("min_share = 0.2\nk = \"4..5\"\n");
    let flags = Flags {
        min_share: Some(0.3),
        ..Flags::default()
    };
    let loaded: Flat =
        pipeline::settings::load("min_share = 0.1\nk = \"2..3\"", Some(&path), flags).unwrap();
    assert_eq!(
        loaded,
        Flat {
            min_share: 0.3,
            k: "4..5".to_owned()
        }
    );
}
