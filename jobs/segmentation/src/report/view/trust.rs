//! How far to trust the numbers.

use ::report::Assessment;

use super::super::numbers::{self, counted, decimal, percent};
use super::super::words::{self, Standing};
use super::scores;
use crate::outcome::Outcome;
use crate::rfm::STEPS;

/// A fifth that holds more than twice its share says little.
const UNEVEN: f64 = 0.40;
/// With fewer buyers than this, single people move the numbers.
const FEW_BUYERS: u64 = 500;

pub(super) fn assessments(outcome: &Outcome) -> Vec<Assessment> {
    let sample = "Shares and averages are estimates for the whole shop; counts and revenue are \
                  those of the sample.";
    let anonymous = "They belong to no group, and their revenue is in no number of this report.";
    let found = [
        Some(Assessment::sample(outcome.sample, sample)),
        Some(Assessment::quarantine(&outcome.account)),
        Some(Assessment::anonymous(&outcome.account, anonymous)),
        buyers(outcome),
        silhouette(outcome),
        stability(outcome),
        Some(score_groups(outcome)),
        frozen(outcome),
        constant_columns(outcome),
        Some(as_of(outcome)),
    ];
    found.into_iter().flatten().collect()
}

fn buyers(outcome: &Outcome) -> Option<Assessment> {
    let n = outcome.totals.buyers;
    let text = format!(
        "There are only {}: in small segments single people move the averages.",
        counted(n, "buyer", "buyers")
    );
    (n < FEW_BUYERS).then(|| Assessment::new("Buyers", ("few", Standing::Fair), text))
}

fn silhouette(outcome: &Outcome) -> Option<Assessment> {
    let score = outcome.clusters.chosen()?.silhouette;
    let text = format!(
        "The silhouette score is {}. Above 0.70 groups are clearly separate, above 0.50 they can be \
         told apart, above 0.25 they overlap, below that they are cuts through a continuum. Squared \
         distances read somewhat higher than plain ones, for which these bounds were made.",
        decimal(score, 3)
    );
    Some(Assessment::new(
        "Separation of the clusters",
        words::silhouette(score),
        text,
    ))
}

fn stability(outcome: &Outcome) -> Option<Assessment> {
    let chosen = outcome.clusters.chosen()?;
    let topic = "Stability of the clusters";
    let Some(index) = chosen.stability else {
        let text = "It was not computed in this run, so it is unknown whether other customers \
                    would give the same clusters.";
        return Some(Assessment::new(
            topic,
            ("unknown", Standing::Fair),
            text.to_owned(),
        ));
    };
    let text = format!(
        "When the customers are drawn anew, the clusters agree with these to {} (adjusted Rand \
         index, 1 is identical). From 0.85 on they are stable, from 0.60 on roughly the same, below \
         that doubtful.",
        decimal(index, 2)
    );
    Some(Assessment::new(topic, words::stability(index), text))
}

/// Scores nobody has, and scores with far more than a fifth of the buyers.
fn score_groups(outcome: &Outcome) -> Assessment {
    let measures: [(&str, scores::Score); 3] = [
        ("recency", |s| s.r),
        ("frequency", |s| s.f),
        ("monetary value", |s| s.m),
    ];
    let mut findings = Vec::new();
    for (measure, of) in measures {
        let buyers = scores::buyers_by_score(outcome, of);
        let with = |wanted: &dyn Fn(u64) -> bool| -> Vec<String> {
            (1..=STEPS)
                .filter(|s| wanted(buyers[s - 1]))
                .map(|s| s.to_string())
                .collect()
        };
        let empty = with(&|n| n == 0);
        if !empty.is_empty() {
            let scores = words::list(&empty).replace(" and ", " or ");
            findings.push(format!("nobody has {measure} score {scores}"));
        }
        for (index, n) in buyers.iter().enumerate() {
            let share = *n as f64 / outcome.totals.buyers.max(1) as f64;
            if share >= UNEVEN {
                findings.push(format!(
                    "{} have {measure} score {}",
                    percent(share),
                    index + 1
                ));
            }
        }
    }
    let topic = "Even scores";
    if findings.is_empty() {
        let text = "Every score from 1 to 5 is used, and none by 40 % of the buyers or more.";
        return Assessment::new(topic, ("yes", Standing::Good), text.to_owned());
    }
    let text = format!(
        "Many buyers are alike, so the scores are not even fifths: {}. Differences within such a \
         group are invisible to the segments.",
        words::list(&findings)
    );
    Assessment::new(topic, ("uneven", Standing::Fair), text)
}

fn frozen(outcome: &Outcome) -> Option<Assessment> {
    let model = &outcome.rfm.model;
    let text = format!(
        "The limits of the scores were found on {} as of {} and kept. That makes runs comparable; \
         the older they are, the less they fit.",
        counted(model.customers, "buyer", "buyers"),
        numbers::moment(model.as_of)
    );
    outcome
        .rfm
        .frozen
        .then(|| Assessment::new("Limits of the scores", ("kept", Standing::Fair), text))
}

fn constant_columns(outcome: &Outcome) -> Option<Assessment> {
    let constant = &outcome.clusters.constant_columns;
    let label = |name: &&'static str| {
        let column = outcome
            .clusters
            .columns
            .iter()
            .find(|column| column.name == *name);
        column.map_or(*name, |column| column.label)
    };
    let labels: Vec<&str> = constant.iter().map(label).collect();
    let text = format!(
        "{} unknown or the same for every customer and did not count for the clusters: {}. The \
         events may not record {}.",
        if labels.len() == 1 {
            "One habit is"
        } else {
            "Some habits are"
        },
        words::list(&labels),
        if labels.len() == 1 { "it" } else { "them" },
    );
    let verdict = ("some missing", Standing::Fair);
    (!constant.is_empty()).then(|| Assessment::new("Habits", verdict, text))
}

fn as_of(outcome: &Outcome) -> Assessment {
    let span = &outcome.span;
    let later = match span.events_after_as_of {
        0 => String::new(),
        n => format!(
            " {} at or after it were left aside.",
            counted(n, "event", "events")
        ),
    };
    let text = format!(
        "Recency counts whole days back from {}. With another date customers move between segments \
         although they did nothing.{later}",
        numbers::moment(span.as_of)
    );
    Assessment::new("Date", ("a snapshot", Standing::Good), text)
}
