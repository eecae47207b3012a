//! Two numeric axes around a plotting area.

use std::ops::Range;

use plotters::coord::CoordTranslate;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::ranged1d::{BoldPoints, Ranged};
use plotters::coord::types::RangedCoordf64;

use crate::canvas::{Canvas, Point};
use crate::error::ChartError;
use crate::theme::{AXIS, GRID, Type};

/// A rectangle of the sheet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) left: i32,
    pub(crate) top: i32,
    pub(crate) right: i32,
    pub(crate) bottom: i32,
}

/// A plotting area with a linear scale each way.
pub(crate) struct Axes {
    scale: Cartesian2d<RangedCoordf64, RangedCoordf64>,
    pub(crate) frame: Frame,
}

impl Axes {
    /// Lays the scales over `frame`. Both ranges must be finite and not empty.
    pub(crate) fn new(frame: Frame, x: Range<f64>, y: Range<f64>) -> Self {
        // Values grow upwards, the rows of a sheet downwards.
        let sheet = (frame.left..frame.right, frame.bottom..frame.top);
        Self {
            scale: Cartesian2d::new(x, y, sheet),
            frame,
        }
    }

    /// Where a pair of values lies on the sheet.
    pub(crate) fn place(&self, x: f64, y: f64) -> Point {
        self.scale.translate(&(x, y))
    }

    /// Grid lines across with their labels on the left, and the base line.
    pub(crate) fn draw_y(
        &self,
        canvas: &Canvas<'_>,
        ticks: &[f64],
        label: impl Fn(f64) -> String,
    ) -> Result<(), ChartError> {
        let Frame {
            left,
            right,
            bottom,
            ..
        } = self.frame;
        for &tick in ticks {
            let (_, y) = self.place(0.0, tick);
            canvas.line(&[(left, y), (right, y)], 1, GRID)?;
            canvas.text((left - 10, y), &label(tick), Type::small().right())?;
        }
        canvas.line(&[(left, bottom), (right, bottom)], 1, AXIS)
    }

    /// A label under the base line at `x`, with its tick mark.
    pub(crate) fn draw_x_label(
        &self,
        canvas: &Canvas<'_>,
        x: f64,
        label: &str,
        set: Type,
    ) -> Result<(), ChartError> {
        let (x, _) = self.place(x, 0.0);
        let bottom = self.frame.bottom;
        canvas.line(&[(x, bottom), (x, bottom + 5)], 1, AXIS)?;
        canvas.text((x, bottom + 10), label, set.centered().hanging())
    }

    /// Labels under the base line, from left to right; one that would touch its neighbour is left
    /// out, but never the one at `kept`.
    pub(crate) fn draw_x_labels(
        &self,
        canvas: &Canvas<'_>,
        labels: &[XLabel],
        kept: Option<usize>,
    ) -> Result<(), ChartError> {
        let reach = |label: &XLabel| {
            let (x, _) = self.place(label.at, 0.0);
            let half = label.set.width(&label.words) / 2 + 6;
            (x - half, x + half)
        };
        let kept_reach = kept.and_then(|index| labels.get(index)).map(reach);
        let mut free = i32::MIN;
        for (index, label) in labels.iter().enumerate() {
            let (left, right) = reach(label);
            let is_kept = kept == Some(index);
            let hits_kept = kept_reach.is_some_and(|(from, to)| left < to && from < right);
            if !is_kept && (left < free || hits_kept) {
                continue;
            }
            free = right;
            self.draw_x_label(canvas, label.at, &label.words, label.set)?;
        }
        Ok(())
    }

    /// Grid lines upwards with their labels below, and the base line on the left.
    pub(crate) fn draw_x(
        &self,
        canvas: &Canvas<'_>,
        ticks: &[f64],
        label: impl Fn(f64) -> String,
    ) -> Result<(), ChartError> {
        let Frame {
            left, top, bottom, ..
        } = self.frame;
        let mut free = i32::MIN;
        for &tick in ticks {
            let (x, _) = self.place(tick, 0.0);
            canvas.line(&[(x, top), (x, bottom)], 1, GRID)?;
            let (words, set) = (label(tick), Type::small().centered().hanging());
            let half = set.width(&words) / 2 + 4;
            if x - half >= free {
                canvas.text((x, bottom + 8), &words, set)?;
                free = x + half;
            }
        }
        canvas.line(&[(left, top), (left, bottom)], 1, AXIS)
    }
}

/// A label under a base line.
pub(crate) struct XLabel {
    pub(crate) at: f64,
    pub(crate) words: String,
    pub(crate) set: Type,
}

/// At most `most` round values inside `range`, and the distance between them.
pub(crate) fn ticks(range: Range<f64>, most: usize) -> (Vec<f64>, f64) {
    let scale: RangedCoordf64 = range.clone().into();
    let points = scale.key_points(BoldPoints(most));
    let step = match points.as_slice() {
        [first, second, ..] => second - first,
        _ => range.end - range.start,
    };
    // Adding up steps leaves dust such as 5.6e-17 where zero is meant.
    let tidy = |value: f64| {
        if value.abs() < step * 1e-6 {
            0.0
        } else {
            value
        }
    };
    (points.into_iter().map(tidy).collect(), step)
}
