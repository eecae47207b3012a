//! The rules of markup that browsers forgive and screen readers do not.

use std::collections::BTreeSet;

const VOID: [&str; 5] = ["br", "hr", "img", "link", "meta"];
/// How much of a page is quoted where it breaks a rule.
const QUOTED: usize = 80;

/// Checks a finished page: every element is closed in order, every attribute is quoted, ids are
/// unique, links within the page lead somewhere, and every header cell says what it heads. Cost:
/// one pass over the page.
///
/// # Errors
///
/// The first broken rule, in a sentence.
pub fn check(page: &str) -> Result<(), String> {
    let page = page
        .strip_prefix("<!DOCTYPE html>")
        .ok_or("the page does not name its type first")?;
    let mut open: Vec<&str> = Vec::new();
    let mut ids = BTreeSet::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, after) = after.split_once('>').ok_or("the last tag does not end")?;
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!(
                    "</{name}> does not close what is open, after {open:?}"
                ));
            }
            continue;
        }
        let name = tag.split([' ', '\n', '/']).next().unwrap_or_default();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(format!("<{}> is no element", quoted(tag)));
        }
        let attributes = attributes(tag[name.len()..].trim_end_matches('/'))?;
        for (attribute, value) in &attributes {
            if *attribute == "id" && !ids.insert(*value) {
                return Err(format!("the id {value} is used twice"));
            }
        }
        if name == "th" && !attributes.iter().any(|(name, _)| *name == "scope") {
            return Err(format!("<{}> has no scope", quoted(tag)));
        }
        if name == "style" {
            rest = rest
                .split_once("</style>")
                .ok_or("the style does not end")?
                .1;
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    if !open.is_empty() {
        return Err(format!("left open: {open:?}"));
    }
    for link in page.split("href=\"#").skip(1) {
        let target = link.split('"').next().unwrap_or_default();
        if !ids.contains(target) {
            return Err(format!("the link to {target} leads nowhere"));
        }
    }
    Ok(())
}

/// Names and values.
fn attributes(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let unquoted = || format!("an attribute is not quoted: {}", quoted(rest));
        let (name, after) = rest.split_once("=\"").ok_or_else(unquoted)?;
        let (value, after) = after.split_once('"').ok_or_else(unquoted)?;
        if name.contains([' ', '\n']) {
            return Err(format!("an attribute has no value: {}", quoted(name)));
        }
        found.push((name, value));
        rest = after.trim();
    }
    Ok(found)
}

fn quoted(text: &str) -> String {
    text.chars().take(QUOTED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(body: &str) -> String {
        check(&format!("<!DOCTYPE html>{body}")).unwrap_err()
    }

    #[test]
    fn a_page_that_keeps_the_rules_passes() {
        let page = "<!DOCTYPE html><html lang=\"en\"><style>p > b {}</style><a href=\"#a\">a</a>\
                    <p id=\"a\">b<br></p><th scope=\"row\">c</th><path d=\"M0\"/></html>";
        assert_eq!(check(page), Ok(()));
    }

    #[test]
    fn broken_rules_are_named() {
        assert!(check("<p></p>").unwrap_err().contains("type"));
        assert!(complaint("<p><b></p></b>").contains("does not close what is open"));
        assert!(complaint("<p>").contains("left open"));
        assert!(complaint("<p id=\"a\"></p><p id=\"a\"></p>").contains("used twice"));
        assert!(complaint("<p class=a></p>").contains("not quoted"));
        assert!(complaint("<p hidden class=\"a\"></p>").contains("no value"));
        assert!(complaint("<th>a</th>").contains("no scope"));
        assert!(complaint("<a href=\"#b\">b</a>").contains("nowhere"));
        assert!(complaint("a <> b").contains("no element"));
    }
}
