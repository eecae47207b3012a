//! Rules of the house that a program can check.

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let mut folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    while !folder.join("Cargo.lock").exists() {
        folder = folder
            .parent()
            .expect("a workspace root above this package");
    }
    folder.to_path_buf()
}

/// Every file of the source tree with this extension, sorted; build output is not source.
pub(crate) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "out" {
                found.extend(files(&path, extension));
            }
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn no_source_file_is_longer_than_500_lines() {
    let root = root();
    for extension in ["rs", "sql", "html", "py"] {
        for file in files(&root, extension) {
            let lines = std::fs::read_to_string(&file).unwrap().lines().count();
            assert!(
                lines <= 500,
                "{} has {lines} lines: split it by what it does",
                file.display()
            );
        }
    }
}

#[test]
fn sql_lives_in_the_sql_folder() {
    let root = root();
    for file in files(&root, "rs") {
        let path = file.strip_prefix(&root).unwrap();
        let is_test = path.components().any(|part| part.as_os_str() == "tests")
            || path.file_stem().is_some_and(|stem| stem == "tests");
        if path.starts_with("sql") || is_test {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (number, line) in code.lines().enumerate() {
            let line = line.trim_start();
            let literal = line.to_lowercase();
            assert!(
                line.starts_with("//")
                    || !literal.contains("\"select ") && !literal.contains("group by "),
                "{}:{} holds SQL text; it belongs in sql/",
                path.display(),
                number + 1
            );
        }
    }
}

#[test]
fn the_first_line_of_the_charts_readme_says_what_it_is_not() {
    let text = std::fs::read_to_string(root().join("charts/README.md")).unwrap();
    assert!(text.lines().next().unwrap().contains("figures, not Helm"));
}
