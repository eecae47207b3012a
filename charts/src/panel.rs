//! One histogram with its label, its notes and the cut points of the scores.

use crate::axes::{Axes, Frame, ticks};
use crate::canvas::Canvas;
use crate::error::ChartError;
use crate::histogram::Histogram;
use crate::theme::numbers::{number, tick};
use crate::theme::text::clean;
use crate::theme::{ACCENT_LIGHT, ALERT, SIZE_TEXT, Type};

/// Draws one panel into `frame`: label, bars, and the cut points as dashed lines.
pub(crate) fn panel(
    canvas: &Canvas<'_>,
    frame: Frame,
    label: &str,
    values: &[f64],
    cut_points: &[f64],
) -> Result<(), ChartError> {
    let histogram = Histogram::of(values);
    let range = histogram.range();
    let most = histogram.counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    let axes = Axes::new(frame, range.clone(), 0.0..most * 1.08);
    let (marks, step) = ticks(0.0..most * 1.08, 5);
    let marks: Vec<f64> = marks
        .into_iter()
        .filter(|mark| mark.fract() == 0.0)
        .collect();
    axes.draw_y(canvas, &marks, |value| tick(value, step.max(1.0)))?;

    for (index, &count) in histogram
        .counts
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0)
    {
        let from = histogram.start + histogram.width * index as f64;
        let (left, top) = axes.place(from, count as f64);
        let (right, bottom) = axes.place(from + histogram.width, 0.0);
        let gap = i32::from(right - left > 3);
        // Even a single customer in a bin leaves a trace.
        canvas.rect(
            (left, top.min(bottom - 1)),
            (right - gap, bottom),
            ACCENT_LIGHT,
        )?;
    }
    for &cut in cut_points.iter().filter(|cut| range.contains(cut)) {
        let (x, _) = axes.place(cut, 0.0);
        canvas.dashed(x, (frame.top - 6, frame.bottom), ALERT)?;
    }
    draw_x_labels(canvas, &axes, &histogram)?;
    draw_words(canvas, frame, label, &histogram, cut_points)
}

fn draw_x_labels(
    canvas: &Canvas<'_>,
    axes: &Axes,
    histogram: &Histogram,
) -> Result<(), ChartError> {
    let filled: Vec<usize> = (0..histogram.counts.len())
        .filter(|&bin| histogram.counts[bin] > 0)
        .collect();
    let (marks, step) = match filled.as_slice() {
        // One value: its own label and no other.
        [bin] if histogram.counts.len() == 5 => {
            let middle = histogram.start + histogram.width * (*bin as f64 + 0.5);
            (vec![middle], 1.0)
        }
        _ => ticks(histogram.range(), 5),
    };
    let set = Type::small();
    let mut free = i32::MIN;
    for mark in marks {
        let label = tick(mark, step);
        let (x, _) = axes.place(mark, 0.0);
        let half = set.width(&label) / 2;
        if x - half < free {
            continue;
        }
        free = x + half + 8;
        axes.draw_x_label(canvas, mark, &label, set)?;
    }
    Ok(())
}

fn draw_words(
    canvas: &Canvas<'_>,
    frame: Frame,
    label: &str,
    histogram: &Histogram,
    cut_points: &[f64],
) -> Result<(), ChartError> {
    let left = frame.left - 48;
    let room = frame.right - left;
    let head = Type::text().bold().sized(SIZE_TEXT + 1.0);
    canvas.text((left, frame.top - 52), &head.fit(&clean(label), room), head)?;
    canvas.text((left, frame.top - 30), "customers", Type::small())?;
    let small = Type::small();
    let mut y = frame.bottom + 44;
    if let Some(note) = histogram.note() {
        for line in small.wrap(&note, room, 2) {
            canvas.text((left, y), &line, small)?;
            y += small.leading();
        }
    }
    if cut_points.is_empty() {
        return Ok(());
    }
    let cuts: Vec<String> = cut_points.iter().map(|&cut| number(cut)).collect();
    let words = format!("score limits: {}", cuts.join(" \u{B7} "));
    let set = small.colored(ALERT);
    for line in set.wrap(&words, room, 2) {
        canvas.text((left, y), &line, set)?;
        y += set.leading();
    }
    Ok(())
}
