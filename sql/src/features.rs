//! From the event log to one row per user.

use crate::Query;

/// The first and the last moment of the event log.
pub const LAST_EVENT: Query = Query {
    name: "last_event",
    text: include_str!("../features/last_event.sql"),
};

/// How many events lie at or after `as_of`, and are therefore not looked at.
pub const EVENTS_AFTER: Query = Query {
    name: "events_after",
    text: include_str!("../features/events_after.sql"),
};

/// One row per user: the behaviour that customers are scored and clustered by.
pub const USER_FEATURES: Query = Query {
    name: "user_features",
    text: include_str!("../features/user_features.sql"),
};

/// Orders and revenue of a user in a month.
pub const SEGMENT_MONTHS: Query = Query {
    name: "segment_months",
    text: include_str!("../features/segment_months.sql"),
};
