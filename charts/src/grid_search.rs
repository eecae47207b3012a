//! The candidates of a grid search and the chosen one.

use std::collections::BTreeMap;

use crate::axes::{Axes, Frame, XLabel, ticks};
use crate::canvas::{Canvas, Point, Words, figure};
use crate::check;
use crate::error::ChartError;
use crate::figure::Figure;
use crate::marker;
use crate::theme::numbers::{measure, plain, tick};
use crate::theme::{ALERT, AXIS, HEAD, MARGIN, MUTED, Type, WIDTH};

const NAME: &str = "grid_search";
const LEGEND: i32 = 236;
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

/// The candidates with the same factors and alpha, by rising regularization.
struct Line {
    name: String,
    /// Indices of the points.
    points: Vec<usize>,
    best: f64,
    /// Place among the lines with a look of their own; none for those drawn in grey.
    look: Option<usize>,
}

/// Draws the measure of each candidate against its regularization, on a logarithmic axis, with a
/// whisker of one standard deviation over the folds each way. Candidates with the same factors and
/// alpha are joined by a line; lines stand a little apart so that their whiskers can be told from
/// one another. From nine lines on, only the best eight have a colour. A regularization of 0 has
/// a place of its own at the left.
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
    let lines = lines(points, measure)?;
    let legend_rows = lines.len().min(marker::MOST + 1) as i32;
    let bottom = BOTTOM.max(HEAD + 30 + legend_rows * LEGEND_ROW);
    let (direction, better) = match measure {
        GridMeasure::Rmse => ("Lower is better", "lowest"),
        GridMeasure::NdcgAt10 => ("Higher is better", "highest"),
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
            "Each mark is one setting of the model and each line shares factors{}; settings \
             whose whiskers overlap do about equally well, and the {better} mean was chosen unless \
             a tie was broken.",
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

/// `64 factors, alpha 10`.
fn setting(point: &GridPoint) -> String {
    let noun = if point.factors == 1 {
        "factor"
    } else {
        "factors"
    };
    match point.alpha {
        Some(alpha) => format!("{} {noun}, alpha {}", point.factors, plain(alpha)),
        None => format!("{} {noun}", point.factors),
    }
}

fn lines(points: &[GridPoint], measure: GridMeasure) -> Result<Vec<Line>, ChartError> {
    // Finite floats that are not negative sort as their bits do; adding 0 makes -0 the same as 0.
    let bits = |value: f64| (value + 0.0).to_bits();
    let mut by_setting: BTreeMap<_, BTreeMap<u64, usize>> = BTreeMap::new();
    for (index, point) in points.iter().enumerate() {
        let line = by_setting
            .entry((point.factors, point.alpha.map(bits)))
            .or_default();
        if line.insert(bits(point.regularization), index).is_some() {
            let reason = format!(
                "{}, regularization {} is given twice",
                setting(point),
                point.regularization
            );
            return Err(ChartError::Mismatch {
                figure: NAME,
                reason,
            });
        }
    }
    let mut lines: Vec<Line> = by_setting
        .into_values()
        .map(|line| {
            let points_of_line: Vec<usize> = line.into_values().collect();
            let means = points_of_line.iter().map(|&index| points[index].mean);
            Line {
                name: setting(&points[points_of_line[0]]),
                best: match measure {
                    GridMeasure::Rmse => means.fold(f64::INFINITY, f64::min),
                    GridMeasure::NdcgAt10 => means.fold(0.0, f64::max),
                },
                points: points_of_line,
                look: None,
            }
        })
        .collect();
    let mut ranked: Vec<usize> = (0..lines.len()).collect();
    ranked.sort_by(|&one, &other| {
        let order = lines[one].best.total_cmp(&lines[other].best);
        match measure {
            GridMeasure::Rmse => order.then(one.cmp(&other)),
            GridMeasure::NdcgAt10 => order.reverse().then(one.cmp(&other)),
        }
    });
    ranked.truncate(marker::MOST);
    ranked.sort_unstable();
    for (look, index) in ranked.into_iter().enumerate() {
        lines[index].look = Some(look);
    }
    Ok(lines)
}

/// Where each regularization lies on the axis: its logarithm, and 0 to the left of all others.
struct Places {
    zero: f64,
    low: f64,
    high: f64,
}

impl Places {
    fn of(points: &[GridPoint]) -> Self {
        let logs = points
            .iter()
            .map(|point| point.regularization)
            .filter(|&value| value > 0.0)
            .map(f64::log10);
        let low = logs.clone().fold(f64::INFINITY, f64::min);
        let high = logs.fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = if low <= high { (low, high) } else { (0.0, 0.0) };
        let has_zero = points.iter().any(|point| point.regularization == 0.0);
        let zero = low - ((high - low) * 0.25).max(0.5);
        Self {
            zero,
            low: if has_zero { zero } else { low },
            high,
        }
    }

    fn place(&self, regularization: f64) -> f64 {
        if regularization > 0.0 {
            regularization.log10()
        } else {
            self.zero
        }
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
    let pad = ((places.high - places.low) * 0.14).max(0.5);
    let axes = Axes::new(frame, places.low - pad..places.high + pad, range.clone());
    let (marks, step) = ticks(range, 6);
    let marks: Vec<f64> = marks.into_iter().filter(|&mark| mark <= high).collect();
    axes.draw_y(canvas, &marks, |value| tick(value, step))?;
    let mut values: Vec<f64> = points.iter().map(|point| point.regularization).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let labels: Vec<XLabel> = values
        .iter()
        .map(|&value| XLabel {
            at: places.place(value),
            words: plain(value),
            set: if value == points[chosen].regularization {
                Type::text().bold().colored(ALERT)
            } else {
                Type::text()
            },
        })
        .collect();
    let kept = values
        .iter()
        .position(|&value| value == points[chosen].regularization);
    axes.draw_x_labels(canvas, &labels, kept)?;
    let centre = (frame.left + frame.right) / 2;
    let under = Type::small().centered();
    canvas.text(
        (centre, frame.bottom + 48),
        "Regularization (logarithmic scale)",
        under,
    )?;

    // Lines step aside from one another, but never as far as the next regularization.
    let across = |value: f64| axes.place(places.place(value), low).0;
    let room = values
        .windows(2)
        .map(|pair| across(pair[1]) - across(pair[0]))
        .fold(frame.right - frame.left, i32::min);
    let apart = (f64::from(room) * 0.7 / lines.len() as f64).min(16.0);
    let at = |line: usize, index: usize, value: f64| -> Point {
        let (x, y) = axes.place(places.place(points[index].regularization), value);
        let aside = (line as f64 - (lines.len() - 1) as f64 / 2.0) * apart;
        (x + aside.round() as i32, y)
    };
    let grey_first = |line: &&(usize, &Line)| line.1.look.is_none();
    let all: Vec<(usize, &Line)> = lines.iter().enumerate().collect();
    let (grey, coloured): (Vec<_>, Vec<_>) = all.iter().partition(grey_first);
    let ordered: Vec<(usize, &Line)> = grey.into_iter().chain(coloured).copied().collect();
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
                let top = frame.top + 34;
                canvas.dashed(place.0, (top, place.1 - 12), ALERT)?;
                canvas.ring(place, 13, ALERT)?;
            }
            match line.look {
                Some(look) => marker::draw(canvas, place, look)?,
                None => canvas.dot(place, 3, AXIS)?,
            }
        }
    }
    draw_label(canvas, frame, &points[chosen], measured, |value| {
        lines
            .iter()
            .enumerate()
            .find(|(_, line)| line.points.contains(&chosen))
            .map_or(centre, |(position, _)| at(position, chosen, value).0)
    })
}

fn draw_label(
    canvas: &Canvas<'_>,
    frame: Frame,
    point: &GridPoint,
    measured: GridMeasure,
    x: impl Fn(f64) -> i32,
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
    let x = x(point.mean).clamp(
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
        let words = format!("{others} not as good");
        canvas.text((left + 40, y), &words, Type::text().colored(MUTED))?;
    }
    Ok(())
}
