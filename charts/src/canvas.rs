//! Drawing primitives over a Plotters drawing area, in whole SVG units.

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Rectangle};
use plotters::prelude::SVGBackend;
use plotters::style::text_anchor::Pos;
use plotters::style::{Color, FontStyle, IntoFont, RGBColor, ShapeStyle, TextStyle};

use crate::error::ChartError;
use crate::figure::{Figure, document};
use crate::theme::{FONT_FAMILY, INK, MARGIN, MUTED, PAPER, SIZE_TITLE, Type, text};

/// Plotters' SVG backend divides every font size by this.
const BACKEND_FONT_SCALE: f64 = 1.24;

/// A point in SVG units, right and down from the top left corner.
pub(crate) type Point = (i32, i32);

/// The sheet a figure is drawn on.
pub(crate) struct Canvas<'a> {
    pub(crate) figure: &'static str,
    pub(crate) area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// What a figure says in words.
pub(crate) struct Words {
    pub(crate) name: &'static str,
    pub(crate) title: String,
    pub(crate) subtitle: String,
    pub(crate) caption: String,
}

/// Sets up a sheet with title and subtitle, lets `draw` fill it, and makes it a figure.
pub(crate) fn figure(
    words: Words,
    (width, height): (i32, i32),
    draw: impl FnOnce(&Canvas<'_>) -> Result<(), ChartError>,
) -> Result<Figure, ChartError> {
    let Words {
        name,
        title,
        subtitle,
        caption,
    } = words;
    let size = (width.max(1).unsigned_abs(), height.max(1).unsigned_abs());
    let mut drawn = String::new();
    {
        let area = SVGBackend::with_string(&mut drawn, size).into_drawing_area();
        let canvas = Canvas { figure: name, area };
        canvas
            .area
            .fill(&PAPER)
            .map_err(|error| canvas.failed(&error))?;
        let room = width - 2 * MARGIN;
        let heading = Type::text().sized(SIZE_TITLE).bold();
        canvas.text((MARGIN, 34), &heading.fit(&title, room), heading)?;
        let below = Type::text().colored(MUTED);
        canvas.text((MARGIN, 62), &below.fit(&subtitle, room), below)?;
        draw(&canvas)?;
        canvas
            .area
            .present()
            .map_err(|error| canvas.failed(&error))?;
    }
    let svg = document(&drawn, size, &title, &caption);
    Ok(Figure {
        name,
        title,
        caption,
        svg,
    })
}

impl Canvas<'_> {
    /// Draws one line of text; names from data are made drawable here.
    pub(crate) fn text(&self, at: Point, words: &str, set: Type) -> Result<(), ChartError> {
        let style = if set.bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        };
        let font = (FONT_FAMILY, set.size * BACKEND_FONT_SCALE, style).into_font();
        let style = TextStyle::from(font)
            .color(&set.color)
            .pos(Pos::new(set.horizontal, set.vertical));
        self.area
            .draw_text(&text::clean(words), &style, at)
            .map_err(|error| self.failed(&error))
    }

    /// Draws lines of text below one another, the block centred vertically on `at`.
    pub(crate) fn lines(&self, at: Point, lines: &[String], set: Type) -> Result<(), ChartError> {
        let leading = set.leading();
        let first = at.1 - (lines.len() as i32 - 1) * leading / 2;
        for (index, line) in lines.iter().enumerate() {
            self.text((at.0, first + index as i32 * leading), line, set)?;
        }
        Ok(())
    }

    pub(crate) fn rect(&self, from: Point, to: Point, fill: RGBColor) -> Result<(), ChartError> {
        self.area
            .draw(&Rectangle::new([from, to], fill.filled()))
            .map_err(|error| self.failed(&error))
    }

    pub(crate) fn line(
        &self,
        points: &[Point],
        width: u32,
        color: RGBColor,
    ) -> Result<(), ChartError> {
        let style = ShapeStyle {
            color: color.to_rgba(),
            filled: false,
            stroke_width: width,
        };
        self.area
            .draw(&PathElement::new(points.to_vec(), style))
            .map_err(|error| self.failed(&error))
    }

    /// A dashed vertical line.
    pub(crate) fn dashed(
        &self,
        x: i32,
        (top, bottom): (i32, i32),
        color: RGBColor,
    ) -> Result<(), ChartError> {
        for start in (top..bottom).step_by(8) {
            self.line(&[(x, start), (x, (start + 5).min(bottom))], 2, color)?;
        }
        Ok(())
    }

    /// A dot on white, so that it stands out from the line it sits on.
    pub(crate) fn dot(&self, at: Point, radius: i32, fill: RGBColor) -> Result<(), ChartError> {
        self.disc(at, radius + 2, PAPER)?;
        self.disc(at, radius, fill)
    }

    /// A hollow dot.
    pub(crate) fn ring(&self, at: Point, radius: i32, color: RGBColor) -> Result<(), ChartError> {
        self.disc(at, radius, color)?;
        self.disc(at, radius - 2, PAPER)
    }

    /// A filled shape with these corners.
    pub(crate) fn polygon(&self, corners: Vec<Point>, fill: RGBColor) -> Result<(), ChartError> {
        self.area
            .draw(&Polygon::new(corners, fill.filled()))
            .map_err(|error| self.failed(&error))
    }

    /// A circle around something that stays visible.
    pub(crate) fn circle(&self, at: Point, radius: i32, color: RGBColor) -> Result<(), ChartError> {
        let style = ShapeStyle {
            color: color.to_rgba(),
            filled: false,
            stroke_width: 2,
        };
        self.area
            .draw(&Circle::new(at, radius, style))
            .map_err(|error| self.failed(&error))
    }

    /// A filled circle.
    pub(crate) fn disc(&self, at: Point, radius: i32, fill: RGBColor) -> Result<(), ChartError> {
        self.area
            .draw(&Circle::new(at, radius, fill.filled()))
            .map_err(|error| self.failed(&error))
    }

    /// A horizontal scale of colours with labels under it; `color` and the labels' places run from
    /// 0 at the left to 1 at the right.
    pub(crate) fn color_scale(
        &self,
        (left, top): Point,
        width: i32,
        words: &str,
        color: impl Fn(f64) -> RGBColor,
        labels: &[(f64, String)],
    ) -> Result<(), ChartError> {
        self.text((left, top), words, Type::small().colored(INK))?;
        let (top, bottom) = (top + 14, top + 26);
        let steps = width / 4;
        for step in 0..steps {
            let from = left + step * width / steps;
            let to = left + (step + 1) * width / steps;
            let position = f64::from(step) / f64::from((steps - 1).max(1));
            self.rect((from, top), (to, bottom), color(position))?;
        }
        for (place, label) in labels {
            let x = left + (place * f64::from(width)).round() as i32;
            let set = Type::small().hanging();
            let set = match *place {
                place if place <= 0.0 => set,
                place if place >= 1.0 => set.right(),
                _ => set.centered(),
            };
            self.text((x, bottom + 5), label, set)?;
        }
        Ok(())
    }

    fn failed<E>(&self, error: &DrawingAreaErrorKind<E>) -> ChartError
    where
        E: std::error::Error + Send + Sync,
    {
        ChartError::Draw {
            figure: self.figure,
            reason: error.to_string(),
        }
    }
}
