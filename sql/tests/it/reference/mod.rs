//! The features the plain way, in two levels: a table of what each user did in each session and one
//! of what each did with each product, then per user. The queries under test must say the same.

use sql::Query;

/// What a user did in a session on a day.
pub(crate) const SESSION_ACTIVITY: Query = Query {
    name: "session_activity",
    text: include_str!("session_activity.sql"),
};

/// What a user did with a product.
pub(crate) const PRODUCT_ACTIVITY: Query = Query {
    name: "product_activity",
    text: include_str!("product_activity.sql"),
};

/// One row per user, from both.
pub(crate) const USER_FEATURES: Query = Query {
    name: "reference_features",
    text: include_str!("user_features.sql"),
};

/// Orders and revenue of a user in a month.
pub(crate) const SEGMENT_MONTHS: Query = Query {
    name: "reference_months",
    text: include_str!("segment_months.sql"),
};
