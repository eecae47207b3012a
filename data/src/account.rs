//! The account of the data: what was read, used and set aside.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::{Int64Type, TimestampMicrosecondType, UInt64Type};
use engine::{Engine, Params, QueryResult};
use serde::{Deserialize, Serialize};
use sql::quality;

use crate::error::DataError;
use crate::mapping::quoted;

/// What became of every row.
///
/// `rows_read = used + duplicates + not_sampled + the sum of quarantined`. The fields from
/// `anonymous` on describe the readable rows (all but lines that are no record), before
/// deduplication and before any rule of validity, so that they can be compared with the source.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Lines of the source, headers and blank lines aside; rows of Parquet.
    pub rows_read: u64,
    /// Rows in `events`, those without a user included.
    pub used: u64,
    /// Exact duplicates that were dropped; 0 when the mapping keeps them.
    pub duplicates: u64,
    /// Exact duplicates that were found and kept; only counted by `check`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicates_kept: Option<u64>,
    /// Usable rows of users outside the sample, or of no user; 0 when all users are read.
    #[serde(default)]
    pub not_sampled: u64,
    /// Rows without a user, also those in quarantine for another reason.
    pub anonymous: u64,
    /// Unusable rows by reason.
    pub quarantined: BTreeMap<String, u64>,
    /// The first row of each reason, by file and line.
    pub examples: BTreeMap<String, Example>,
    /// Rows by type of event.
    pub events: BTreeMap<String, u64>,
    /// Different users.
    pub users: u64,
    /// Different products.
    pub products: u64,
    /// Different orders, invoices or sessions.
    pub orders: u64,
    /// The earliest event.
    pub first_event: Option<DateTime<Utc>>,
    /// The latest event.
    pub last_event: Option<DateTime<Utc>>,
    /// Rows with an empty value, by column of the event log, where there are any.
    pub missing: BTreeMap<String, u64>,
    /// Rows with a price of zero.
    pub zero_price: u64,
    /// Different values of the source columns that the mapping profiles.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub distinct: BTreeMap<String, u64>,
    /// The catalogue, when the mapping joins one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<CatalogueAccount>,
    /// Files of events.
    pub files: u64,
}

/// One rejected row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The URL of the file.
    pub file: String,
    /// The 1-based line.
    pub line: u64,
    /// The line as it stands, or the row as JSON when the line could be read.
    pub text: String,
}

/// The size of a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueAccount {
    /// Its rows.
    pub rows: u64,
    /// Its products.
    pub products: u64,
}

impl Account {
    /// The number of unusable rows.
    pub fn quarantined_rows(&self) -> u64 {
        self.quarantined.values().sum()
    }

    /// Refuses more unusable rows than the given share.
    pub(crate) fn check(&self, max_invalid: f64, mapping: &str) -> Result<(), DataError> {
        let quarantined = self.quarantined_rows();
        let share = quarantined as f64 / self.rows_read.max(1) as f64;
        if share <= max_invalid {
            return Ok(());
        }
        let mut reasons: Vec<(&String, &u64)> = self.quarantined.iter().collect();
        reasons.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let told = reasons.into_iter().take(3).map(|(reason, rows)| {
            let example = self.examples.get(reason).map(|example| {
                let text: String = example.text.chars().take(160).collect();
                format!(", as in line {} of {}: {text}", example.line, example.file)
            });
            format!("{reason} ({rows} rows{})", example.unwrap_or_default())
        });
        Err(DataError::TooManyInvalid {
            quarantined,
            rows_read: self.rows_read,
            percent: share * 100.0,
            limit: max_invalid * 100.0,
            reasons: told.collect::<Vec<_>>().join("; "),
            mapping: mapping.to_owned(),
        })
    }
}

/// Counts the rows of `stg_rows`; `used` still holds the duplicates.
pub(crate) async fn count(
    engine: &Engine,
    sample: Params<'_>,
    mapped: &[&str],
) -> Result<Account, DataError> {
    let mut account = Account::default();
    let groups = engine.query(&quality::ACCOUNT.render(&[])?, sample).await?;
    for batch in &groups.batches {
        for row in 0..batch.num_rows() {
            account.add(&Group { batch, row }, mapped);
        }
    }
    account.users = distinct(engine, "user_id").await?;
    account.products = distinct(engine, "product_id").await?;
    account.orders = distinct(engine, "order_id").await?;
    if !account.quarantined.is_empty() {
        account.examples = examples(engine).await?;
    }
    Ok(account)
}

/// Different values of a column in the readable rows.
pub(crate) async fn distinct(engine: &Engine, column: &str) -> Result<u64, DataError> {
    single_count(
        engine,
        &quality::DISTINCT_VALUES.render(&[("column", column)])?,
    )
    .await
}

