//! What is recommended: what is popular, the reach of the lists, and examples.

use ::report::numbers::{count, decimal, part, percent};
use ::report::{FigureView, Figures, words};

use super::{ID_LENGTH, ProductView};
use crate::outcome::{ExampleCustomer, ExampleProduct, Outcome, PopularProduct};

pub(in super::super) struct ListsView {
    pub(in super::super) reach: String,
    pub(in super::super) popular: Vec<PopularRow>,
    pub(in super::super) examples: Vec<ExampleView>,
    /// What the scores of the examples are.
    pub(in super::super) scores: &'static str,
    pub(in super::super) figures: Vec<FigureView>,
}

pub(in super::super) struct PopularRow {
    pub(in super::super) rank: usize,
    pub(in super::super) product: ProductView,
    pub(in super::super) customers: String,
    pub(in super::super) share: String,
}

pub(in super::super) struct ExampleView {
    pub(in super::super) customer: String,
    pub(in super::super) history: Vec<ScoredProduct>,
    pub(in super::super) recommended: Vec<ScoredProduct>,
}

pub(in super::super) struct ScoredProduct {
    pub(in super::super) product: ProductView,
    pub(in super::super) score: String,
}

pub(super) fn view(outcome: &Outcome, figures: Figures<'_>) -> ListsView {
    let popular = outcome.popular.iter().enumerate();
    let row = |(index, found): (usize, &PopularProduct)| PopularRow {
        rank: index + 1,
        product: ProductView::of(
            &found.product_id,
            found.category.as_deref(),
            found.brand.as_deref(),
        ),
        customers: count(found.n_users),
        share: part(found.n_users, outcome.learned.users),
    };
    ListsView {
        reach: reach(outcome),
        popular: popular.map(row).collect(),
        examples: outcome.examples.iter().map(example).collect(),
        scores: if outcome.scores_given {
            "Behind each product of the history stands the score in the log, behind each \
             recommended one the score that the model gives."
        } else {
            "Behind each product of the history stands the weight of the customer’s events with \
             it, behind each recommended one the score that the model gives. The two are on \
             different scales."
        },
        figures: figures.named(&["catalogue_reach"]),
    }
}

fn reach(outcome: &Outcome) -> String {
    let reach = &outcome.reach;
    let top = reach.events.first().zip(reach.recommendations.first());
    let tenth = top.map(|(events, recommended)| {
        format!(
            " The most popular tenth of the products has {} of the events and {} of the places on \
             the lists.",
            percent(*events),
            percent(*recommended)
        )
    });
    format!(
        "Each list holds up to {} products. Together the lists show {} of the catalogue.{}",
        count(outcome.settings.top_n as u64),
        percent(reach.coverage),
        tenth.unwrap_or_default()
    )
}

fn example(customer: &ExampleCustomer) -> ExampleView {
    let scored = |product: &ExampleProduct| ScoredProduct {
        product: ProductView::new(&product.product_id, &product.about),
        score: decimal(product.score, 2),
    };
    ExampleView {
        customer: words::shown(&customer.user_id, ID_LENGTH),
        history: customer.history.iter().map(scored).collect(),
        recommended: customer.recommended.iter().map(scored).collect(),
    }
}
