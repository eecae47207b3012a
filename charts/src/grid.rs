//! A grid of coloured cells with heads over the columns and names beside the rows.

use plotters::style::RGBColor;

use crate::canvas::{Canvas, Point};
use crate::error::ChartError;
use crate::theme::palette::ink_on;
use crate::theme::text::clean;
use crate::theme::{MARGIN, SIZE_SMALL, Type, WIDTH};

const ROW_ROOM: i32 = 230;
const HEAD_LINES: usize = 5;

/// One cell.
pub(crate) struct Cell {
    pub(crate) fill: RGBColor,
    pub(crate) text: String,
}

/// A head over a column: the name, and a note under it.
pub(crate) struct Head {
    pub(crate) name: String,
    pub(crate) note: String,
}

/// A laid-out grid.
pub(crate) struct Grid {
    rows: Vec<Vec<String>>,
    heads: Vec<(Vec<String>, String)>,
    cell: (i32, i32),
    origin: Point,
}

impl Grid {
    /// Lays out the grid with its heads below `top`. Columns share the width of a sheet between
    /// them, but never fall below what a number needs; then the sheet grows.
    pub(crate) fn new(top: i32, rows: &[String], heads: &[Head]) -> Self {
        let height = if rows.len() <= 12 { 38 } else { 30 };
        let lines = if height > 34 { 2 } else { 1 };
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| Type::text().wrap(&clean(row), ROW_ROOM, lines))
            .collect();
        let names = rows
            .iter()
            .flatten()
            .map(|line| Type::text().width(line))
            .max()
            .unwrap_or(0);
        let left = MARGIN + names + 14;
        let columns = heads.len().max(1) as i32;
        let width = ((WIDTH - MARGIN - left) / columns).clamp(84, 190);
        let heads: Vec<(Vec<String>, String)> = heads
            .iter()
            .map(|head| {
                (
                    head_type().wrap(&clean(&head.name), width - 10, HEAD_LINES),
                    head.note.clone(),
                )
            })
            .collect();
        let lines = heads
            .iter()
            .map(|(lines, _)| lines.len())
            .max()
            .unwrap_or(0) as i32;
        let notes = if heads.iter().any(|(_, note)| !note.is_empty()) {
            18
        } else {
            0
        };
        let origin = (left, top + lines * head_type().leading() + notes + 8);
        Self {
            rows,
            heads,
            cell: (width, height),
            origin,
        }
    }

    pub(crate) fn left(&self) -> i32 {
        self.origin.0
    }

    pub(crate) fn right(&self) -> i32 {
        self.origin.0 + self.heads.len() as i32 * self.cell.0
    }

    pub(crate) fn bottom(&self) -> i32 {
        self.origin.1 + self.rows.len() as i32 * self.cell.1
    }

    /// Width of a sheet that holds the grid.
    pub(crate) fn sheet_width(&self) -> i32 {
        WIDTH.max(self.right() + MARGIN)
    }

    /// Draws it all; `cell` is asked for each row and column.
    pub(crate) fn draw(
        &self,
        canvas: &Canvas<'_>,
        cell: impl Fn(usize, usize) -> Cell,
    ) -> Result<(), ChartError> {
        let (width, height) = self.cell;
        let (left, top) = self.origin;
        for (column, (lines, note)) in self.heads.iter().enumerate() {
            let x = left + column as i32 * width + width / 2;
            let mut y = top - 14;
            if !note.is_empty() {
                canvas.text((x, y), note, Type::small().centered())?;
                y -= 18;
            }
            for line in lines.iter().rev() {
                canvas.text((x, y), line, head_type().centered())?;
                y -= head_type().leading();
            }
        }
        for (row, name) in self.rows.iter().enumerate() {
            let y = top + row as i32 * height;
            canvas.lines((left - 14, y + height / 2), name, Type::text().right())?;
            for column in 0..self.heads.len() {
                let x = left + column as i32 * width;
                let Cell { fill, text } = cell(row, column);
                canvas.rect((x + 1, y + 1), (x + width - 1, y + height - 1), fill)?;
                let set = Type::text().colored(ink_on(fill)).centered();
                canvas.text((x + width / 2, y + height / 2), &text, set)?;
            }
        }
        Ok(())
    }
}

const fn head_type() -> Type {
    Type::text().sized(SIZE_SMALL).bold()
}
