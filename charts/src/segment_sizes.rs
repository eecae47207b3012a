//! Customers of each segment.

use crate::bars::{Row, SegmentBar, draw, ranked, sheet};
use crate::canvas::{Words, figure};
use crate::check;
use crate::error::ChartError;
use crate::figure::Figure;
use crate::theme::numbers::{count, percent};
use crate::theme::{ACCENT, AXIS};

const NAME: &str = "segment_sizes";

/// Draws a bar for the customers of each segment, largest first, with their number and their share
/// of all customers. From 31 segments on the smallest share one bar.
///
/// # Errors
///
/// No segments, no customers in any of them, or a revenue that is not finite.
pub fn segment_sizes(bars: &[SegmentBar]) -> Result<Figure, ChartError> {
    check::not_empty(NAME, !bars.is_empty(), "there are no segments")?;
    for bar in bars {
        check::finite(
            NAME,
            || format!("the revenue of {:?}", bar.name),
            bar.revenue,
        )?;
    }
    // As floats: the sum of u64s could overflow.
    let total: f64 = bars.iter().map(|bar| bar.customers as f64).sum();
    check::not_empty(NAME, total > 0.0, "no segment has customers")?;
    let row = |bar: SegmentBar, color| Row {
        value: bar.customers as f64,
        color,
        columns: vec![count(bar.customers), percent(bar.customers as f64 / total)],
        name: bar.name,
    };
    let (single, rest) = ranked(bars, |bar| bar.customers as f64);
    let rows: Vec<Row> = single
        .into_iter()
        .map(|bar| row(bar, ACCENT))
        .chain(rest.map(|bar| row(bar, AXIS)))
        .collect();
    let words = Words {
        name: NAME,
        title: "Customers by segment".to_owned(),
        subtitle: format!(
            "{} customers in {} segments",
            count(total as u64),
            bars.len()
        ),
        caption: "Each bar is one segment; its length is the number of customers in it, with \
                  their share of all customers beside it."
            .to_owned(),
    };
    figure(words, sheet(rows.len()), |canvas| {
        draw(canvas, &["Customers", "Share"], &rows)
    })
}
