//! How far to trust the numbers.

use ::report::Assessment;
use ::report::numbers::{self, count, counted, part};
use ::report::words::{Standing, name};

use super::products;
use crate::outcome::{Outcome, Protocol, Verdict};

/// With fewer customers in the test than this, intervals are wide; with fewer than the first, the
/// test says next to nothing.
const TOO_FEW_USERS: u64 = 100;
const FEW_USERS: u64 = 1_000;
/// From this share of new customers in the test on, the model answers for few.
const MANY_UNKNOWN: f64 = 0.5;

pub(super) fn assessments(outcome: &Outcome) -> Vec<Assessment> {
    let sample = "Products have fewer customers than they would have in the whole shop, which makes \
                  the lists worse; counts are those of the sample.";
    let anonymous = "Nothing can be learned from them, and nobody can be shown a list for them.";
    let found = [
        Some(verdict(outcome)),
        protocol(outcome),
        tested(outcome),
        unknown(outcome),
        Some(converged(outcome)),
        Some(histories(outcome)),
        Some(Assessment::sample(outcome.sample, sample)),
        Some(Assessment::quarantine(&outcome.account)),
        Some(Assessment::anonymous(&outcome.account, anonymous)),
        Some(as_of(outcome)),
    ];
    found.into_iter().flatten().collect()
}

fn verdict(outcome: &Outcome) -> Assessment {
    let topic = "Better than popularity";
    let Some(quality) = &outcome.quality else {
        let text = "The lists could not be tested.";
        return Assessment::new(topic, ("unknown", Standing::Poor), text.to_owned());
    };
    let (verdict, text) = match quality.verdict {
        Verdict::Better => (
            ("yes", Standing::Good),
            "The 95 % interval of the difference in NDCG@10 lies above 0.",
        ),
        Verdict::NotClearlyBetter => (
            ("perhaps", Standing::Fair),
            "The model has the higher mean NDCG@10, but the 95 % interval of the difference \
             reaches 0: it may be chance.",
        ),
        Verdict::NotBetter => (
            ("no", Standing::Poor),
            "Popularity has as high a mean NDCG@10 or a higher one.",
        ),
    };
    Assessment::new(topic, verdict, text.to_owned())
}

fn protocol(outcome: &Outcome) -> Option<Assessment> {
    let topic = "The test";
    Some(match &outcome.quality.as_ref()?.protocol {
        Protocol::Time { at } => Assessment::new(
            topic,
            ("on later events", Standing::Good),
            format!(
                "The lists were made from what happened before {} and compared with what happened \
                 then, as in use.",
                numbers::moment(*at)
            ),
        ),
        Protocol::Fold { fold } => Assessment::new(
            topic,
            ("on a fold", Standing::Fair),
            format!(
                "The lists were compared with fold {}, which was left out for that. It is not \
                 later than the rest, and it took part in the choice of the setting.",
                name(fold)
            ),
        ),
    })
}

fn tested(outcome: &Outcome) -> Option<Assessment> {
    let n = outcome.quality.as_ref()?.n_users;
    let verdict = match n {
        n if n < TOO_FEW_USERS => ("very few", Standing::Poor),
        n if n < FEW_USERS => ("few", Standing::Fair),
        _ => ("enough", Standing::Good),
    };
    let text = format!(
        "The lists of {} were evaluated; the intervals say how much that leaves open.",
        counted(n, "customer", "customers")
    );
    Some(Assessment::new("Customers in the test", verdict, text))
}

fn unknown(outcome: &Outcome) -> Option<Assessment> {
    let quality = outcome.quality.as_ref()?;
    let (unknown, known) = (quality.n_users_unknown, quality.n_users_eligible);
    let share = unknown as f64 / (unknown + known).max(1) as f64;
    let verdict = match share {
        share if share >= MANY_UNKNOWN => ("most", Standing::Fair),
        _ if unknown > 0 => ("some", Standing::Good),
        _ => ("none", Standing::Good),
    };
    let text = format!(
        "{} of {} customers in the test ({}) had no history before it. For them there is no list, \
         only what is popular.",
        count(unknown),
        count(unknown + known),
        part(unknown, unknown + known)
    );
    (!matches!(quality.protocol, Protocol::Fold { .. }))
        .then(|| Assessment::new("New customers", verdict, text))
}

fn converged(outcome: &Outcome) -> Assessment {
    let fit = &outcome.fit;
    let rounds = counted(fit.losses.len() as u64, "round", "rounds");
    if fit.converged {
        let text = format!("After {rounds} another one would have changed next to nothing.");
        Assessment::new("The fit", ("settled", Standing::Good), text)
    } else {
        let text = format!(
            "It ended after {rounds}, as the settings say, while the loss still fell. The lists \
             are usable; more iterations may make them a little better."
        );
        Assessment::new("The fit", ("not settled", Standing::Fair), text)
    }
}

fn histories(outcome: &Outcome) -> Assessment {
    let median = outcome.learned.median_products_per_user;
    let verdict = match median {
        median if median <= 1.0 => ("very short", Standing::Poor),
        median if median < 4.0 => ("short", Standing::Fair),
        _ => ("long enough", Standing::Good),
    };
    let text = format!(
        "Half of the customers have events with {} or fewer. The fewer, the less there is to tell a \
         taste from.",
        products(median)
    );
    Assessment::new("Histories", verdict, text)
}

fn as_of(outcome: &Outcome) -> Assessment {
    let text = format!(
        "The lists know what happened before {}. Make them anew as often as tastes and the \
         catalogue change; a product without an event is on no list.",
        numbers::moment(outcome.span.as_of)
    );
    Assessment::new("Date", ("a snapshot", Standing::Good), text)
}
