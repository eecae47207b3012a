//! The rules of markup that browsers forgive and screen readers do not.

use std::collections::BTreeSet;

const VOID: [&str; 5] = ["br", "hr", "img", "link", "meta"];

/// Fails unless every element is closed in order, every attribute is quoted, ids are unique, links
/// within the page lead somewhere, and every header cell says what it heads.
pub(super) fn check(page: &str) {
    let page = page
        .strip_prefix("<!DOCTYPE html>")
        .expect("the page names its type first");
    let mut open: Vec<&str> = Vec::new();
    let mut ids = BTreeSet::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, after) = after.split_once('>').expect("a tag ends");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(
                open.pop(),
                Some(name),
                "closes what is open, after {open:?}"
            );
            continue;
        }
        let name = tag.split([' ', '\n', '/']).next().unwrap();
        assert!(
            name.chars().all(|c| c.is_ascii_alphanumeric()),
            "<{tag}> is an element"
        );
        let attributes = attributes(tag[name.len()..].trim_end_matches('/'));
        for (attribute, value) in &attributes {
            // Figures repeat no ids, so they may be pasted into one page.
            assert!(
                *attribute != "id" || ids.insert(*value),
                "the id {value} is used twice"
            );
        }
        let has = |wanted: &str| attributes.iter().any(|(name, _)| *name == wanted);
        assert!(name != "th" || has("scope"), "<{tag}> has a scope");
        if name == "style" {
            rest = rest.split_once("</style>").expect("the style ends").1;
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    for link in page.split("href=\"#").skip(1) {
        let target = link.split('"').next().unwrap();
        assert!(ids.contains(target), "the link to {target} leads nowhere");
    }
}

/// Names and values.
fn attributes(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest
            .split_once("=\"")
            .unwrap_or_else(|| panic!("unquoted: {rest}"));
        let (value, after) = after
            .split_once('"')
            .unwrap_or_else(|| panic!("open: {rest}"));
        assert!(
            !name.contains([' ', '\n']),
            "an attribute without a value in {text}"
        );
        found.push((name, value));
        rest = after.trim();
    }
    found
}

#[test]
#[should_panic(expected = "closes what is open")]
fn what_is_closed_out_of_order_is_found() {
    check("<!DOCTYPE html><p><b></p></b>");
}

#[test]
#[should_panic(expected = "used twice")]
fn repeated_ids_are_found() {
    check("<!DOCTYPE html><p id=\"a\"></p><p id=\"a\"></p>");
}
