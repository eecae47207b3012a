//! How a .sql file is written.

use std::collections::BTreeSet;
use std::path::Path;

use sql::ALL;

const HEADER: [&str; 4] = ["-- purpose: ", "-- grain: ", "-- params: ", "-- reads: "];

#[test]
fn every_file_says_its_purpose_its_grain_its_parameters_and_what_it_reads() {
    for query in ALL {
        let comments = query.text.lines().take_while(|line| line.starts_with("--"));
        let headers: Vec<&str> = comments.filter(|line| !line.starts_with("--  ")).collect();
        assert_eq!(
            headers.len(),
            HEADER.len(),
            "{}: header lines {headers:?}",
            query.name
        );
        for (line, expected) in headers.iter().zip(HEADER) {
            assert!(
                line.starts_with(expected),
                "{}: {line} is not {expected}…",
                query.name
            );
            assert!(
                line.len() > expected.len(),
                "{}: {expected} says nothing",
                query.name
            );
        }
    }
}

#[test]
fn the_parameters_of_the_text_are_those_of_the_header() {
    for query in ALL {
        let params = query
            .text
            .lines()
            .find(|line| line.starts_with("-- params: "))
            .unwrap();
        let body = query
            .text
            .lines()
            .filter(|line| !line.trim_start().starts_with("--"));
        let used: BTreeSet<String> = body.flat_map(names_after_dollar).collect();
        for name in &used {
            assert!(
                params.contains(&format!("${name}")),
                "{}: ${name} not in header",
                query.name
            );
        }
        for name in names_after_dollar(params) {
            assert!(
                used.contains(&name),
                "{}: ${name} is never used",
                query.name
            );
        }
    }
}

fn names_after_dollar(line: &str) -> Vec<String> {
    let name = |part: &str| {
        part.chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    line.split('$')
        .skip(1)
        .map(name)
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn a_text_is_one_select_in_lower_case_without_a_final_semicolon() {
    for query in ALL {
        let body: Vec<&str> = query
            .text
            .lines()
            .filter(|line| !line.trim_start().starts_with("--"))
            .collect();
        let first = body.first().copied().unwrap_or_default();
        assert!(
            first.starts_with("select") || first.starts_with("with "),
            "{}",
            query.name
        );
        let body = body.join("\n");
        assert!(!body.contains(';'), "{}: semicolon", query.name);
        assert!(!body.contains('\t'), "{}: tab", query.name);
        for keyword in ["SELECT", "FROM", "WHERE", "GROUP BY", "JOIN", "CASE"] {
            assert!(!body.contains(keyword), "{}: {keyword}", query.name);
        }
        assert!(
            !body.to_lowercase().contains("count(distinct"),
            "{}",
            query.name
        );
    }
}

#[test]
fn the_catalogue_holds_every_file_once_under_its_own_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = BTreeSet::new();
    for folder in std::fs::read_dir(root).unwrap() {
        let folder = folder.unwrap().path();
        if !folder.is_dir() || folder.ends_with("src") || folder.ends_with("tests") {
            continue;
        }
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "sql") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.insert((path.file_stem().unwrap().to_str().unwrap().to_owned(), text));
            }
        }
    }
    let catalogue: BTreeSet<(String, String)> = ALL
        .iter()
        .map(|query| (query.name.to_owned(), query.text.to_owned()))
        .collect();
    assert_eq!(
        catalogue.len(),
        ALL.len(),
        "a query stands twice in the catalogue"
    );
    let name = |entries: &BTreeSet<(String, String)>| -> Vec<String> {
        entries.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(name(&catalogue), name(&files));
    assert_eq!(catalogue, files);
}
