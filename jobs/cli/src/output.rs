//! What goes to standard output: tables and JSON.

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
    line(String::from_utf8_lossy(&bytes).trim_end())
}

/// Says something beside the data, on standard error. A closed standard error changes nothing.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "note: {text}");
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
