//! Loss after each round of a fit.

use std::ops::Range;

use crate::axes::{Axes, Frame, XLabel, ticks};
use crate::canvas::{Canvas, Point, Words, figure};
use crate::check;
use crate::error::ChartError;
use crate::figure::Figure;
use crate::theme::numbers::{measure, plain, tick};
use crate::theme::{ACCENT, ALERT, HEAD, MARGIN, Type, WIDTH};

const NAME: &str = "loss_curve";
const FRAME: Frame = Frame {
    left: 104,
    top: HEAD,
    right: WIDTH - MARGIN,
    bottom: 366,
};
/// Part of the height kept free above the highest point for the label.
const HEADROOM: f64 = 0.2;
/// Losses further apart than this factor are drawn on a logarithmic scale.
const LINEAR_UP_TO: f64 = 20.0;

/// The value axis.
struct Scale {
    is_log: bool,
    low: f64,
    high: f64,
}

/// Draws the loss after each round and marks the round at which the fit settled, or the last one
/// if the rounds ran out before. The value axis need not start at zero; it is logarithmic when the
/// losses lie far apart and all of them are positive.
///
/// `losses[r]` is the loss after round `r + 1`; `settled_at` counts rounds from 1.
///
/// # Errors
///
/// No rounds, a loss that is not finite, losses too far apart for a float, or a `settled_at` that
/// is none of the rounds.
pub fn loss_curve(losses: &[f64], settled_at: Option<usize>) -> Result<Figure, ChartError> {
    check::not_empty(NAME, !losses.is_empty(), "the fit took no rounds")?;
    for (round, &loss) in losses.iter().enumerate() {
        check::finite(NAME, || format!("the loss after round {}", round + 1), loss)?;
    }
    if let Some(round) = settled_at
        && !(1..=losses.len()).contains(&round)
    {
        return Err(ChartError::Mismatch {
            figure: NAME,
            reason: format!(
                "the fit settled at round {round}, but there are rounds 1 to {}",
                losses.len()
            ),
        });
    }
    let scale = Scale::of(losses)?;
    let marked = settled_at.unwrap_or(losses.len());
    let loss = losses[marked - 1];
    let label = match settled_at {
        Some(round) => format!("settled after round {round}, loss {}", measure(loss, loss)),
        None => format!("stopped after round {marked}, loss {}", measure(loss, loss)),
    };
    let ending = match settled_at {
        Some(round) => format!("here it settled after round {round}"),
        None => "here the rounds ran out before it settled".to_owned(),
    };
    let words = Words {
        name: NAME,
        title: "Did the fit settle?".to_owned(),
        subtitle: format!(
            "Loss after each round of the fit{}; lower is a closer fit to the events",
            if scale.is_log {
                " on a logarithmic scale"
            } else {
                ""
            }
        ),
        caption: format!(
            "The loss falls fast at first and then levels out, and further rounds change the \
             model no more once the line is flat; {ending}."
        ),
    };
    figure(words, (WIDTH, 440), |canvas| {
        draw(canvas, losses, &scale, marked, &label)
    })
}

impl Scale {
    fn of(losses: &[f64]) -> Result<Self, ChartError> {
        let low = losses.iter().copied().fold(f64::INFINITY, f64::min);
        let high = losses.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let is_log = low > 0.0 && high / low > LINEAR_UP_TO;
        let (low, high) = if is_log {
            (low.log10(), high.log10())
        } else {
            (low, high)
        };
        check::finite(NAME, || "the span of the losses".to_owned(), high - low)?;
        // One distinct value: any span will do that shows it.
        let pad = if high > low {
            (high - low) * 0.08
        } else {
            (high.abs() * 0.1).max(0.05)
        };
        let scale = Self {
            is_log,
            low: low - pad,
            high: if high > low { high } else { high + pad },
        };
        let range = scale.range();
        check::finite(
            NAME,
            || "the span of the losses".to_owned(),
            range.end - range.start,
        )?;
        Ok(scale)
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high + (self.high - self.low) * HEADROOM
    }

    fn place(&self, loss: f64) -> f64 {
        if self.is_log { loss.log10() } else { loss }
    }

    /// Where grid lines go, with their labels.
    fn marks(&self) -> Vec<(f64, String)> {
        let top = self.high + (self.high - self.low) * 0.06;
        if !self.is_log {
            let (marks, step) = ticks(self.range(), 6);
            return marks
                .into_iter()
                .filter(|&mark| mark <= top)
                .map(|mark| (mark, tick(mark, step)))
                .collect();
        }
        // At most eight powers of ten; with few of them also 2 and 5 times each.
        let span = (top - self.low).ceil() as i32;
        let every = (span / 8 + 1).max(1);
        let between: &[f64] = if span <= 3 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let first = self.low.floor() as i32;
        let last = top.ceil() as i32;
        (first..=last)
            .filter(|power| power.rem_euclid(every) == 0)
            .flat_map(|power| {
                between.iter().map(move |&part| {
                    let mark = f64::from(power) + part.log10();
                    (mark, plain(part * 10f64.powi(power)))
                })
            })
            .filter(|(mark, _)| (self.low..=top).contains(mark))
            .collect()
    }
}

fn draw(
    canvas: &Canvas<'_>,
    losses: &[f64],
    scale: &Scale,
    marked: usize,
    label: &str,
) -> Result<(), ChartError> {
    let axes = Axes::new(FRAME, 0.5..losses.len() as f64 + 0.5, scale.range());
    let (marks, labels): (Vec<f64>, Vec<String>) = scale.marks().into_iter().unzip();
    axes.draw_y(canvas, &marks, |mark| {
        let index = marks.iter().position(|&other| other == mark);
        index.map_or_else(String::new, |index| labels[index].clone())
    })?;
    let rounds: Vec<XLabel> = (1..=losses.len())
        .filter(|round| *round == marked || has_label(*round, losses.len()))
        .map(|round| XLabel {
            at: round as f64,
            words: round.to_string(),
            set: if round == marked {
                Type::text().bold().colored(ALERT)
            } else {
                Type::text()
            },
        })
        .collect();
    let kept = rounds.iter().position(|label| label.at == marked as f64);
    axes.draw_x_labels(canvas, &rounds, kept)?;
    let centre = (FRAME.left + FRAME.right) / 2;
    let under = Type::small().centered();
    canvas.text((centre, FRAME.bottom + 44), "Round of the fit", under)?;

    let line: Vec<Point> = losses
        .iter()
        .enumerate()
        .map(|(round, &loss)| axes.place((round + 1) as f64, scale.place(loss)))
        .collect();
    let at = line[marked - 1];
    canvas.dashed(at.0, (FRAME.top + 14, FRAME.bottom), ALERT)?;
    canvas.line(&line, 3, ACCENT)?;
    if losses.len() <= 40 {
        for &at in &line {
            canvas.dot(at, if losses.len() <= 25 { 5 } else { 3 }, ACCENT)?;
        }
    }
    canvas.dot(at, 8, ALERT)?;
    let set = Type::text().bold().colored(ALERT).centered();
    let half = set.width(label) / 2;
    let x = at.0.clamp(FRAME.left + half, FRAME.right - half);
    canvas.text((x, FRAME.top), label, set)
}

/// Every round, or every fifth or tenth if there are many, and always the first.
fn has_label(round: usize, rounds: usize) -> bool {
    let every = match rounds {
        0..=25 => 1,
        26..=60 => 5,
        61..=200 => 10,
        _ => rounds / 10,
    };
    round == 1 || round.is_multiple_of(every)
}
