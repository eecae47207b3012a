//! The account of the data: what was read, used and set aside.

use crate::Query;

/// The counts that one pass gives.
pub const ACCOUNT: Query = Query {
    name: "account",
    text: include_str!("../quality/account.sql"),
};

/// The number of different values of a column.
pub const DISTINCT_VALUES: Query = Query {
    name: "distinct_values",
    text: include_str!("../quality/distinct_values.sql"),
};

/// The first rejected row of each reason.
pub const EXAMPLES: Query = Query {
    name: "examples",
    text: include_str!("../quality/examples.sql"),
};

/// The number of exact duplicates.
pub const DUPLICATE_ROWS: Query = Query {
    name: "duplicate_rows",
    text: include_str!("../quality/duplicate_rows.sql"),
};

/// The size of a catalogue.
pub const CATALOGUE_ACCOUNT: Query = Query {
    name: "catalogue_account",
    text: include_str!("../quality/catalogue_account.sql"),
};

/// The rejected rows in the order of the source.
pub const QUARANTINE: Query = Query {
    name: "quarantine",
    text: include_str!("../quality/quarantine.sql"),
};
