//! Revenue of each segment.

use crate::bars::{Row, SegmentBar, draw, ranked, sheet};
use crate::canvas::{Words, figure};
use crate::check;
use crate::error::ChartError;
use crate::figure::Figure;
use crate::theme::numbers::{amount, number, percent};
use crate::theme::{ACCENT, ALERT, AXIS};

const NAME: &str = "segment_revenue";
const NONE: &str = "\u{2013}";

/// Draws a bar for the revenue of each segment, largest first, with its share of the total and the
/// revenue per customer. Segments that cost more than they brought reach to the left of zero, in
/// another colour; if the total is not positive, shares mean nothing and are left out.
///
/// # Errors
///
/// No segments, or a revenue that is not finite (also in sum).
pub fn segment_revenue(bars: &[SegmentBar]) -> Result<Figure, ChartError> {
    check::not_empty(NAME, !bars.is_empty(), "there are no segments")?;
    for bar in bars {
        check::finite(
            NAME,
            || format!("the revenue of {:?}", bar.name),
            bar.revenue,
        )?;
    }
    let total: f64 = bars.iter().map(|bar| bar.revenue).sum();
    check::finite(NAME, || "the revenue of all segments".to_owned(), total)?;
    let row = |bar: SegmentBar, color| {
        let share = if total > 0.0 {
            percent(bar.revenue / total)
        } else {
            NONE.to_owned()
        };
        let each = if bar.customers > 0 {
            amount(bar.revenue / bar.customers as f64)
        } else {
            NONE.to_owned()
        };
        Row {
            value: bar.revenue,
            color,
            columns: vec![number(bar.revenue), share, each],
            name: bar.name,
        }
    };
    let (single, rest) = ranked(bars, |bar| bar.revenue);
    let rows: Vec<Row> = single
        .into_iter()
        .map(|bar| {
            let color = if bar.revenue < 0.0 { ALERT } else { ACCENT };
            row(bar, color)
        })
        .chain(rest.map(|bar| row(bar, AXIS)))
        .collect();
    let words = Words {
        name: NAME,
        title: "Revenue by segment".to_owned(),
        subtitle: format!(
            "{} in {} segments, returns subtracted, in the shop's currency",
            number(total),
            bars.len()
        ),
        caption: "Each bar is one segment; its length is what its customers spent less what they \
                  returned, and a bar to the left of zero means that returns outweigh purchases."
            .to_owned(),
    };
    figure(words, sheet(rows.len()), |canvas| {
        draw(canvas, &["Revenue", "Share", "Per customer"], &rows)
    })
}
