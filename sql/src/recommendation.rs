//! From the event log to what customers think of products.

use crate::Query;

/// Whether there is anything to learn from.
pub const LOG_FACTS: Query = Query {
    name: "log_facts",
    text: include_str!("../recommendation/log_facts.sql"),
};

/// How events spread over time.
pub const EVENT_TIMES: Query = Query {
    name: "event_times",
    text: include_str!("../recommendation/event_times.sql"),
};

/// What each user's events say of each product.
pub const PAIRS: Query = Query {
    name: "pairs",
    text: include_str!("../recommendation/pairs.sql"),
};

/// The pairs in order, with what is enough to learn from.
pub const INTERACTIONS: Query = Query {
    name: "interactions",
    text: include_str!("../recommendation/interactions.sql"),
};

/// What the log says of each product.
pub const PRODUCTS: Query = Query {
    name: "products",
    text: include_str!("../recommendation/products.sql"),
};

/// The segments that a segmentation run found.
pub const USER_SEGMENTS: Query = Query {
    name: "user_segments",
    text: include_str!("../recommendation/user_segments.sql"),
};

/// The products that pass a filter.
pub const ALLOWED_PRODUCTS: Query = Query {
    name: "allowed_products",
    text: include_str!("../recommendation/allowed_products.sql"),
};
