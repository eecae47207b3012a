//! What is recommended to the customers of each segment.

use crate::canvas::{Canvas, Words, figure};
use crate::check;
use crate::error::ChartError;
use crate::figure::Figure;
use crate::theme::numbers::{count, percent, times};
use crate::theme::text::clean;
use crate::theme::{ACCENT, ACCENT_LIGHT, ALERT, GRID, HEAD, INK, MARGIN, MUTED, Type, WIDTH};

const NAME: &str = "segment_recommendations";
const MOST_SEGMENTS: usize = 12;
const PRODUCTS: usize = 3;
const LABEL_CHARACTERS: usize = 24;
const NAME_ROOM: i32 = 190;
const ROW: i32 = 62;
const TOP: i32 = HEAD + 52;
/// From here on a product is typical of its segment; judged as the lift is written, in tenths.
const TYPICAL_TENTHS: f64 = 12.0;

/// One segment.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentProducts {
    /// Its name.
    pub name: String,
    /// Its customers with recommendations.
    pub customers: u64,
    /// What is recommended in it, the strongest first; may be empty.
    pub products: Vec<ProductShare>,
}

/// A product recommended in a segment.
#[derive(Debug, Clone, PartialEq)]
pub struct ProductShare {
    /// What it is called.
    pub label: String,
    /// Share of the segment's customers it is recommended to, 0 to 1.
    pub share: f64,
    /// That share over the share in the whole shop; above 0 unless the share is 0.
    pub lift: f64,
}

/// Draws a row for each segment with its first three products: a bar for the share of the segment
/// that is recommended the product, a tick for that share in the whole shop, and the lift between
/// the two. Bars are dark from a lift of 1.2. Labels beyond 24 characters end in an ellipsis, and
/// so do names that need more than two lines. Segments after the twelfth are only counted.
///
/// # Errors
///
/// No segments, no products in any of them, a share that is not between 0 and 1, or a lift that is
/// negative, not finite, or 0 beside a share that is not.
pub fn segment_recommendations(segments: &[SegmentProducts]) -> Result<Figure, ChartError> {
    check::not_empty(NAME, !segments.is_empty(), "there are no segments")?;
    let has_products = segments.iter().any(|segment| !segment.products.is_empty());
    check::not_empty(NAME, has_products, "no segment has recommended products")?;
    for segment in segments {
        for product in &segment.products {
            let what =
                |part: &str| format!("the {part} of {:?} in {:?}", product.label, segment.name);
            check::share(NAME, || what("share"), product.share)?;
            check::not_negative(NAME, || what("lift"), product.lift)?;
            if product.lift == 0.0 && product.share > 0.0 {
                let reason = format!("{} is 0, but its share is not", what("lift"));
                return Err(ChartError::Mismatch {
                    figure: NAME,
                    reason,
                });
            }
        }
    }
    let drawn = &segments[..segments.len().min(MOST_SEGMENTS)];
    let left_out = segments.len() - drawn.len();
    let words = Words {
        name: NAME,
        title: "What is recommended to whom?".to_owned(),
        subtitle: "The products recommended to most customers of each segment, and how that \
                   compares with the whole shop"
            .to_owned(),
        caption: "A bar shows how many customers of the segment are recommended the product; one \
                  that reaches far beyond its tick, the share in the whole shop, is typical of \
                  the segment, and 2\u{D7} means twice as often as in the whole shop."
            .to_owned(),
    };
    let note = if left_out > 0 { 30 } else { 0 };
    let bottom = TOP + drawn.len() as i32 * ROW;
    figure(words, (WIDTH, bottom + note + MARGIN), |canvas| {
        let left = MARGIN + NAME_ROOM + 20;
        draw_legend(canvas, left)?;
        let width = (WIDTH - MARGIN - left) / PRODUCTS as i32;
        let longest = longest(drawn);
        for (row, segment) in drawn.iter().enumerate() {
            let middle = TOP + row as i32 * ROW + ROW / 2;
            canvas.line(
                &[
                    (MARGIN, middle - ROW / 2),
                    (WIDTH - MARGIN, middle - ROW / 2),
                ],
                1,
                GRID,
            )?;
            draw_name(canvas, segment, middle)?;
            for (column, product) in segment.products.iter().take(PRODUCTS).enumerate() {
                let at = (left + column as i32 * width, middle);
                draw_product(canvas, at, width - 20, product, longest)?;
            }
            if segment.products.is_empty() {
                let words = "no recommendations";
                canvas.text((left, middle), words, Type::small())?;
            }
        }
        if left_out > 0 {
            let noun = if left_out == 1 { "segment" } else { "segments" };
            let words = format!("and {left_out} more {noun}");
            canvas.text((MARGIN, bottom + 20), &words, Type::small())?;
        }
        Ok(())
    })
}

