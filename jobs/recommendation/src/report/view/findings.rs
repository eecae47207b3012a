//! The few things worth knowing first, in sentences that hold for the data.

use ::report::Finding;
use ::report::numbers::{counted, decimal, part, percent};
use ::report::words::name;

use super::ProductView;
use crate::outcome::{Outcome, Quality, Recommender, SegmentProduct, Verdict};

/// How many findings a headline has.
const FINDINGS: usize = 5;
/// A product stands out in a segment from this lift on, if it is on the lists of enough of its
/// customers.
const NOTABLE_LIFT: f64 = 1.5;
const NOTABLE_CUSTOMERS: u64 = 10;

/// The first few that hold, most useful first.
pub(super) fn findings(outcome: &Outcome) -> Vec<Finding> {
    let found = [
        Some(verdict(outcome)),
        better_baseline(outcome),
        reach(outcome),
        segment(outcome),
        popular(outcome),
        left_out(outcome),
    ];
    found.into_iter().flatten().take(FINDINGS).collect()
}

fn verdict(outcome: &Outcome) -> Finding {
    let Some(quality) = &outcome.quality else {
        return Finding {
            claim: "Nobody knows yet how good the lists are: they were not tested.".to_owned(),
            action: "Try them on some of the customers and compare with the rest.".to_owned(),
        };
    };
    let (claim, action) = match quality.verdict {
        Verdict::Better => (
            "The lists are better than showing everybody what is most popular.",
            if better_baseline(outcome).is_none() {
                "Use them."
            } else {
                ""
            },
        ),
        Verdict::NotClearlyBetter => (
            "The lists are not clearly better than showing everybody what is most popular.",
            "The difference may be chance; a longer log would tell.",
        ),
        Verdict::NotBetter => (
            "The lists are not better than showing everybody what is most popular.",
            "Show what is popular, those of the segment where segments are known, until a longer log or \
             other settings do better.",
        ),
    };
    Finding {
        claim: format!("{claim}{}", found_again(quality).unwrap_or_default()),
        action: action.to_owned(),
    }
}

/// What the test means in products.
fn found_again(quality: &Quality) -> Option<String> {
    let recall = |who| Some(quality.of(who)?.values.recall_at_10);
    Some(format!(
        " Of the products a customer turned to in the test, {} were among the first 10 on the \
         list, and {} among the 10 most popular.",
        percent(recall(Recommender::Als)?),
        percent(recall(Recommender::Popularity)?)
    ))
}

fn better_baseline(outcome: &Outcome) -> Option<Finding> {
    let (best, value, model) = outcome.quality.as_ref()?.better_baseline()?;
    let what = match best {
        Recommender::ItemKnn => "Showing products near to those a customer has, one by one,",
        _ => "Showing what was popular in the last days before the test",
    };
    Some(Finding {
        claim: format!(
            "{what} had the higher mean in the test (NDCG@10 {} against the model’s {}).",
            decimal(value, 4),
            decimal(model, 4)
        ),
        action: "A wider grid or a longer log may change that.".to_owned(),
    })
}

fn reach(outcome: &Outcome) -> Option<Finding> {
    let reach = &outcome.reach;
    let (events, recommended) = (reach.events.first()?, reach.recommendations.first()?);
    Some(Finding {
        claim: format!(
            "The lists show {} of the catalogue. The most popular tenth of the products has {} of \
             the events and {} of the places on the lists.",
            percent(reach.coverage),
            percent(*events),
            percent(*recommended)
        ),
        action: String::new(),
    })
}

/// The product that stands out most in any segment.
fn segment(outcome: &Outcome) -> Option<Finding> {
    let segments = &outcome.segments.as_ref()?.segments;
    let pairs = segments.iter().flat_map(|segment| {
        let products = segment.products.iter();
        products.map(move |product| (segment, product))
    });
    let notable = |product: &SegmentProduct| {
        product.lift >= NOTABLE_LIFT && product.customers >= NOTABLE_CUSTOMERS
    };
    let notable = pairs.filter(|(_, product)| notable(product));
    let (segment, product) = notable.max_by(|a, b| a.1.lift.total_cmp(&b.1.lift))?;
    Some(Finding {
        claim: format!(
            "The customers in “{}” differ most: {} is on the lists of {} of them, {} times as often \
             as in the whole shop.",
            name(&segment.fused_segment),
            told(
                &product.product_id,
                product.category.as_deref(),
                product.brand.as_deref()
            ),
            percent(product.share),
            decimal(product.lift, 1)
        ),
        action: String::new(),
    })
}

fn popular(outcome: &Outcome) -> Option<Finding> {
    let first = outcome.popular.first()?;
    Some(Finding {
        claim: format!(
            "The most popular product is {}: {} ({}) turned to it.",
            told(
                &first.product_id,
                first.category.as_deref(),
                first.brand.as_deref()
            ),
            counted(first.n_users, "customer", "customers"),
            part(first.n_users, outcome.learned.users)
        ),
        action:
            "Lists leave out what a customer has had events with, so popular products show mostly \
                 to those who do not know them."
                .to_owned(),
    })
}

fn left_out(outcome: &Outcome) -> Option<Finding> {
    let (learned, settings) = (&outcome.learned, &outcome.settings);
    let (users, products) = (learned.users_left_out, learned.products_left_out);
    (users + products > 0).then(|| Finding {
        claim: format!(
            "{} and {} could not be learned from: too few events, or no score.",
            counted(users, "customer", "customers"),
            counted(products, "product", "products")
        ),
        action: format!(
            "Such customers get what is popular; the limits are {} of a customer and {} of a \
             product.",
            counted(settings.min_user_events, "event", "events"),
            counted(settings.min_product_events, "event", "events")
        ),
    })
}

fn told(id: &str, category: Option<&str>, brand: Option<&str>) -> String {
    let product = ProductView::of(id, category, brand);
    if product.about.is_empty() {
        format!("product {}", product.id)
    } else {
        format!("product {} ({})", product.id, product.about)
    }
}
