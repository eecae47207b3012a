//! Share of each segment month by month.

use plotters::style::RGBColor;

use crate::axes::{Axes, Frame};
use crate::canvas::{Canvas, Words, figure};
use crate::check;
use crate::error::ChartError;
use crate::figure::Figure;
use crate::theme::numbers::percent;
use crate::theme::palette::GROUPS;
use crate::theme::text::clean;
use crate::theme::{HEAD, MARGIN, PAPER, Type, WIDTH};

const NAME: &str = "segment_by_month";
const HEIGHT: i32 = 480;
const LEGEND: i32 = 264;
const FRAME: Frame = Frame {
    left: 84,
    top: HEAD + 12,
    right: WIDTH - MARGIN - LEGEND - 24,
    bottom: HEIGHT - 48,
};
/// Months from one label to the next.
const LABEL_EVERY: [usize; 8] = [1, 2, 3, 4, 6, 12, 24, 36];
/// Shares of a month may miss 1 by rounding, not by more.
const TOLERANCE: f64 = 0.005;

/// A segment with its share in every month.
struct Layer {
    name: String,
    shares: Vec<f64>,
    color: RGBColor,
}

/// Draws a column for each month, divided by segment; the first segment is on top, as in the
/// legend, which also gives the shares of the last month.
///
/// `share[month][segment]` lies between 0 and 1 and sums to 1 over a month; a month of zeros (no
/// customers yet) stays blank. From 13 segments on, those with the smallest shares over all months
/// are drawn as one.
///
/// # Errors
///
/// No months, no segments, a table of another shape, a share that is negative or not finite, or a
/// month whose shares sum to something else.
pub fn segment_by_month(
    months: &[String],
    segments: &[String],
    share: &[Vec<f64>],
) -> Result<Figure, ChartError> {
    check::not_empty(NAME, !months.is_empty(), "there are no months")?;
    check::not_empty(NAME, !segments.is_empty(), "there are no segments")?;
    check::same_len(NAME, || "share".to_owned(), share.len(), months.len())?;
    for (month, shares) in months.iter().zip(share) {
        check_month(month, shares, segments.len())?;
    }
    let layers = layers(segments, share);
    let words = Words {
        name: NAME,
        title: "Segments month by month".to_owned(),
        subtitle: "Share of customers in each segment".to_owned(),
        caption: "Each column is one month and each colour one segment, in the order of the \
                  legend; a band that widens from left to right is a segment that grows."
            .to_owned(),
    };
    figure(words, (WIDTH, HEIGHT), |canvas| {
        draw_columns(canvas, months, &layers)?;
        draw_legend(canvas, months, &layers)
    })
}

fn check_month(month: &str, shares: &[f64], segments: usize) -> Result<(), ChartError> {
    check::same_len(NAME, || format!("month {month:?}"), shares.len(), segments)?;
    let mismatch = |reason: String| ChartError::Mismatch {
        figure: NAME,
        reason,
    };
    for &value in shares {
        check::finite(NAME, || format!("a share of month {month:?}"), value)?;
        if value < 0.0 {
            return Err(mismatch(format!(
                "a share of month {month:?} is negative: {value}"
            )));
        }
    }
    let sum: f64 = shares.iter().sum();
    if sum == 0.0 || (sum - 1.0).abs() <= TOLERANCE {
        return Ok(());
    }
    Err(mismatch(format!(
        "the shares of month {month:?} sum to {sum}, not to 1"
    )))
}

