//! One look for all figures: colours, sizes, type. Numbers are written by [`numbers`], colour
//! scales come from [`palette`], room for text is measured by [`text`].

pub(crate) mod numbers;
pub(crate) mod palette;
pub(crate) mod text;

use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

/// The embedded font first, so that a browser that has it lays text out as the PNG does; then
/// common faces that are no wider, so that measured text still fits.
pub(crate) const FONT_FAMILY: &str =
    "'Noto Sans', 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif";

/// Natural width of a figure in SVG units; a figure with many columns may be wider.
pub(crate) const WIDTH: i32 = 960;
/// White space around every figure.
pub(crate) const MARGIN: i32 = 24;
/// Where the drawing starts below title and subtitle.
pub(crate) const HEAD: i32 = 92;

pub(crate) const PAPER: RGBColor = RGBColor(255, 255, 255);
pub(crate) const INK: RGBColor = RGBColor(0x1B, 0x24, 0x30);
pub(crate) const MUTED: RGBColor = RGBColor(0x58, 0x62, 0x70);
pub(crate) const AXIS: RGBColor = RGBColor(0x9A, 0xA3, 0xAF);
pub(crate) const GRID: RGBColor = RGBColor(0xE4, 0xE8, 0xED);
pub(crate) const EMPTY: RGBColor = RGBColor(0xF0, 0xF2, 0xF5);
/// What the figure is about.
pub(crate) const ACCENT: RGBColor = RGBColor(0x1F, 0x5F, 0xA8);
/// A field of the accent that lines can be drawn over.
pub(crate) const ACCENT_LIGHT: RGBColor = RGBColor(0x8C, 0xB6, 0xDE);
/// What deserves a second look. Blue and vermilion stay apart for every kind of colour vision.
pub(crate) const ALERT: RGBColor = RGBColor(0xC2, 0x4A, 0x10);

/// Sizes of type in SVG units.
pub(crate) const SIZE_TITLE: f64 = 20.0;
pub(crate) const SIZE_TEXT: f64 = 13.0;
pub(crate) const SIZE_SMALL: f64 = 12.0;

/// How a piece of text is set.
#[derive(Clone, Copy)]
pub(crate) struct Type {
    pub(crate) size: f64,
    pub(crate) bold: bool,
    pub(crate) color: RGBColor,
    pub(crate) horizontal: HPos,
    pub(crate) vertical: VPos,
}

impl Type {
    /// Body text, starting at the given point, centred on it vertically.
    pub(crate) const fn text() -> Self {
        Self {
            size: SIZE_TEXT,
            bold: false,
            color: INK,
            horizontal: HPos::Left,
            vertical: VPos::Center,
        }
    }

    /// Axis labels and notes.
    pub(crate) const fn small() -> Self {
        Self::text().sized(SIZE_SMALL).colored(MUTED)
    }

    pub(crate) const fn sized(mut self, size: f64) -> Self {
        self.size = size;
        self
    }

    pub(crate) const fn bold(mut self) -> Self {
        self.bold = true;
        self
    }

    pub(crate) const fn colored(mut self, color: RGBColor) -> Self {
        self.color = color;
        self
    }

    pub(crate) const fn centered(mut self) -> Self {
        self.horizontal = HPos::Center;
        self
    }

    /// The text ends at the given point.
    pub(crate) const fn right(mut self) -> Self {
        self.horizontal = HPos::Right;
        self
    }

    /// The text hangs below the given point.
    pub(crate) const fn hanging(mut self) -> Self {
        self.vertical = VPos::Top;
        self
    }

    /// Width of `text` set this way, in SVG units.
    pub(crate) fn width(&self, text: &str) -> i32 {
        text::width(text, self.size, self.bold).ceil() as i32
    }

    /// `text`, shortened with an ellipsis if it is wider than `room`.
    pub(crate) fn fit(&self, text: &str, room: i32) -> String {
        text::fit(text, self.size, self.bold, f64::from(room))
    }

    /// `text` in at most `lines` lines no wider than `room`.
    pub(crate) fn wrap(&self, text: &str, room: i32, lines: usize) -> Vec<String> {
        text::wrap(text, self.size, self.bold, f64::from(room), lines)
    }

    /// Distance between two lines.
    pub(crate) fn leading(&self) -> i32 {
        (self.size * 1.3).round() as i32
    }
}
