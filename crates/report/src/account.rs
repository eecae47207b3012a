//! What became of each row of the input.

use data::Account;

use crate::frame::ReportFrame;
use crate::numbers::{count, counted, part};
use crate::period::Period;
use crate::words;

/// How many files are named before they are only counted.
const NAMED_FILES: usize = 6;
/// How much of a line is shown as an example.
const EXAMPLE_LENGTH: usize = 160;
/// The order in which a shop's events follow each other.
const FUNNEL: [&str; 5] = ["view", "cart", "remove_from_cart", "purchase", "return"];

/// What `shared/account.html` shows as `page.account`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// The sum of all rows.
    pub sentence: String,
    /// The rows by what became of them.
    pub rows: Vec<AccountRow>,
    /// Why rows could not be used, commonest first.
    pub reasons: Vec<Reason>,
    /// The events by type.
    pub events: Vec<AccountRow>,
    /// What the rows leave open.
    pub missing: Vec<AccountRow>,
    /// From when to when the events run.
    pub period: String,
    /// The files, the first few.
    pub files: Vec<String>,
    /// How many more there are.
    pub more_files: Option<String>,
    /// The mapping.
    pub mapping: String,
}

/// A kind of rows or events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// What they are.
    pub what: String,
    /// How many.
    pub rows: String,
    /// Their share.
    pub share: String,
    /// What is meant; may be empty.
    pub meaning: &'static str,
}

/// Why rows could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The reason.
    pub reason: String,
    /// How many.
    pub rows: String,
    /// Their share.
    pub share: String,
    /// File and line of an example; empty without one.
    pub place: String,
    /// The example.
    pub text: String,
}

impl AccountView {
    /// The account of a run's input.
    pub fn new(account: &Account, period: &Period, frame: &ReportFrame) -> Self {
        let named = frame.files.iter().take(NAMED_FILES).enumerate();
        let shown = named.map(|(index, file)| {
            let is_catalogue = index as u64 >= account.files && account.catalogue.is_some();
            let note = if is_catalogue { " (catalogue)" } else { "" };
            format!("{}{note}", words::place(file))
        });
        let hidden = frame.files.len().saturating_sub(NAMED_FILES) as u64;
        Self {
            sentence: equation(account),
            rows: rows(account),
            reasons: reasons(account),
            events: events(account),
            missing: missing(account),
            period: period.sentences(),
            files: shown.collect(),
            more_files: (hidden > 0)
                .then(|| format!("and {}", counted(hidden, "more file", "more files"))),
            mapping: words::name(&frame.mapping),
        }
    }
}

/// The sum that shows that no row was lost; when it does not come out, the numbers alone.
fn equation(account: &Account) -> String {
    let quarantined = account.quarantined_rows();
    let mut parts = vec![
        format!("{} used", count(account.used)),
        counted(account.duplicates, "exact duplicate", "exact duplicates"),
    ];
    if account.not_sampled > 0 {
        parts.push(format!("{} outside the sample", count(account.not_sampled)));
    }
    parts.push(format!("{} that could not be used", count(quarantined)));
    let (read, parts) = (
        counted(account.rows_read, "row", "rows"),
        words::list(&parts),
    );
    let sum = account.used + account.duplicates + account.not_sampled + quarantined;
    if sum == account.rows_read {
        format!("{read} were read: {parts}. No row was lost.")
    } else {
        format!(
            "{read} were read; counted were {parts}. These numbers do not add up, so treat all \
             others with care."
        )
    }
}

fn rows(account: &Account) -> Vec<AccountRow> {
    let row = |what: &str, rows: u64, meaning| AccountRow {
        what: what.to_owned(),
        rows: count(rows),
        share: part(rows, account.rows_read),
        meaning,
    };
    let duplicates = "equal to another row in every column; each row counts once";
    let quarantine = "kept in quarantine.parquet with file, line and reason";
    let mut rows = vec![
        row("Read", account.rows_read, "every row of the files"),
        row("Used", account.used, "became events"),
        row("Exact duplicates", account.duplicates, duplicates),
    ];
    if account.not_sampled > 0 {
        let meaning = "rows of users outside the sample, or of no user";
        rows.push(row("Not in the sample", account.not_sampled, meaning));
    }
    rows.push(row(
        "Could not be used",
        account.quarantined_rows(),
        quarantine,
    ));
    let anonymous = "without a user; counted above as well, but in no group of customers";
    rows.push(row("Anonymous", account.anonymous, anonymous));
    if let Some(kept) = account.duplicates_kept.filter(|kept| *kept > 0) {
        let meaning = "equal to another row, but counted, because the mapping says so";
        rows.push(row("Duplicates kept", kept, meaning));
    }
    rows
}

fn reasons(account: &Account) -> Vec<Reason> {
    let mut counted: Vec<(&String, u64)> = account
        .quarantined
        .iter()
        .map(|(reason, rows)| (reason, *rows))
        .collect();
    // A stable sort: equal counts stay in alphabetical order.
    counted.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    let reason = |(reason, rows): (&String, u64)| {
        let example = account.examples.get(reason);
        let place = example.map(|e| format!("{}, line {}", words::place(&e.file), count(e.line)));
        Reason {
            reason: words::shown(&reason.replace('_', " "), 80),
            rows: count(rows),
            share: part(rows, account.rows_read),
            place: place.unwrap_or_default(),
            text: example
                .map(|e| words::shown(&e.text, EXAMPLE_LENGTH))
                .unwrap_or_default(),
        }
    };
    counted
        .into_iter()
        .filter(|(_, rows)| *rows > 0)
        .map(reason)
        .collect()
}

fn events(account: &Account) -> Vec<AccountRow> {
    let place = |event: &str| FUNNEL.iter().position(|known| *known == event);
    let mut events: Vec<(&String, &u64)> = account.events.iter().collect();
    events.sort_by_key(|(event, _)| (place(event).unwrap_or(FUNNEL.len()), *event));
    let total: u64 = account.events.values().sum();
    let row = |(event, n): (&String, &u64)| AccountRow {
        what: words::shown(&event.replace('_', " "), 80),
        rows: count(*n),
        share: part(*n, total),
        meaning: "",
    };
    events.into_iter().map(row).collect()
}

/// What the rows leave open.
fn missing(account: &Account) -> Vec<AccountRow> {
    let row = |what: String, rows: u64| AccountRow {
        what,
        rows: count(rows),
        share: part(rows, account.rows_read),
        meaning: "",
    };
    let empty = account.missing.iter().filter(|(_, rows)| **rows > 0);
    let empty = empty.map(|(column, rows)| {
        row(
            format!("no {}", words::shown(&column.replace('_', " "), 80)),
            *rows,
        )
    });
    let mut found: Vec<AccountRow> = empty.collect();
    if account.zero_price > 0 {
        found.push(row("price of zero".to_owned(), account.zero_price));
    }
    found
}
