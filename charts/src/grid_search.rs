//! The candidates of a grid search and the chosen one.

use crate::axes::{Axes, Frame, XLabel, ticks};
use crate::canvas::{Canvas, Point, Words, figure};
use crate::check;
use crate::error::ChartError;
use crate::figure::Figure;
use crate::grid_lines::{Line, Places, lines, setting};
use crate::marker;
use crate::theme::numbers::{measure, plain, tick};
use crate::theme::{ALERT, AXIS, HEAD, MARGIN, MUTED, Type, WIDTH};

const NAME: &str = "grid_search";
const LEGEND: i32 = 262;
const LEGEND_ROW: i32 = 30;
const BOTTOM: i32 = 400;
/// Part of the height kept free above the highest whisker for the label of the chosen one.
const HEADROOM: f64 = 0.24;

/// What candidates are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GridMeasure {
    /// Root mean squared error; lower is better.
    Rmse,
    /// NDCG of the first ten places; higher is better.
    NdcgAt10,
}

/// One candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridPoint {
    /// Factors per customer and product.
    pub factors: usize,
    /// Strength of the penalty, not negative.
    pub regularization: f64,
    /// Confidence per unit of evidence; none for explicit feedback.
    pub alpha: Option<f64>,
    /// Mean of the measure over the folds, not negative.
    pub mean: f64,
    /// Its standard deviation over the folds.
    pub std: f64,
}

/// Draws the measure of each candidate against its regularization, on a logarithmic axis, with a
/// whisker of one standard deviation over the folds each way. Candidates with the same factors and
/// alpha are joined by a line; lines stand a little apart so that their whiskers can be told from
/// one another. From nine lines on, only eight have a colour: that of the chosen candidate and the
/// best others. A regularization of 0 has a place of its own at the left.
///
/// `chosen` is an index into `points`; `folds` is said in the subtitle.
///
/// # Errors
///
/// No candidates, a value that is negative or not finite, a candidate given twice, or a `chosen`
/// that is none of the points.
pub fn grid_search(
    points: &[GridPoint],
    chosen: usize,
    measure: GridMeasure,
    folds: u32,
) -> Result<Figure, ChartError> {
    check::not_empty(NAME, !points.is_empty(), "there are no candidates")?;
    for (index, point) in points.iter().enumerate() {
        let what = |part: &str| format!("the {part} of candidate {index}");
        check::not_negative(NAME, || what("regularization"), point.regularization)?;
        check::not_negative(NAME, || what("alpha"), point.alpha.unwrap_or(0.0))?;
        check::not_negative(NAME, || what("mean"), point.mean)?;
        check::not_negative(NAME, || what("standard deviation"), point.std)?;
    }
    if chosen >= points.len() {
        return Err(ChartError::Mismatch {
            figure: NAME,
            reason: format!(
                "candidate {chosen} is chosen, but there are only {}",
                points.len()
            ),
        });
    }
    let lines = lines(NAME, points, chosen, measure)?;
    let legend_rows = lines.len().min(marker::MOST + 1) as i32;
    let bottom = BOTTOM.max(HEAD + 30 + legend_rows * LEGEND_ROW);
    let direction = match measure {
        GridMeasure::Rmse => "Lower is better",
        GridMeasure::NdcgAt10 => "Higher is better",
    };
    let spread = if folds > 1 {
        format!("mean and standard deviation of {folds} folds")
    } else {
        "tested on one fold".to_owned()
    };
    let words = Words {
        name: NAME,
        title: format!("Which setting works best? {}", name(measure)),
        subtitle: format!("{direction}; {spread} for each setting tried"),
        caption: format!(
            "Each mark is one setting of the model and each line joins those with the same factors{}; \
             settings whose whiskers overlap do about equally well, and the chosen one is circled.",
            if points.iter().any(|point| point.alpha.is_some()) {
                " and alpha"
            } else {
                ""
            }
        ),
    };
    let right = if lines.len() > 1 {
        WIDTH - MARGIN - LEGEND - 32
    } else {
        WIDTH - MARGIN
    };
    let frame = Frame {
        left: 104,
        top: HEAD + 4,
        right,
        bottom,
    };
    figure(words, (WIDTH, bottom + 74), |canvas| {
        draw(canvas, frame, points, &lines, chosen, measure)?;
        if lines.len() > 1 {
            draw_legend(canvas, points, &lines, chosen, measure)?;
        }
        Ok(())
    })
}

fn name(measure: GridMeasure) -> &'static str {
    match measure {
        GridMeasure::Rmse => "RMSE",
        GridMeasure::NdcgAt10 => "NDCG@10",
    }
}

