//! How far recommendations reach into the catalogue.

use crate::axes::{Axes, Frame, ticks};
use crate::canvas::{Canvas, Words, figure};
use crate::check;
use crate::error::ChartError;
use crate::figure::Figure;
use crate::theme::numbers::{percent, tick, whole_percent};
use crate::theme::{ACCENT, ACCENT_LIGHT, INK, MARGIN, Type, WIDTH};

const NAME: &str = "catalogue_reach";
const FRAME: Frame = Frame {
    left: 84,
    top: 128,
    right: WIDTH - MARGIN,
    bottom: 400,
};
const HEIGHT: i32 = 474;
const MOST_GROUPS: usize = 10;
/// Shares may miss 1 by rounding, not by more.
const TOLERANCE: f64 = 0.005;

/// Draws two bars for each group of products, the most popular group first: its share of the events
/// and its share of the recommendations.
///
/// The groups hold equally many products; both slices have one share (0 to 1) for each and sum to
/// 1, or are all zero where there is nothing to share. `coverage` is the share of the catalogue
/// that is recommended to anybody.
///
/// # Errors
///
/// No groups or more than ten, slices of different length, a share that is not between 0 and 1, or
/// shares that sum to something else than 1 or 0.
pub fn catalogue_reach(
    events: &[f64],
    recommendations: &[f64],
    coverage: f64,
) -> Result<Figure, ChartError> {
    check::not_empty(NAME, !events.is_empty(), "there are no groups of products")?;
    let mismatch = |reason: String| ChartError::Mismatch {
        figure: NAME,
        reason,
    };
    if events.len() > MOST_GROUPS {
        let reason = format!("{} groups do not fit, {MOST_GROUPS} do", events.len());
        return Err(mismatch(reason));
    }
    let what = "recommendations";
    check::same_len(
        NAME,
        || what.to_owned(),
        recommendations.len(),
        events.len(),
    )?;
    for (what, shares) in [("events", events), (what, recommendations)] {
        for (group, &value) in shares.iter().enumerate() {
            check::share(
                NAME,
                || format!("the share of {what} of group {}", group + 1),
                value,
            )?;
        }
        let sum: f64 = shares.iter().sum();
        if sum != 0.0 && (sum - 1.0).abs() > TOLERANCE {
            return Err(mismatch(format!(
                "the shares of {what} sum to {sum}, not to 1"
            )));
        }
    }
    check::share(NAME, || "the coverage".to_owned(), coverage)?;
    let words = Words {
        name: NAME,
        title: "How far do recommendations reach into the catalogue?".to_owned(),
        subtitle: format!(
            "{} of the products are recommended to at least one customer",
            percent(coverage)
        ),
        caption: "Products are ranked by popularity and cut into equal groups; where the dark bar \
                  is taller than the pale one, the group is recommended more often than customers \
                  meet it by themselves."
            .to_owned(),
    };
    figure(words, (WIDTH, HEIGHT), |canvas| {
        draw_legend(canvas)?;
        draw_bars(canvas, events, recommendations)
    })
}

fn draw_legend(canvas: &Canvas<'_>) -> Result<(), ChartError> {
    let mut x = FRAME.left;
    let y = 96;
    let keys = [
        ("Share of events", ACCENT_LIGHT),
        ("Share of recommendations", ACCENT),
    ];
    for (words, color) in keys {
        canvas.rect((x, y - 7), (x + 14, y + 7), color)?;
        canvas.text((x + 22, y), words, Type::text())?;
        x += 22 + Type::text().width(words) + 32;
    }
    Ok(())
}

fn draw_bars(
    canvas: &Canvas<'_>,
    events: &[f64],
    recommendations: &[f64],
) -> Result<(), ChartError> {
    let most = events
        .iter()
        .chain(recommendations)
        .copied()
        .fold(0.0, f64::max);
    let most = if most > 0.0 { most } else { 1.0 };
    // A few groups would make slabs; empty places keep their bars slender.
    let places = events.len().max(5) as f64;
    let axes = Axes::new(FRAME, 0.0..places, 0.0..most * 1.1);
    let (marks, step) = ticks(0.0..most * 110.0, 6);
    let marks: Vec<f64> = marks.into_iter().map(|mark| mark / 100.0).collect();
    axes.draw_y(canvas, &marks, |share| {
        format!("{}\u{202F}%", tick(share * 100.0, step))
    })?;
    for group in 0..events.len() {
        let middle = group as f64 + 0.5;
        let pair = [
            (events[group], ACCENT_LIGHT, -0.4),
            (recommendations[group], ACCENT, 0.02),
        ];
        for (share, color, from) in pair {
            let (left, top) = axes.place(middle + from, share);
            let (right, bottom) = axes.place(middle + from + 0.38, 0.0);
            // A share that is not zero leaves a trace, however small.
            let top = if share > 0.0 {
                top.min(bottom - 2)
            } else {
                bottom
            };
            if top < bottom {
                canvas.rect((left, top), (right, bottom), color)?;
            }
            let set = Type::small().centered().colored(INK);
            canvas.text(((left + right) / 2, top - 10), &whole_percent(share), set)?;
        }
        let label = (group + 1).to_string();
        axes.draw_x_label(canvas, middle, &label, Type::text())?;
    }
    let (first, _) = axes.place(0.1, 0.0);
    let (last, _) = axes.place(events.len() as f64 - 0.1, 0.0);
    let y = FRAME.bottom + 46;
    if events.len() < 5 {
        let words = "Groups of products, the most popular first";
        return canvas.text((first, y), words, Type::small());
    }
    canvas.text((first, y), "most popular products", Type::small())?;
    canvas.text((last, y), "least popular products", Type::small().right())?;
    let words = match events.len() {
        10 => "Tenths of the catalogue",
        _ => "Equal groups of products",
    };
    canvas.text(((first + last) / 2, y), words, Type::small().centered())
}
