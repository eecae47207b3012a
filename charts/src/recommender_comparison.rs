//! How good the lists of several recommenders are.

use crate::axes::{Axes, Frame, ticks};
use crate::canvas::{Canvas, Words, figure};
use crate::check;
use crate::error::ChartError;
use crate::figure::Figure;
use crate::theme::numbers::{count, measure, tick};
use crate::theme::text::clean;
use crate::theme::{ACCENT, ACCENT_LIGHT, EMPTY, HEAD, MARGIN, MUTED, Type, WIDTH};

const NAME: &str = "recommender_comparison";
const LABEL_ROOM: i32 = 180;
const ROW: i32 = 48;
const TOP: i32 = HEAD + 4;
/// Between two panels.
const GAP: i32 = 56;

/// How one recommender did.
#[derive(Debug, Clone, PartialEq)]
pub struct RecommenderScore {
    /// What it is called.
    pub label: String,
    /// Mean of the measure over customers, not negative.
    pub mean: f64,
    /// Lower end of the confidence interval; drawn from 0 if it lies below.
    pub low: f64,
    /// Upper end of the confidence interval.
    pub high: f64,
    /// Whether it is the model the report is about.
    pub is_model: bool,
}

/// One measure of all recommenders.
#[derive(Debug, Clone, Copy)]
pub struct ComparisonPanel<'a> {
    /// Name of the measure, `NDCG@10`; it stands under the axis.
    pub measure: &'a str,
    /// The recommenders in the order in which they are drawn.
    pub scores: &'a [RecommenderScore],
}

/// Draws a row for each recommender: a dot for the mean, a whisker for its confidence interval and
/// both in figures. The axis starts at zero, and a dashed line carries the model's mean past the
/// other rows. A second measure stands beside the first, with the same recommenders in the same
/// order.
///
/// `customers` is how many lists were evaluated.
///
/// # Errors
///
/// No recommenders, a value that is not finite, a negative mean, a mean outside its interval, or a
/// second panel with other recommenders.
pub fn recommender_comparison(
    first: ComparisonPanel<'_>,
    second: Option<ComparisonPanel<'_>>,
    customers: u64,
) -> Result<Figure, ChartError> {
    check::not_empty(
        NAME,
        !first.scores.is_empty(),
        "there are no recommenders to compare",
    )?;
    check_scores(first)?;
    if let Some(second) = second {
        check_scores(second)?;
        let of = |panel: ComparisonPanel<'_>| -> Vec<(String, bool)> {
            let rows = panel.scores.iter();
            rows.map(|row| (row.label.clone(), row.is_model)).collect()
        };
        if of(first) != of(second) {
            return Err(ChartError::Mismatch {
                figure: NAME,
                reason: "the second measure has other recommenders than the first".to_owned(),
            });
        }
    }
    let measures = match second {
        Some(second) => format!("{} and {}", clean(first.measure), clean(second.measure)),
        None => clean(first.measure),
    };
    let words = Words {
        name: NAME,
        title: "Which recommender finds what customers want?".to_owned(),
        subtitle: format!(
            "{measures} on events the recommenders had not seen: mean over {} {}, with its \
             95\u{202F}% confidence interval",
            count(customers),
            if customers == 1 {
                "customer"
            } else {
                "customers"
            }
        ),
        caption: "Each dot is the mean of one recommender and further right is better; where the \
                  whiskers of two recommenders overlap widely, the difference may be chance."
            .to_owned(),
    };
    let height = TOP + first.scores.len() as i32 * ROW + 64 + MARGIN;
    figure(words, (WIDTH, height), |canvas| {
        let left = draw_labels(canvas, first.scores)?;
        let right = WIDTH - MARGIN;
        match second {
            None => draw_panel(canvas, (left, right), first),
            Some(second) => {
                let width = (right - left - GAP) / 2;
                draw_panel(canvas, (left, left + width), first)?;
                draw_panel(canvas, (right - width, right), second)
            }
        }
    })
}

fn check_scores(panel: ComparisonPanel<'_>) -> Result<(), ChartError> {
    for row in panel.scores {
        let what = |end: &str| format!("the {end}{} of {:?}", panel.measure, row.label);
        check::finite(NAME, || what("lower end of "), row.low)?;
        check::finite(NAME, || what("upper end of "), row.high)?;
        check::not_negative(NAME, || what(""), row.mean)?;
        if !(row.low..=row.high).contains(&row.mean) {
            let reason = format!(
                "{} is {}, outside its interval from {} to {}",
                what(""),
                row.mean,
                row.low,
                row.high
            );
            return Err(ChartError::Mismatch {
                figure: NAME,
                reason,
            });
        }
    }
    Ok(())
}

