//! What goes to standard output: tables, JSON and CSV.

use std::io::Write;

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{CellAlignment, Table};
use pipeline::{Failure, FailureKind};
use serde::Serialize;

/// Prints one line to standard output. A reader that has closed it (`| head`) is no failure.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(FailureKind::Output, error))
        }
        _ => Ok(()),
    }
}

/// Prints a value as indented JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(FailureKind::Internal, error))?;
    line(&text)
}

/// Prints rows as CSV, the header first.
pub(crate) fn csv(rows: &[Vec<String>]) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(Failure::internal)?;
    }
    let bytes = writer.into_inner().map_err(Failure::internal)?;
    let text = String::from_utf8_lossy(&bytes);
    line(text.strip_suffix('\n').unwrap_or(&text))
}

/// An empty table in the style of all our tables.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    if !header.is_empty() {
        table.set_header(header);
    }
    table
}

/// A table of names and values; values that are numbers stand to the right.
pub(crate) fn facts(rows: &[(String, String)]) -> Table {
    let mut table = table(&[]);
    for (name, value) in rows {
        table.add_row([name, value]);
    }
    let numeric = |value: &str| {
        value
            .chars()
            .all(|c| c.is_ascii_digit() || ",.- %".contains(c))
    };
    if rows.iter().all(|(_, value)| numeric(value)) {
        right_align(&mut table, &[1]);
    }
    table
}

/// Puts the values of these columns to the right.
pub(crate) fn right_align(table: &mut Table, columns: &[usize]) {
    for &column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// A count with thousands separators.
pub(crate) fn count(value: u64) -> String {
    indicatif::HumanCount(value).to_string()
}

/// An exact price without zeros that say nothing: `12.5000` is `12.50`.
pub(crate) fn price(decimal: &str) -> String {
    match decimal.split_once('.') {
        Some((whole, places)) => format!("{whole}.{:0<2}", places.trim_end_matches('0')),
        None => decimal.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_keep_two_places_and_all_that_count() {
        let prices = ["12.5000", "0.0125", "7", "3.0000", "-1.2"].map(price);
        assert_eq!(prices, ["12.50", "0.0125", "7", "3.00", "-1.20"]);
    }
}
