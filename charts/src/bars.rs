//! Horizontal bars, one per segment, beside columns of figures.

use crate::canvas::Canvas;
use crate::error::ChartError;
use crate::theme::text::clean;
use crate::theme::{AXIS, GRID, HEAD, INK, MARGIN, MUTED, Type, WIDTH};
use plotters::style::RGBColor;

/// One segment.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentBar {
    /// Name of the segment.
    pub name: String,
    /// Customers in it.
    pub customers: u64,
    /// What they spent, in the shop's currency; negative if returns outweigh purchases.
    pub revenue: f64,
}

/// More bars than this nobody reads; the smallest are drawn as one.
const MOST_BARS: usize = 30;
const LABEL_ROOM: i32 = 220;

/// A bar with what stands beside it.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) color: RGBColor,
    /// One text for each column.
    pub(crate) columns: Vec<String>,
}

/// The segments largest first by `key` (ties by name); if there are more than thirty, the smallest
/// are summed up apart.
pub(crate) fn ranked(
    bars: &[SegmentBar],
    key: impl Fn(&SegmentBar) -> f64,
) -> (Vec<SegmentBar>, Option<SegmentBar>) {
    let mut bars = bars.to_vec();
    bars.sort_by(|one, other| {
        key(other)
            .total_cmp(&key(one))
            .then_with(|| one.name.cmp(&other.name))
    });
    if bars.len() <= MOST_BARS {
        return (bars, None);
    }
    let rest = bars.split_off(MOST_BARS - 1);
    let rest = SegmentBar {
        name: format!("{} other segments", rest.len()),
        customers: rest
            .iter()
            .fold(0, |sum: u64, bar| sum.saturating_add(bar.customers)),
        revenue: rest.iter().map(|bar| bar.revenue).sum(),
    };
    (bars, Some(rest))
}

/// Size of the sheet for that many bars.
pub(crate) fn sheet(bars: usize) -> (i32, i32) {
    (WIDTH, HEAD + 24 + bars as i32 * pitch(bars) + MARGIN)
}

fn pitch(bars: usize) -> i32 {
    if bars <= 14 { 38 } else { 28 }
}

/// Draws the bars; `heads` are the heads of the columns on the right.
pub(crate) fn draw(canvas: &Canvas<'_>, heads: &[&str], rows: &[Row]) -> Result<(), ChartError> {
    let pitch = pitch(rows.len());
    let lines = if pitch > 30 { 2 } else { 1 };
    let top = HEAD + 20;
    let bottom = top + rows.len() as i32 * pitch;
    let names: Vec<Vec<String>> = rows
        .iter()
        .map(|row| Type::text().wrap(&clean(&row.name), LABEL_ROOM, lines))
        .collect();
    let names_width = names
        .iter()
        .flatten()
        .map(|line| Type::text().width(line))
        .max()
        .unwrap_or(0);

    // Columns from the right edge inwards, each as wide as its widest text.
    let mut right = WIDTH - MARGIN;
    let mut edges = vec![0; heads.len()];
    for (index, head) in heads.iter().enumerate().rev() {
        let texts = rows.iter().filter_map(|row| row.columns.get(index));
        let widest = texts
            .map(|text| Type::text().bold().width(text))
            .max()
            .unwrap_or(0);
        edges[index] = right;
        right -= widest.max(Type::small().width(head)) + 28;
    }
    let left = MARGIN + names_width + 14;
    let low = rows.iter().map(|row| row.value).fold(0.0, f64::min);
    let high = rows.iter().map(|row| row.value).fold(0.0, f64::max);
    // Halves, so that the span of two huge values of opposite sign stays finite.
    let span = high / 2.0 - low / 2.0;
    let place = |value: f64| {
        let part = if span > 0.0 {
            (value / 2.0 - low / 2.0) / span
        } else {
            0.0
        };
        left + (part * f64::from(right - left)).round() as i32
    };

    for (head, &edge) in heads.iter().zip(&edges) {
        canvas.text((edge, HEAD + 4), head, Type::small().right())?;
    }
    for (index, (row, name)) in rows.iter().zip(&names).enumerate() {
        let middle = top + index as i32 * pitch + pitch / 2;
        canvas.line(
            &[
                (MARGIN, middle + pitch / 2),
                (WIDTH - MARGIN, middle + pitch / 2),
            ],
            1,
            GRID,
        )?;
        canvas.lines((left - 14, middle), name, Type::text().right())?;
        let (from, to) = (place(row.value.min(0.0)), place(row.value.max(0.0)));
        // A value that is not zero leaves a trace, however small.
        let to = if row.value != 0.0 {
            to.max(from + 2)
        } else {
            to
        };
        if to > from {
            let half = pitch * 3 / 10;
            canvas.rect((from, middle - half), (to, middle + half), row.color)?;
        }
        for (position, (text, &edge)) in row.columns.iter().zip(&edges).enumerate() {
            let set = Type::text().right();
            let set = if position == 0 {
                set.bold().colored(INK)
            } else {
                set.colored(MUTED)
            };
            canvas.text((edge, middle), text, set)?;
        }
    }
    canvas.line(&[(place(0.0), top), (place(0.0), bottom)], 1, AXIS)
}