fn middle(row: usize) -> i32 {
    TOP + row as i32 * ROW + ROW / 2
}

/// Draws the names, and the band behind the model; returns where the panels begin.
fn draw_labels(canvas: &Canvas<'_>, scores: &[RecommenderScore]) -> Result<i32, ChartError> {
    let set = |row: &RecommenderScore| {
        let set = Type::text().right();
        if row.is_model { set.bold() } else { set }
    };
    let names: Vec<Vec<String>> = scores
        .iter()
        .map(|row| set(row).wrap(&clean(&row.label), LABEL_ROOM, 2))
        .collect();
    let widest = names
        .iter()
        .flatten()
        .map(|line| Type::text().bold().width(line))
        .max()
        .unwrap_or(0);
    let left = MARGIN + widest + 16;
    for (index, (row, name)) in scores.iter().zip(&names).enumerate() {
        let y = middle(index);
        if row.is_model {
            let (from, to) = (y - ROW / 2 + 2, y + ROW / 2 - 2);
            canvas.rect((MARGIN - 8, from), (WIDTH - MARGIN + 8, to), EMPTY)?;
        }
        canvas.lines((left - 16, y), name, set(row))?;
    }
    Ok(left)
}

fn draw_panel(
    canvas: &Canvas<'_>,
    (left, right): (i32, i32),
    panel: ComparisonPanel<'_>,
) -> Result<(), ChartError> {
    let scores = panel.scores;
    let most = scores.iter().map(|row| row.high).fold(0.0, f64::max);
    let most = if most > 0.0 { most } else { 1.0 };
    let largest = scores.iter().map(|row| row.mean).fold(0.0, f64::max);
    let range = 0.0..most * 1.04;
    check::finite(NAME, || "the span of the values".to_owned(), range.end)?;

    let means: Vec<String> = scores
        .iter()
        .map(|row| measure(row.mean, largest))
        .collect();
    let intervals: Vec<String> = scores
        .iter()
        .map(|row| {
            let (low, high) = (measure(row.low, largest), measure(row.high, largest));
            format!("{low} to {high}")
        })
        .collect();
    let room = intervals
        .iter()
        .map(|words| Type::small().width(words))
        .max()
        .unwrap_or(0);
    let frame = Frame {
        left,
        top: TOP,
        right: right - room - 16,
        bottom: TOP + scores.len() as i32 * ROW,
    };
    let axes = Axes::new(frame, range.clone(), 0.0..1.0);
    let most_ticks = ((frame.right - frame.left) / 55).clamp(2, 10) as usize;
    let (marks, step) = ticks(range, most_ticks);
    axes.draw_x(canvas, &marks, |value| tick(value, step))?;
    let under = Type::text().centered();
    let at = ((frame.left + frame.right) / 2, frame.bottom + 44);
    let title = under.fit(&clean(panel.measure), right - left);
    canvas.text(at, &title, under)?;

    if let Some(model) = scores.iter().find(|row| row.is_model) {
        let (x, _) = axes.place(model.mean, 0.0);
        canvas.dashed(x, (frame.top, frame.bottom), ACCENT_LIGHT)?;
    }
    for (index, row) in scores.iter().enumerate() {
        let y = middle(index);
        let (color, thickness, radius) = if row.is_model {
            (ACCENT, 3, 7)
        } else {
            (MUTED, 2, 5)
        };
        let (from, _) = axes.place(row.low.max(0.0), 0.0);
        let (to, _) = axes.place(row.high, 0.0);
        canvas.line(&[(from, y), (to, y)], thickness, color)?;
        for end in [from, to] {
            canvas.line(&[(end, y - 9), (end, y + 9)], 2, color)?;
        }
        let (x, _) = axes.place(row.mean, 0.0);
        canvas.disc((x, y), radius, color)?;
        let set = Type::text().right();
        let set = if row.is_model {
            set.bold().colored(ACCENT)
        } else {
            set
        };
        canvas.text((right, y - 9), &means[index], set)?;
        canvas.text((right, y + 9), &intervals[index], Type::small().right())?;
    }
    Ok(())
}
