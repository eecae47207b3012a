//! What became of each row of the input.

use data::Account;

use super::super::ReportFrame;
use super::super::numbers::{self, count, counted, part};
use super::super::words;
use crate::outcome::Outcome;

/// How many files are named before they are only counted.
const NAMED_FILES: usize = 12;
/// How much of a line is shown as an example.
const EXAMPLE_LENGTH: usize = 160;
/// The order in which a shop's events follow each other.
const FUNNEL: [&str; 5] = ["view", "cart", "remove_from_cart", "purchase", "return"];

pub(in super::super) struct AccountView {
    pub(in super::super) sentence: String,
    pub(in super::super) rows: Vec<AccountRow>,
    pub(in super::super) reasons: Vec<Reason>,
    pub(in super::super) events: Vec<AccountRow>,
    pub(in super::super) period: String,
    pub(in super::super) files: Vec<String>,
    pub(in super::super) more_files: Option<String>,
    pub(in super::super) mapping: String,
}

/// A kind of rows or events.
pub(in super::super) struct AccountRow {
    pub(in super::super) what: String,
    pub(in super::super) rows: String,
    pub(in super::super) share: String,
    pub(in super::super) meaning: &'static str,
}

/// Why rows could not be used.
pub(in super::super) struct Reason {
    pub(in super::super) reason: String,
    pub(in super::super) rows: String,
    pub(in super::super) share: String,
    pub(in super::super) place: String,
    pub(in super::super) text: String,
}

/// Rows that could not be used.
pub(super) fn quarantined(account: &Account) -> u64 {
    account.quarantined.values().sum()
}

pub(super) fn view(outcome: &Outcome, frame: &ReportFrame<'_>) -> AccountView {
    let account = &outcome.account;
    let span = &outcome.span;
    let mut period = format!(
        "The events run from {} to {}.",
        numbers::moment(span.first_event_at),
        numbers::moment(span.last_event_at)
    );
    if span.events_after_as_of > 0 {
        period += &format!(
            " {} at or after {} were left aside.",
            counted(span.events_after_as_of, "event", "events"),
            numbers::moment(span.as_of)
        );
    }
    let shown = frame.files.iter().take(NAMED_FILES).map(|file| words::place(file)).collect();
    let hidden = frame.files.len().saturating_sub(NAMED_FILES) as u64;
    AccountView {
        sentence: equation(account),
        rows: rows(account),
        reasons: reasons(account),
        events: events(account),
        period,
        files: shown,
        more_files: (hidden > 0).then(|| format!("and {}", counted(hidden, "more file", "more files"))),
        mapping: super::name(frame.mapping),
    }
}

/// The sum that shows that no row was lost; when it does not come out, the numbers alone.
fn equation(account: &Account) -> String {
    let quarantined = quarantined(account);
    let parts = format!(
        "{} used, {} exact duplicates and {} that could not be used",
        count(account.used),
        count(account.duplicates),
        count(quarantined)
    );
    if account.used + account.duplicates + quarantined == account.rows_read {
        format!("{} were read: {parts}. Nothing was lost.", counted(account.rows_read, "row", "rows"))
    } else {
        format!(
            "{} were read; counted were {parts}. These numbers do not add up, so treat all others \
             with care.",
            counted(account.rows_read, "row", "rows")
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
    vec![
        row("Rows read", account.rows_read, "every row of the files"),
        row("Used", account.used, "became events"),
        row(
            "of these without a customer",
            account.anonymous,
            "anonymous events; they belong to nobody and enter no group",
        ),
        row("Exact duplicates", account.duplicates, "equal to another row and counted once"),
        row(
            "Could not be used",
            quarantined(account),
            "kept in quarantine.parquet with file, line and reason",
        ),
    ]
}

fn reasons(account: &Account) -> Vec<Reason> {
    let mut counted: Vec<(&String, u64)> =
        account.quarantined.iter().map(|(reason, rows)| (reason, *rows)).collect();
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
            text: example.map(|e| words::shown(&e.text, EXAMPLE_LENGTH)).unwrap_or_default(),
        }
    };
    counted.into_iter().filter(|(_, rows)| *rows > 0).map(reason).collect()
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
