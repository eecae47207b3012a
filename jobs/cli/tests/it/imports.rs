//! Who may import whom: strictly downward, and heavy dependencies stay in their rooms.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Package → what it may depend on among ours. A package that is not here has no room yet.
const ALLOWED: &[(&str, &[&str])] = &[
    ("algorithms", &[]),
    ("sql", &[]),
    ("charts", &[]),
    ("engine", &["algorithms", "sql", "charts"]),
    ("artifacts", &["algorithms", "sql", "charts"]),
    ("pipeline", &["engine", "artifacts"]),
    ("data", &["engine", "sql"]),
    ("report", &["charts", "data"]),
    ("intake", &["engine", "pipeline", "data", "sql"]),
    (
        "segmentation",
        &[
            "intake",
            "report",
            "algorithms",
            "sql",
            "charts",
            "engine",
            "artifacts",
            "pipeline",
            "data",
        ],
    ),
    (
        "recommendation",
        &[
            "intake",
            "report",
            "algorithms",
            "sql",
            "charts",
            "engine",
            "artifacts",
            "pipeline",
            "data",
        ],
    ),
    (
        "jobs",
        &[
            "recommendation",
            "segmentation",
            "intake",
            "engine",
            "artifacts",
            "pipeline",
            "data",
        ],
    ),
    ("scheduler", &["engine"]),
    ("executor", &["engine"]),
];

/// Heavy dependency (by prefix) → the only packages that may name it.
const ROOMS: &[(&str, &[&str])] = &[
    ("ballista", &["engine", "scheduler", "executor"]),
    ("clap", &["jobs", "scheduler", "executor"]),
    ("anyhow", &["jobs", "scheduler", "executor"]),
    ("ndarray", &["algorithms", "recommendation", "segmentation"]),
    ("linfa", &["algorithms", "recommendation", "segmentation"]),
    ("plotters", &["charts"]),
    ("mimalloc", &["jobs", "scheduler", "executor"]),
];

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let of_package = package["dependencies"].as_array().unwrap();
            // What only a test needs may point anywhere: it ships with nobody.
            let shipped = of_package
                .iter()
                .filter(|dependency| dependency["kind"] != "dev");
            (name(package), shipped.map(name).collect())
        })
        .collect()
}

#[test]
fn every_package_has_a_place_in_the_table() {
    let known: BTreeSet<_> = ALLOWED
        .iter()
        .map(|(package, _)| (*package).to_owned())
        .collect();
    let found: BTreeSet<_> = dependencies().into_keys().collect();
    assert_eq!(found, known);
}

#[test]
fn imports_point_strictly_downward() {
    let found = dependencies();
    let ours: BTreeSet<_> = found.keys().cloned().collect();
    for (package, allowed) in ALLOWED {
        for dependency in found[*package].intersection(&ours) {
            assert!(
                allowed.contains(&dependency.as_str()),
                "{package} imports {dependency}, which the table does not allow"
            );
        }
    }
}

#[test]
fn heavy_dependencies_stay_in_their_rooms() {
    for (package, dependencies) in dependencies() {
        for dependency in &dependencies {
            for (prefix, rooms) in ROOMS {
                assert!(
                    !dependency.starts_with(prefix) || rooms.contains(&package.as_str()),
                    "{package} depends on {dependency}, which lives only in {rooms:?}"
                );
            }
        }
    }
}

#[test]
fn every_version_is_fixed_in_the_root_manifest() {
    let root = super::house::root();
    let fixed = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let fixed: toml::Table = fixed.parse().unwrap();
    for manifest in super::house::files(&root, "toml") {
        if manifest
            .file_name()
            .is_some_and(|name| name == "Cargo.toml")
            && manifest.parent() != Some(root.as_path())
        {
            let text = std::fs::read_to_string(&manifest).unwrap();
            let table: toml::Table = text.parse().unwrap();
            if table.contains_key("workspace") {
                same_versions(&fixed, &table, &manifest);
                continue;
            }
            for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
                let Some(entries) = table.get(section).and_then(toml::Value::as_table) else {
                    continue;
                };
                for (name, entry) in entries {
                    assert_eq!(
                        entry.get("workspace").and_then(toml::Value::as_bool),
                        Some(true),
                        "{name} in {} has a version of its own",
                        manifest.display()
                    );
                }
            }
        }
    }
}

/// A workspace of its own fixes its versions itself: those that the root fixes too are the same.
fn same_versions(root: &toml::Table, other: &toml::Table, manifest: &Path) {
    let version = |entry: &toml::Value| entry.get("version").unwrap_or(entry).clone();
    let fixed = root["workspace"]["dependencies"].as_table().unwrap();
    for (name, entry) in other["dependencies"].as_table().unwrap() {
        if let Some(entry_of_root) = fixed.get(name)
            && entry.get("path").is_none()
        {
            let manifest = manifest.display();
            assert_eq!(
                version(entry),
                version(entry_of_root),
                "{name} in {manifest}"
            );
        }
    }
}