/// One layer for each segment in the order given, the smallest joined if colours run out.
fn layers(segments: &[String], share: &[Vec<f64>]) -> Vec<Layer> {
    let totals: Vec<f64> = (0..segments.len())
        .map(|index| share.iter().map(|month| month[index]).sum())
        .collect();
    let mut by_size: Vec<usize> = (0..segments.len()).collect();
    by_size.sort_by(|&one, &other| totals[other].total_cmp(&totals[one]).then(one.cmp(&other)));
    let kept = if segments.len() > GROUPS.len() {
        GROUPS.len() - 1
    } else {
        segments.len()
    };
    let (kept, rest) = by_size.split_at(kept);
    let mut kept = kept.to_vec();
    kept.sort_unstable();

    let mut layers: Vec<Layer> = kept
        .iter()
        .zip(GROUPS)
        .map(|(&index, color)| Layer {
            name: clean(&segments[index]),
            shares: share.iter().map(|month| month[index]).collect(),
            color,
        })
        .collect();
    if !rest.is_empty() {
        layers.push(Layer {
            name: format!("{} other segments", rest.len()),
            shares: share
                .iter()
                .map(|month| rest.iter().map(|&index| month[index]).sum())
                .collect(),
            color: GROUPS[GROUPS.len() - 1],
        });
    }
    layers
}

fn draw_columns(
    canvas: &Canvas<'_>,
    months: &[String],
    layers: &[Layer],
) -> Result<(), ChartError> {
    let count = months.len() as f64;
    // A few months would make slabs; empty places keep their columns slender.
    let places = count.max(4.0);
    let axes = Axes::new(FRAME, 0.0..places, 0.0..1.0);
    axes.draw_y(canvas, &[0.0, 0.25, 0.5, 0.75, 1.0], |value| {
        format!("{:.0}\u{202F}%", value * 100.0)
    })?;
    let room = f64::from(FRAME.right - FRAME.left) / places;
    let gap = if room >= 24.0 {
        room * 0.12
    } else if room >= 8.0 {
        0.5
    } else {
        0.0
    } / room;
    for month in 0..months.len() {
        let (from, to) = (month as f64 + gap, (month + 1) as f64 - gap);
        let mut above = 1.0;
        for layer in layers {
            let below = above - layer.shares[month];
            let (left, top) = axes.place(from, above);
            let (right, bottom) = axes.place(to, below.max(0.0));
            above = below;
            if bottom <= top {
                continue;
            }
            canvas.rect((left, top), (right, bottom), layer.color)?;
            // A white hair parts two layers unless one of them is hardly thicker than that.
            if bottom - top >= 4 && bottom < FRAME.bottom {
                canvas.rect((left, bottom - 1), (right, bottom), PAPER)?;
            }
        }
    }
    let set = Type::small();
    let widest = months
        .iter()
        .map(|month| set.width(&clean(month)))
        .max()
        .unwrap_or(0);
    let widest = f64::from(widest.min(140));
    let least = ((widest + 14.0) / room).ceil().max(1.0) as usize;
    let every = LABEL_EVERY
        .into_iter()
        .find(|&every| every >= least)
        .unwrap_or(least);
    // Counted back from the last month, which is always labelled.
    for (index, month) in months.iter().enumerate() {
        if (months.len() - 1 - index).is_multiple_of(every) {
            let label = set.fit(&clean(month), 140);
            axes.draw_x_label(canvas, index as f64 + 0.5, &label, set)?;
        }
    }
    Ok(())
}

fn draw_legend(canvas: &Canvas<'_>, months: &[String], layers: &[Layer]) -> Result<(), ChartError> {
    let left = WIDTH - MARGIN - LEGEND;
    let right = WIDTH - MARGIN;
    let last = months.len() - 1;
    let head = format!("in {}", clean(&months[last]));
    let head = Type::small().fit(&head, LEGEND);
    canvas.text((right, FRAME.top), &head, Type::small().right())?;
    let height = FRAME.bottom - FRAME.top - 18;
    let pitch = (height / layers.len() as i32).min(30);
    for (index, layer) in layers.iter().enumerate() {
        let y = FRAME.top + 18 + index as i32 * pitch + pitch / 2;
        canvas.rect((left, y - 7), (left + 14, y + 7), layer.color)?;
        let value = percent(layer.shares[last]);
        let set = Type::text();
        canvas.text((right, y), &value, set.bold().right())?;
        let room = LEGEND - 24 - set.bold().width(&value) - 12;
        canvas.text((left + 24, y), &set.fit(&layer.name, room), set)?;
    }
    Ok(())
}
