//! Marks that tell lines apart by shape as well as by colour.

use plotters::style::RGBColor;

use crate::canvas::{Canvas, Point};
use crate::error::ChartError;
use crate::theme::PAPER;
use crate::theme::palette::GROUPS;

/// The members of [`GROUPS`] that are dark enough for a thin line on white.
const DARK: [usize; 8] = [0, 2, 4, 10, 5, 6, 7, 9];

/// How many lines get a look of their own.
pub(crate) const MOST: usize = DARK.len();

/// Colour of the line at `index`, below [`MOST`].
pub(crate) fn color(index: usize) -> RGBColor {
    GROUPS[DARK[index % MOST]]
}

/// Draws the mark of the line at `index`: disc, square, diamond, triangle, then the same hollow.
pub(crate) fn draw(canvas: &Canvas<'_>, at: Point, index: usize) -> Result<(), ChartError> {
    shape(canvas, at, index, 7, PAPER)?;
    shape(canvas, at, index, 5, color(index))?;
    if index % MOST >= MOST / 2 {
        shape(canvas, at, index, 2, PAPER)?;
    }
    Ok(())
}

fn shape(
    canvas: &Canvas<'_>,
    (x, y): Point,
    index: usize,
    reach: i32,
    fill: RGBColor,
) -> Result<(), ChartError> {
    match index % 4 {
        0 => canvas.disc((x, y), reach, fill),
        1 => canvas.rect(
            (x - reach + 1, y - reach + 1),
            (x + reach - 1, y + reach - 1),
            fill,
        ),
        2 => {
            let reach = reach + 1;
            let corners = vec![
                (x, y - reach),
                (x + reach, y),
                (x, y + reach),
                (x - reach, y),
            ];
            canvas.polygon(corners, fill)
        }
        _ => {
            let corners = vec![
                (x, y - reach - 1),
                (x + reach + 1, y + reach - 1),
                (x - reach - 1, y + reach - 1),
            ];
            canvas.polygon(corners, fill)
        }
    }
}