fn draw(
    canvas: &Canvas<'_>,
    frame: Frame,
    points: &[GridPoint],
    lines: &[Line],
    chosen: usize,
    measured: GridMeasure,
) -> Result<(), ChartError> {
    let ends = |point: &GridPoint| ((point.mean - point.std).max(0.0), point.mean + point.std);
    let low = points
        .iter()
        .map(|point| ends(point).0)
        .fold(f64::INFINITY, f64::min);
    let high = points.iter().map(|point| ends(point).1).fold(0.0, f64::max);
    let pad = if high > low {
        (high - low) * 0.08
    } else {
        (high * 0.1).max(0.05)
    };
    let (low, high) = ((low - pad).max(0.0), high + pad);
    let range = low..high + (high - low) * HEADROOM;
    check::finite(NAME, || "the span of the values".to_owned(), range.end)?;

    let places = Places::of(points);
    let axes = Axes::new(frame, places.range(), range.clone());
    let (marks, step) = ticks(range, 6);
    let marks: Vec<f64> = marks.into_iter().filter(|&mark| mark <= high).collect();
    axes.draw_y(canvas, &marks, |value| tick(value, step))?;
    let strength = points[chosen].regularization;
    let labels: Vec<XLabel> = places
        .all()
        .iter()
        .map(|&(value, at)| XLabel {
            at,
            words: plain(value),
            set: if value == strength {
                Type::text().bold().colored(ALERT)
            } else {
                Type::text()
            },
        })
        .collect();
    let kept = places
        .all()
        .iter()
        .position(|&(value, _)| value == strength);
    axes.draw_x_labels(canvas, &labels, kept)?;
    let centre = (frame.left + frame.right) / 2;
    let under = Type::small().centered();
    canvas.text((centre, frame.bottom + 48), places.title, under)?;

    // Lines step aside from one another, but never as far as the next regularization.
    let room = places
        .all()
        .windows(2)
        .map(|pair| axes.place(pair[1].1, low).0 - axes.place(pair[0].1, low).0)
        .fold(frame.right - frame.left, i32::min);
    let apart = (f64::from(room) * 0.5 / lines.len() as f64).min(10.0);
    let at = |line: usize, index: usize, value: f64| -> Point {
        let (x, y) = axes.place(places.place(points[index].regularization), value);
        let aside = (line as f64 - (lines.len() - 1) as f64 / 2.0) * apart;
        (x + aside.round() as i32, y)
    };
    let grey_first = |line: &&(usize, &Line)| line.1.look.is_none();
    let all: Vec<(usize, &Line)> = lines.iter().enumerate().collect();
    let (grey, coloured): (Vec<_>, Vec<_>) = all.iter().partition(grey_first);
    let ordered: Vec<(usize, &Line)> = grey.into_iter().chain(coloured).copied().collect();
    let of_chosen = lines
        .iter()
        .position(|line| line.points.contains(&chosen))
        .unwrap_or(0);
    let (_, whisker) = ends(&points[chosen]);
    let (x, end) = at(of_chosen, chosen, whisker);
    let (_, y) = at(of_chosen, chosen, points[chosen].mean);
    canvas.dashed(x, (frame.top + 34, (end - 3).min(y - 14)), ALERT)?;
    for &(position, line) in &ordered {
        let color = line.look.map_or(AXIS, marker::color);
        let joined: Vec<Point> = line
            .points
            .iter()
            .map(|&index| at(position, index, points[index].mean))
            .collect();
        canvas.line(&joined, if line.look.is_some() { 2 } else { 1 }, color)?;
        for &index in &line.points {
            let (from, to) = ends(&points[index]);
            let (from, to) = (at(position, index, from), at(position, index, to));
            canvas.line(&[from, to], 1, color)?;
        }
    }
    for &(position, line) in &ordered {
        for &index in &line.points {
            let place = at(position, index, points[index].mean);
            if index == chosen {
                canvas.circle(place, 12, ALERT)?;
            }
            match line.look {
                Some(look) => marker::draw(canvas, place, look)?,
                None => canvas.dot(place, 3, AXIS)?,
            }
        }
    }
    draw_label(canvas, frame, &points[chosen], measured, x)
}

fn draw_label(
    canvas: &Canvas<'_>,
    frame: Frame,
    point: &GridPoint,
    measured: GridMeasure,
    x: i32,
) -> Result<(), ChartError> {
    let set = Type::text().bold().colored(ALERT).centered();
    let first = format!(
        "{}, regularization {}",
        setting(point),
        plain(point.regularization)
    );
    let second = format!(
        "chosen, {} {}",
        name(measured),
        measure(point.mean, point.mean)
    );
    let half = set.width(&first).max(set.width(&second)) / 2;
    let x = x.clamp(
        frame.left + half,
        (frame.right - half).max(frame.left + half),
    );
    canvas.text((x, frame.top), &first, set)?;
    canvas.text((x, frame.top + 19), &second, set)
}

fn draw_legend(
    canvas: &Canvas<'_>,
    points: &[GridPoint],
    lines: &[Line],
    chosen: usize,
    measured: GridMeasure,
) -> Result<(), ChartError> {
    let right = WIDTH - MARGIN;
    let left = right - LEGEND;
    let head = format!("best {}", name(measured));
    canvas.text((right, HEAD + 4), &head, Type::small().right())?;
    let largest = points.iter().map(|point| point.mean).fold(0.0, f64::max);
    let mut y = HEAD + 34;
    for line in lines {
        let Some(look) = line.look else { continue };
        canvas.line(&[(left, y), (left + 28, y)], 2, marker::color(look))?;
        marker::draw(canvas, (left + 14, y), look)?;
        let set = if line.points.contains(&chosen) {
            Type::text().bold()
        } else {
            Type::text()
        };
        let value = measure(line.best, largest);
        canvas.text((right, y), &value, set.right())?;
        let room = LEGEND - 40 - set.width(&value) - 12;
        canvas.text((left + 40, y), &set.fit(&line.name, room), set)?;
        y += LEGEND_ROW;
    }
    let others = lines.iter().filter(|line| line.look.is_none()).count();
    if others > 0 {
        canvas.line(&[(left, y), (left + 28, y)], 1, AXIS)?;
        canvas.dot((left + 14, y), 3, AXIS)?;
        let words = format!("{others} others");
        canvas.text((left + 40, y), &words, Type::text().colored(MUTED))?;
    }
    Ok(())
}
