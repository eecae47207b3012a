//! What is asked and what is answered.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::Serialize;

/// What is asked for a customer.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The customer, written as in the events.
    pub user: String,
    /// How many products; at least 1.
    pub n: usize,
    /// Whether products the customer has had to do with may be recommended again.
    pub include_seen: bool,
    /// Whether to say which past events speak for each product.
    pub explain: bool,
    /// The products that may be recommended; none: all.
    pub allowed: Option<AllowedProducts>,
    /// What the customer did since the run.
    pub new_events: Option<Vec<NewPair>>,
}

/// What a customer did with one product since the run.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPair {
    /// The product.
    pub product_id: String,
    /// The sum over the events, as it would be added by a run with the same `as_of`.
    pub evidence: f64,
    /// The latest score of the log, when the model learns from scores.
    pub score: Option<f64>,
    /// The last of the events.
    pub last_event_at: DateTime<Utc>,
    /// How many events there are.
    pub n_events: u64,
}

/// The ids of the products that pass a filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedProducts(pub HashSet<String>);

impl AllowedProducts {
    /// Whether the product passes.
    pub fn contains(&self, product_id: &str) -> bool {
        self.0.contains(product_id)
    }

    /// How many products pass.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none passes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What is recommended to a customer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The customer.
    pub user_id: String,
    /// The run that answers.
    pub run_id: String,
    /// What the list is made from.
    pub source: Source,
    /// What a reader should know of the list, as full sentences.
    pub notice: Option<String>,
    /// The products, best first.
    pub recommendations: Vec<Recommended>,
}

/// What a list is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// The customer's preferences as the run learned them.
    Model,
    /// The customer's preferences, computed anew with the new events.
    FoldIn {
        /// Products that the preferences are computed from.
        products: usize,
        /// Products of the new events that the model does not know, sorted.
        unknown_products: Vec<String>,
    },
    /// What most customers of the same RFM segment like.
    SegmentPopularity {
        /// The segment.
        segment: String,
    },
    /// What most customers of the shop like.
    Popularity,
}

impl Source {
    /// What it is called in tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::FoldIn { .. } => "fold_in",
            Self::SegmentPopularity { .. } => "segment_popularity",
            Self::Popularity => "popularity",
        }
    }
}

/// A product of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommended {
    /// Its place, from 1.
    pub rank: u32,
    /// The product.
    pub product_id: String,
    /// Predicted preference or score; in a list of popular products the number of customers that
    /// like it, in the segment or shop it was taken from.
    pub score: f64,
    /// The path of its category or, without one, the category's id.
    pub category: Option<String>,
    /// Its brand.
    pub brand: Option<String>,
    /// Its latest price, as exact decimal text.
    pub price: Option<String>,
    /// What speaks for it, the most important first; at most three. Of ratings, those that are not
    /// below the mean.
    pub because: Vec<Because>,
}

/// What the customer did with a product before, and how much it speaks for another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Because {
    /// The product of the past.
    pub product_id: String,
    /// The score of the customer for it.
    pub score: f64,
    /// What it adds to the predicted score; above 0.
    pub contribution: f64,
    /// Its share of everything of this kind that speaks for the recommended product, in (0, 1].
    pub share: f64,
}

/// The products most similar to one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SimilarAnswer {
    /// The product that was asked for.
    pub product_id: String,
    /// The path of its category or, without one, the category's id.
    pub category: Option<String>,
    /// Its brand.
    pub brand: Option<String>,
    /// Its latest price, as exact decimal text.
    pub price: Option<String>,
    /// The run that answers.
    pub run_id: String,
    /// What a reader should know of the list, as full sentences.
    pub notice: Option<String>,
    /// The products, most similar first.
    pub similar: Vec<SimilarProduct>,
}

/// A product similar to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SimilarProduct {
    /// Its place, from 1.
    pub rank: u32,
    /// The product.
    pub product_id: String,
    /// The cosine of the angle between the factors of both, in [-1, 1].
    pub score: f64,
    /// The path of its category or, without one, the category's id.
    pub category: Option<String>,
    /// Its brand.
    pub brand: Option<String>,
    /// Its latest price, as exact decimal text.
    pub price: Option<String>,
}
