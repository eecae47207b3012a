//! From the lines of a source to the event log, in this order.

use crate::Query;

/// A catalogue as one row per product.
pub const CATALOGUE_PRODUCTS: Query = Query {
    name: "catalogue_products",
    text: include_str!("../staging/catalogue_products.sql"),
};

/// The source joined with its catalogue.
pub const SOURCE_WITH_CATALOGUE: Query = Query {
    name: "source_with_catalogue",
    text: include_str!("../staging/source_with_catalogue.sql"),
};

/// The types of a mapping's expressions.
pub const MAPPING_TYPES: Query = Query {
    name: "mapping_types",
    text: include_str!("../staging/mapping_types.sql"),
};

/// Every line mapped and judged.
pub const STG_ROWS: Query = Query {
    name: "stg_rows",
    text: include_str!("../staging/stg_rows.sql"),
};

/// The usable rows.
pub const EVENTS: Query = Query {
    name: "events",
    text: include_str!("../staging/events.sql"),
};

/// The usable rows, of equal ones one.
pub const EVENTS_DEDUPLICATED: Query = Query {
    name: "events_deduplicated",
    text: include_str!("../staging/events_deduplicated.sql"),
};

/// The quarantine.
pub const REJECTED: Query = Query {
    name: "rejected",
    text: include_str!("../staging/rejected.sql"),
};
