//! What a recommendation run found, in a few lines.

use pipeline::Failure;
use recommendation::Outcome;
use recommendation::outcome::{Protocol, Quality, Recommender, Verdict};

use crate::output;

/// Prints what was found.
pub(super) fn print(outcome: &Outcome) -> Result<(), Failure> {
    let learned = &outcome.learned;
    output::line(&format!(
        "{} customers, {} products, {} pairs with a score ({} feedback)",
        output::count(learned.users),
        output::count(learned.products),
        output::count(learned.pairs),
        outcome.feedback
    ))?;
    output::line(&format!("setting {}", outcome.choice.reason))?;
    match &outcome.quality {
        Some(quality) => print_quality(quality),
        None => output::line("How good the lists are was not tested; the report says why."),
    }
}

/// How to ask for a customer of the run.
pub(super) fn print_question(outcome: &Outcome, output: &str) -> Result<(), Failure> {
    match outcome.examples.first() {
        Some(customer) => output::line(&format!(
            "ask     {} recommend --output {} --user {} --explain",
            quoted(&program()),
            quoted(output),
            quoted(&customer.user_id)
        )),
        None => Ok(()),
    }
}

/// This program as it was called, so that the command can be pasted: `jobs` alone is a word of the
/// shell.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "jobs".to_owned())
}

/// A word of a command line, in quotes where a shell would take it apart.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-:".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

fn print_quality(quality: &Quality) -> Result<(), Failure> {
    let mut table = output::table(&["recommender", "NDCG@10", "95 % interval", "Recall@20"]);
    for found in &quality.recommenders {
        let ndcg = &found.ndcg_at_10;
        table.add_row([
            found.recommender.label().to_owned(),
            format!("{:.4}", ndcg.mean),
            format!("{:.4} to {:.4}", ndcg.low, ndcg.high),
            format!("{:.4}", found.recall_at_20.mean),
        ]);
    }
    output::right_align(&mut table, &[1, 2, 3]);
    output::line(&table.to_string())?;
    let users = output::count(quality.n_users);
    output::line(&match &quality.protocol {
        Protocol::Time { at } => format!(
            "tested on the products {users} customers turned to from {} on",
            at.format("%Y-%m-%d %H:%M UTC")
        ),
        Protocol::Fold { fold } => format!(
            "tested on the products of {users} customers in fold {fold}, not on later events; the \
             report says why"
        ),
    })?;
    match (quality.verdict, quality.of(Recommender::Popularity)) {
        (_, None) => Ok(()),
        (Verdict::Better, Some(popular)) => output::line(&format!(
            "The model beats popularity, showing everybody the most popular products (NDCG@10 \
             {:.4}).",
            popular.ndcg_at_10.mean
        )),
        (Verdict::NotBetter, Some(popular)) => output::line(&format!(
            "THE MODEL DOES NOT BEAT POPULARITY: showing everybody the most popular products is at \
             least as good (NDCG@10 {:.4}).",
            popular.ndcg_at_10.mean
        )),
        (Verdict::NotClearlyBetter, Some(popular)) => output::line(&format!(
            "THE MODEL DOES NOT CLEARLY BEAT POPULARITY (NDCG@10 {:.4}): the difference may be \
             chance.",
            popular.ndcg_at_10.mean
        )),
    }
}
