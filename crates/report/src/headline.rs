//! What a report is about, in one sentence, a few numbers and a few findings.

use crate::numbers::plain_percent;

/// The top of a report; `shared/headline.html` shows it as `page.headline`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headline {
    /// What this is.
    pub lead: String,
    /// That only a sample was looked at, when it was.
    pub sample: Option<String>,
    /// Numbers; the first may be long.
    pub facts: Vec<Fact>,
    /// What to act on first.
    pub findings: Vec<Finding>,
}

/// A number that everybody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it counts.
    pub label: &'static str,
    /// The number.
    pub value: String,
    /// A second number or a word about the first.
    pub note: String,
}

/// A fact of the data, and what to do about it (may be empty).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was found.
    pub claim: String,
    /// What to do, or how to take it.
    pub action: String,
}

/// That only a share of the users was looked at; `counted` lists what is counted of them.
pub fn sample_notice(share: f64, counted: &str) -> String {
    format!(
        "This is a quick look at a sample of about {} of the users. All numbers of {counted} are \
         those of the sample, not of the whole shop.",
        plain_percent(share)
    )
}