/// The share in the whole shop; rounding must not lift it above everybody.
fn in_shop(product: &ProductShare) -> f64 {
    if product.lift > 0.0 {
        (product.share / product.lift).min(1.0)
    } else {
        0.0
    }
}

/// The longest bar or the farthest tick that is drawn.
fn longest(segments: &[SegmentProducts]) -> f64 {
    let longest = segments
        .iter()
        .flat_map(|segment| segment.products.iter().take(PRODUCTS))
        .map(|product| product.share.max(in_shop(product)))
        .fold(0.0, f64::max);
    if longest > 0.0 { longest } else { 1.0 }
}

fn draw_legend(canvas: &Canvas<'_>, left: i32) -> Result<(), ChartError> {
    let y = HEAD + 14;
    let set = Type::small().colored(INK);
    let mut x = left;
    let typical = "typical of the segment (lift 1.2\u{D7} or more)";
    for (words, color) in [
        (typical, ACCENT),
        ("recommended elsewhere as well", ACCENT_LIGHT),
    ] {
        canvas.rect((x, y - 5), (x + 18, y + 5), color)?;
        canvas.text((x + 26, y), words, set)?;
        x += 26 + set.width(words) + 24;
    }
    canvas.line(&[(x, y - 8), (x, y + 8)], 3, ALERT)?;
    canvas.text((x + 9, y), "whole shop", set)
}

fn draw_name(
    canvas: &Canvas<'_>,
    segment: &SegmentProducts,
    middle: i32,
) -> Result<(), ChartError> {
    let set = Type::text().bold();
    let lines = set.wrap(&clean(&segment.name), NAME_ROOM, 2);
    let noun = if segment.customers == 1 {
        "customer"
    } else {
        "customers"
    };
    let size = format!("{} {noun}", count(segment.customers));
    canvas.lines((MARGIN, middle - 9), &lines, set)?;
    let below = middle - 9 + (lines.len() as i32 - 1) * set.leading() / 2 + 18;
    canvas.text((MARGIN, below), &size, Type::small())
}

fn draw_product(
    canvas: &Canvas<'_>,
    (left, middle): (i32, i32),
    room: i32,
    product: &ProductShare,
    longest: f64,
) -> Result<(), ChartError> {
    let set = Type::text();
    let label = set.fit(&shortened(&clean(&product.label)), room);
    canvas.text((left, middle - 13), &label, set)?;

    let share = percent(product.share);
    let lift = times(product.lift);
    let figures = set.bold();
    // The room is that of the widest figures, so that equal shares are equally long everywhere.
    let bar = room - figures.width("100.0\u{202F}%") - 8 - figures.width("1,000\u{D7}") - 8;
    let length = |share: f64| (share / longest * f64::from(bar)).round() as i32;
    let is_typical = (product.lift * 10.0).round() >= TYPICAL_TENTHS;
    let color = if is_typical { ACCENT } else { ACCENT_LIGHT };
    let y = middle + 11;
    // A share that is not zero leaves a trace, however small.
    let end = left + length(product.share).max(2 * i32::from(product.share > 0.0));
    if end > left {
        canvas.rect((left, y - 7), (end, y + 7), color)?;
    }
    let tick = left + length(in_shop(product));
    canvas.line(&[(tick, y - 10), (tick, y + 10)], 3, ALERT)?;
    let text_left = left + bar + 10;
    canvas.text((text_left, y), &share, set)?;
    let set = if is_typical {
        figures
    } else {
        set.colored(MUTED)
    };
    canvas.text((left + room, y), &lift, set.right())
}

/// At most [`LABEL_CHARACTERS`] characters, the last one an ellipsis where some are missing.
fn shortened(label: &str) -> String {
    if label.chars().count() <= LABEL_CHARACTERS {
        return label.to_owned();
    }
    let kept: String = label.chars().take(LABEL_CHARACTERS - 1).collect();
    format!("{}\u{2026}", kept.trim_end())
}
