//! How the candidates of a grid search are joined to lines, and where they lie on the axis.

use std::collections::BTreeMap;

use crate::error::ChartError;
use crate::grid_search::{GridMeasure, GridPoint};
use crate::marker;
use crate::theme::numbers::plain;

/// The candidates with the same factors and alpha, by rising regularization.
pub(crate) struct Line {
    pub(crate) name: String,
    /// Indices of the points.
    pub(crate) points: Vec<usize>,
    /// Best mean of its points.
    pub(crate) best: f64,
    /// Place among the lines with a look of their own; none for those drawn in grey.
    pub(crate) look: Option<usize>,
}

/// `64 factors, alpha 10`.
pub(crate) fn setting(point: &GridPoint) -> String {
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

/// The lines by rising factors and alpha.
pub(crate) fn lines(
    figure: &'static str,
    points: &[GridPoint],
    chosen: usize,
    measure: GridMeasure,
) -> Result<Vec<Line>, ChartError> {
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
            return Err(ChartError::Mismatch { figure, reason });
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
    let is_chosen = |index: usize| lines[index].points.contains(&chosen);
    ranked.sort_by(|&one, &other| {
        let order = lines[one].best.total_cmp(&lines[other].best);
        let order = match measure {
            GridMeasure::Rmse => order,
            GridMeasure::NdcgAt10 => order.reverse(),
        };
        let chosen_first = is_chosen(other).cmp(&is_chosen(one));
        chosen_first.then(order).then(one.cmp(&other))
    });
    ranked.truncate(marker::MOST);
    ranked.sort_unstable();
    for (look, index) in ranked.into_iter().enumerate() {
        lines[index].look = Some(look);
    }
    Ok(lines)
}

/// Where each regularization lies on the axis: its logarithm, and 0 to the left of all others.
pub(crate) struct Places {
    zero: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Places {
    pub(crate) fn of(points: &[GridPoint]) -> Self {
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

    pub(crate) fn place(&self, regularization: f64) -> f64 {
        if regularization > 0.0 {
            regularization.log10()
        } else {
            self.zero
        }
    }
}
