//! A measure drawn against the number of clusters, shared by the figures about choosing it.

use crate::axes::{Axes, Frame, ticks};
use crate::canvas::{Canvas, Point};
use crate::check;
use crate::error::ChartError;
use crate::theme::numbers::tick;
use crate::theme::{ACCENT, ALERT, INK, MARGIN, MUTED, Type, WIDTH};

const FRAME: Frame = Frame {
    left: 104,
    top: 92,
    right: WIDTH - MARGIN,
    bottom: 366,
};
/// Part of the height kept free above the highest point for the label of the chosen one.
const HEADROOM: f64 = 0.24;

/// One measure for several numbers of clusters.
pub(crate) struct Curve {
    /// Ascending by number of clusters, each once.
    points: Vec<(usize, f64)>,
    chosen: (usize, f64),
    excluded: Vec<usize>,
}

impl Curve {
    /// Checks the points and sorts them.
    pub(crate) fn new(
        figure: &'static str,
        points: &[(usize, f64)],
        chosen: usize,
        excluded: &[usize],
    ) -> Result<Self, ChartError> {
        check::not_empty(
            figure,
            !points.is_empty(),
            "no number of clusters was tried",
        )?;
        for &(k, value) in points {
            check::finite(figure, || format!("the value for k = {k}"), value)?;
        }
        let mut points = points.to_vec();
        points.sort_by_key(|&(k, _)| k);
        let mismatch = |reason: String| ChartError::Mismatch { figure, reason };
        if let Some(pair) = points.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(mismatch(format!("k = {} is given twice", pair[0].0)));
        }
        let chosen = points
            .iter()
            .copied()
            .find(|&(k, _)| k == chosen)
            .ok_or_else(|| mismatch(format!("the chosen k = {chosen} is not among the points")))?;
        Ok(Self {
            points,
            chosen,
            excluded: excluded.to_vec(),
        })
    }

    pub(crate) fn chosen(&self) -> (usize, f64) {
        self.chosen
    }

    /// Size of the sheet, with a row for the legend if there is one.
    pub(crate) fn sheet(&self) -> (i32, i32) {
        (WIDTH, if self.has_excluded() { 460 } else { 436 })
    }

    fn has_excluded(&self) -> bool {
        self.points.iter().any(|(k, _)| self.excluded.contains(k))
    }

    /// Draws the curve; `from_zero` makes the value axis start at 0, `label` is written at the
    /// chosen point.
    pub(crate) fn draw(
        &self,
        canvas: &Canvas<'_>,
        from_zero: bool,
        label: &str,
    ) -> Result<(), ChartError> {
        let (low, high) = self.value_range(from_zero);
        let span = high - low;
        check::finite(canvas.figure, || "the span of the values".to_owned(), span)?;
        let range = low..high + span * HEADROOM;
        let first = self.points.first().map_or(0, |&(k, _)| k) as f64;
        let last = self.points.last().map_or(0, |&(k, _)| k) as f64;
        let axes = Axes::new(FRAME, first - 0.5..last + 0.5, range.clone());

        let (marks, step) = ticks(range, 6);
        let marks: Vec<f64> = marks
            .into_iter()
            .filter(|&mark| mark <= high + span * 0.1)
            .collect();
        axes.draw_y(canvas, &marks, |value| tick(value, step))?;
        self.draw_k_labels(canvas, &axes)?;

        let (k, value) = self.chosen;
        let at = axes.place(k as f64, value);
        canvas.dashed(at.0, (FRAME.top + 14, FRAME.bottom), ALERT)?;
        let line: Vec<Point> = self
            .points
            .iter()
            .map(|&(k, value)| axes.place(k as f64, value))
            .collect();
        canvas.line(&line, 3, ACCENT)?;
        // Dots shrink before they would hide the line between them.
        let room = (FRAME.right - FRAME.left) / (last - first + 1.0) as i32;
        let radius = if room >= 28 { 5 } else { 3 };
        for (&(k, _), &at) in self.points.iter().zip(&line) {
            if self.excluded.contains(&k) {
                canvas.ring(at, radius + 1, MUTED)?;
            } else {
                canvas.dot(at, radius, ACCENT)?;
            }
        }
        canvas.dot(at, 8, ALERT)?;
        self.draw_label(canvas, at.0, label)?;
        self.draw_legend(canvas)
    }

    fn value_range(&self, from_zero: bool) -> (f64, f64) {
        let values = self.points.iter().map(|&(_, value)| value);
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        let low = if from_zero { low.min(0.0) } else { low };
        if high > low {
            let pad = if from_zero { 0.0 } else { (high - low) * 0.08 };
            return (low - pad, high);
        }
        // One distinct value: any span will do that shows it.
        let pad = (high.abs() * 0.1).max(0.05);
        (low - pad, high + pad)
    }

    fn draw_k_labels(&self, canvas: &Canvas<'_>, axes: &Axes) -> Result<(), ChartError> {
        // Few enough labels that two of them never touch; the chosen one is always there.
        let spread = self.points.last().map_or(0, |&(k, _)| k)
            - self.points.first().map_or(0, |&(k, _)| k)
            + 1;
        let room = f64::from(FRAME.right - FRAME.left) / spread as f64;
        let set = Type::text();
        let widest = self
            .points
            .last()
            .map_or(0, |&(k, _)| set.bold().width(&k.to_string()))
            + 12;
        let every = (f64::from(widest) / room).ceil().max(1.0) as usize;
        for &(k, _) in &self.points {
            let is_chosen = k == self.chosen.0;
            if !is_chosen && (k.abs_diff(self.chosen.0)) % every != 0 {
                continue;
            }
            let set = if is_chosen {
                set.bold().colored(ALERT)
            } else if self.excluded.contains(&k) {
                set.colored(MUTED)
            } else {
                set.colored(INK)
            };
            axes.draw_x_label(canvas, k as f64, &k.to_string(), set)?;
        }
        let centre = (FRAME.left + FRAME.right) / 2;
        let set = Type::small().centered();
        canvas.text((centre, FRAME.bottom + 44), "Number of clusters (k)", set)
    }

    /// The label stands on top of the dashed line, moved sideways if it would leave the sheet.
    fn draw_label(&self, canvas: &Canvas<'_>, x: i32, label: &str) -> Result<(), ChartError> {
        let set = Type::text().bold().colored(ALERT).centered();
        let half = set.width(label) / 2;
        let x = x.clamp(
            FRAME.left + half,
            (FRAME.right - half).max(FRAME.left + half),
        );
        canvas.text((x, FRAME.top), label, set)
    }

    fn draw_legend(&self, canvas: &Canvas<'_>) -> Result<(), ChartError> {
        if !self.has_excluded() {
            return Ok(());
        }
        let words = "not eligible: smallest cluster below the minimum share";
        let set = Type::small().right();
        let y = FRAME.bottom + 70;
        canvas.text((FRAME.right, y), words, set)?;
        canvas.ring((FRAME.right - set.width(words) - 10, y), 6, MUTED)
    }
}