/// The only value of a query that counts.
pub(crate) async fn single_count(engine: &Engine, query: &str) -> Result<u64, DataError> {
    let result = engine.query(query, &[]).await?;
    Ok(first_row(&result).map_or(0, |group| group.count_at(0)))
}

/// The size of the catalogue.
pub(crate) async fn catalogue(engine: &Engine, key: &str) -> Result<CatalogueAccount, DataError> {
    let query = quality::CATALOGUE_ACCOUNT.render(&[("key", &quoted(key))])?;
    let result = engine.query(&query, &[]).await?;
    let row = first_row(&result);
    let at = |column| row.as_ref().map_or(0, |group| group.count_at(column));
    Ok(CatalogueAccount {
        rows: at(0),
        products: at(1),
    })
}

async fn examples(engine: &Engine) -> Result<BTreeMap<String, Example>, DataError> {
    let result = engine.query(&quality::EXAMPLES.render(&[])?, &[]).await?;
    let mut examples = BTreeMap::new();
    for batch in &result.batches {
        for row in 0..batch.num_rows() {
            let group = Group { batch, row };
            let line = batch
                .column_by_name("line")
                .and_then(|column| column.as_primitive_opt::<UInt64Type>())
                .map_or(0, |lines| lines.value(row));
            let example = Example {
                file: group.text("file").unwrap_or_default().to_owned(),
                line,
                text: group.text("raw").unwrap_or_default().to_owned(),
            };
            examples.insert(group.text("reason").unwrap_or_default().to_owned(), example);
        }
    }
    Ok(examples)
}

fn first_row(result: &QueryResult) -> Option<Group<'_>> {
    let batch = result.batches.iter().find(|batch| batch.num_rows() > 0)?;
    Some(Group { batch, row: 0 })
}

impl Account {
    /// Adds one group of the counting query.
    fn add(&mut self, group: &Group<'_>, mapped: &[&str]) {
        let rows = group.count("n_rows");
        let reason = group.text("reason");
        self.rows_read += rows;
        match reason {
            Some(reason) => *self.quarantined.entry(reason.to_owned()).or_default() += rows,
            None if group.flag("sampled") => self.used += rows,
            None => self.not_sampled += rows,
        }
        if !group.flag("readable") {
            return;
        }
        if group.flag("anonymous") && reason != Some("bad_user") {
            self.anonymous += rows;
        }
        if let Some(event_type) = group.text("event_type") {
            *self.events.entry(event_type.to_owned()).or_default() += rows;
        }
        let (first, last) = (group.time("first_event"), group.time("last_event"));
        self.first_event = self.first_event.into_iter().chain(first).min();
        self.last_event = self.last_event.into_iter().chain(last).max();
        self.zero_price += group.count("zero_price");
        for (column, unreadable) in COUNTED {
            // A value that is there but cannot be read is not missing.
            let empty = group.count(&format!("no_{column}"));
            if empty > 0 && mapped.contains(&column) && reason != Some(unreadable) {
                *self.missing.entry(column.to_owned()).or_default() += empty;
            }
        }
    }
}

/// The columns whose empty values are counted, and the reason for values that cannot be read.
const COUNTED: [(&str, &str); 11] = [
    ("event_time", "bad_event_time"),
    ("event_type", "unknown_event_type"),
    ("user_id", "bad_user"),
    ("product_id", "bad_product"),
    ("order_id", "bad_order"),
    ("unit_price", "bad_price"),
    ("category_id", ""),
    ("category_code", ""),
    ("brand", ""),
    ("score", "bad_score"),
    ("fold", "bad_fold"),
];

/// One row of a result, read by the names of its columns.
struct Group<'a> {
    batch: &'a RecordBatch,
    row: usize,
}

impl Group<'_> {
    fn count(&self, column: &str) -> u64 {
        self.batch
            .schema()
            .index_of(column)
            .map_or(0, |column| self.count_at(column))
    }

    fn count_at(&self, column: usize) -> u64 {
        let counts = self.batch.column(column).as_primitive_opt::<Int64Type>();
        counts.map_or(0, |counts| {
            u64::try_from(counts.value(self.row)).unwrap_or_default()
        })
    }

    fn text(&self, column: &str) -> Option<&str> {
        let texts = self.batch.column_by_name(column)?.as_string_opt::<i32>()?;
        texts.is_valid(self.row).then(|| texts.value(self.row))
    }

    fn flag(&self, column: &str) -> bool {
        let flags = self
            .batch
            .column_by_name(column)
            .and_then(|column| column.as_boolean_opt());
        flags.is_some_and(|flags| flags.is_valid(self.row) && flags.value(self.row))
    }

    fn time(&self, column: &str) -> Option<DateTime<Utc>> {
        let times = self.batch.column_by_name(column)?;
        let times = times.as_primitive_opt::<TimestampMicrosecondType>()?;
        let known = times.is_valid(self.row).then(|| times.value(self.row))?;
        DateTime::from_timestamp_micros(known)
    }
}
