//! Customers and their spending by recency and frequency score.

use crate::canvas::{Canvas, Words, figure};
use crate::check;
use crate::error::ChartError;
use crate::figure::Figure;
use crate::theme::numbers::{count, number};
use crate::theme::palette::{ink_on, sequential};
use crate::theme::{EMPTY, HEAD, INK, MARGIN, MUTED, Type, WIDTH};

const NAME: &str = "rfm_heatmap";
const CELL: (i32, i32) = (145, 66);
const LEFT: i32 = 210;
const TOP: i32 = HEAD;

/// Customers with one pair of scores.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RfmCell {
    /// How many.
    pub customers: u64,
    /// Their mean monetary value, in the shop's currency; `None` if there are none.
    pub mean_monetary: Option<f64>,
}

/// Draws the grid of frequency score (rows, 5 on top) and recency score (columns, 5 on the right):
/// colour is mean spending, text the number of customers and that mean.
///
/// `cells[f_score - 1][r_score - 1]`, so the first row is frequency score 1. Spending grows by
/// orders of magnitude, so equal steps of colour are equal steps of its square root above the
/// smallest mean; the scale under the grid has the amounts.
///
/// # Errors
///
/// No customers at all, or a mean that is not finite.
pub fn rfm_heatmap(cells: &[[RfmCell; 5]; 5]) -> Result<Figure, ChartError> {
    let filled: Vec<RfmCell> = cells
        .iter()
        .flatten()
        .copied()
        .filter(|cell| cell.customers > 0)
        .collect();
    check::not_empty(NAME, !filled.is_empty(), "no cell has customers")?;
    let mut low = f64::INFINITY;
    let mut high = f64::NEG_INFINITY;
    for mean in filled.iter().filter_map(|cell| cell.mean_monetary) {
        check::finite(NAME, || "a mean monetary value".to_owned(), mean)?;
        low = low.min(mean);
        high = high.max(mean);
    }
    if low <= high {
        check::finite(
            NAME,
            || "the span of the mean monetary values".to_owned(),
            high - low,
        )?;
    }
    let total: f64 = filled.iter().map(|cell| cell.customers as f64).sum();
    let shade = |mean: f64| {
        let place = if high > low {
            (mean - low) / (high - low)
        } else {
            0.5
        };
        sequential(place.sqrt())
    };
    let words = Words {
        name: NAME,
        title: "Recency and frequency".to_owned(),
        subtitle: format!(
            "{} customers by score, 1 to 5; each cell shows how many there are and what they \
             spent on average",
            count(total as u64)
        ),
        caption: "Customers in the top right corner bought lately and often, those in the bottom \
                  left have been away for long and bought rarely; the darker the cell, the more \
                  its customers spent on average."
            .to_owned(),
    };
    let height = TOP + 5 * CELL.1 + 150;
    figure(words, (WIDTH, height), |canvas| {
        draw_cells(canvas, cells, shade)?;
        draw_axes(canvas)?;
        if low > high {
            return Ok(());
        }
        let middle = low + (high - low) * 0.25;
        let labels = if high > low {
            vec![
                (0.0, number(low)),
                (0.5, number(middle)),
                (1.0, number(high)),
            ]
        } else {
            vec![(0.5, number(low))]
        };
        let at = (LEFT, TOP + 5 * CELL.1 + 86);
        let color = |place: f64| {
            if high > low {
                sequential(place)
            } else {
                sequential(0.5f64.sqrt())
            }
        };
        canvas.color_scale(at, 300, "Mean monetary value per customer", color, &labels)
    })
}

fn draw_cells(
    canvas: &Canvas<'_>,
    cells: &[[RfmCell; 5]; 5],
    shade: impl Fn(f64) -> plotters::style::RGBColor,
) -> Result<(), ChartError> {
    for (row, scores) in cells.iter().rev().enumerate() {
        for (column, cell) in scores.iter().enumerate() {
            let x = LEFT + column as i32 * CELL.0;
            let y = TOP + row as i32 * CELL.1;
            let known = cell.mean_monetary.filter(|_| cell.customers > 0);
            let fill = known.map_or(EMPTY, &shade);
            canvas.rect((x + 1, y + 1), (x + CELL.0 - 1, y + CELL.1 - 1), fill)?;
            let (x, y) = (x + CELL.0 / 2, y + CELL.1 / 2);
            let set = Type::text().centered();
            if cell.customers == 0 {
                canvas.text((x, y), "\u{2013}", set.colored(MUTED))?;
                continue;
            }
            let ink = ink_on(fill);
            let set = set.colored(ink);
            let y = if known.is_some() { y - 11 } else { y };
            canvas.text((x, y), &count(cell.customers), set.bold().sized(16.0))?;
            if let Some(mean) = known {
                let words = format!("avg {}", number(mean));
                canvas.text((x, y + 22), &words, set.sized(12.0))?;
            }
        }
    }
    Ok(())
}

fn draw_axes(canvas: &Canvas<'_>) -> Result<(), ChartError> {
    let bottom = TOP + 5 * CELL.1;
    for score in 1..=5 {
        let set = Type::text().bold().centered();
        let y = TOP + (5 - score) * CELL.1 + CELL.1 / 2;
        canvas.text((LEFT - 18, y), &score.to_string(), set)?;
        let x = LEFT + (score - 1) * CELL.0 + CELL.0 / 2;
        canvas.text((x, bottom + 16), &score.to_string(), set)?;
    }
    let name = Type::text().bold().colored(INK);
    let hint = Type::small();
    let middle = TOP + 5 * CELL.1 / 2;
    canvas.text((MARGIN, middle), "Frequency score", name)?;
    canvas.text((MARGIN, TOP + CELL.1 / 2), "buys most often", hint)?;
    canvas.text((MARGIN, bottom - CELL.1 / 2), "buys least often", hint)?;
    let right = LEFT + 5 * CELL.0;
    let y = bottom + 42;
    canvas.text(((LEFT + right) / 2, y), "Recency score", name.centered())?;
    canvas.text((LEFT, y), "longest ago", hint)?;
    canvas.text((right, y), "bought most recently", hint.right())
}
