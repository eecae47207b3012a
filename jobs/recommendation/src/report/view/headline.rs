//! What this is, in one sentence and five numbers.

use ::report::numbers::{self, count, counted, decimal};
use ::report::{Fact, Headline, Period, sample_notice};

use super::{findings, products};
use crate::outcome::{Outcome, Recommender, Verdict};

pub(super) fn view(outcome: &Outcome, period: &Period) -> Headline {
    let learned = &outcome.learned;
    let lead = format!(
        "This report is about lists of products to show to {}, each made from what the customer and \
         others like them turned to before {}: how good the lists are, what is on them, and how \
         they were made.",
        counted(learned.users, "customer", "customers"),
        numbers::moment(period.as_of),
    );
    let counted = "customers, products and events";
    Headline {
        lead,
        sample: outcome.sample.map(|share| sample_notice(share, counted)),
        facts: facts(outcome, period),
        findings: findings::findings(outcome),
    }
}

fn facts(outcome: &Outcome, period: &Period) -> Vec<Fact> {
    let learned = &outcome.learned;
    let fact = |label, value, note| Fact { label, value, note };
    let median = format!(
        "with {} each (median)",
        products(learned.median_products_per_user)
    );
    let reach = numbers::percent(outcome.reach.coverage);
    let (verdict, note) = verdict(outcome);
    vec![
        period.fact(),
        fact("Customers", count(learned.users), median),
        fact(
            "Products",
            count(learned.products),
            format!("{reach} of them on somebody’s list"),
        ),
        fact(
            "Pairs learned from",
            count(learned.pairs),
            "of a customer and a product".to_owned(),
        ),
        fact("Against popularity", verdict.to_owned(), note),
    ]
}

fn verdict(outcome: &Outcome) -> (&'static str, String) {
    let Some(quality) = &outcome.quality else {
        return ("not tested", "see How good the lists are".to_owned());
    };
    let word = match quality.verdict {
        Verdict::Better => "better",
        Verdict::NotClearlyBetter => "not clearly better",
        Verdict::NotBetter => "not better",
    };
    let ndcg = |who| {
        numbers::optional(quality.of(who).map(|q| q.values.ndcg_at_10), |value| {
            decimal(value, 4)
        })
    };
    let (model, popular) = (ndcg(Recommender::Als), ndcg(Recommender::Popularity));
    (word, format!("NDCG@10 {model} against {popular}"))
}
