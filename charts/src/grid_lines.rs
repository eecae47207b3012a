//! How the candidates of a grid search are joined to lines, and where they lie on the axis.

use std::collections::BTreeMap;
use std::ops::Range;

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

/// Where each regularization lies on the axis: at its logarithm, with 0 to the left of all others;
/// or at its rank, if logarithms would put two of them on top of each other.
pub(crate) struct Places {
    /// By rising regularization, each once.
    places: Vec<(f64, f64)>,
    /// What to say under the axis.
    pub(crate) title: &'static str,
}

/// Part of the axis that neighbours keep from one another.
const LEAST_GAP: f64 = 0.07;

impl Places {
    pub(crate) fn of(points: &[GridPoint]) -> Self {
        let mut values: Vec<f64> = points.iter().map(|point| point.regularization).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let mut logs = values.iter().filter(|&&value| value > 0.0);
        let low = logs.clone().next().map_or(0.0, |value| value.log10());
        let high = logs.next_back().map_or(0.0, |value| value.log10());
        let zero = low - ((high - low) * 0.25).max(0.5);
        let place = |value: f64| if value > 0.0 { value.log10() } else { zero };
        let span = high - values.first().map_or(0.0, |&value| place(value));
        let is_crowded = values
            .windows(2)
            .any(|pair| place(pair[1]) - place(pair[0]) < span * LEAST_GAP);
        let has_zero = values.first() == Some(&0.0);
        let title = match (values.len(), is_crowded, has_zero) {
            (1, ..) => "Regularization",
            (_, true, _) => "Regularization (in order, not to scale)",
            (_, _, true) => "Regularization (logarithmic scale, 0 apart)",
            _ => "Regularization (logarithmic scale)",
        };
        let places = values
            .iter()
            .enumerate()
            .map(|(rank, &value)| {
                let at = if is_crowded {
                    rank as f64
                } else {
                    place(value)
                };
                (value, at)
            })
            .collect();
        Self { places, title }
    }

    /// The regularizations and their places, from left to right.
    pub(crate) fn all(&self) -> &[(f64, f64)] {
        &self.places
    }

    /// The place of one of the regularizations.
    pub(crate) fn place(&self, regularization: f64) -> f64 {
        let mut places = self.places.iter();
        let found = places.find(|(value, _)| *value == regularization);
        found.map_or(0.0, |&(_, at)| at)
    }

    /// The axis, with room at both ends.
    pub(crate) fn range(&self) -> Range<f64> {
        let first = self.places.first().map_or(0.0, |&(_, at)| at);
        let last = self.places.last().map_or(0.0, |&(_, at)| at);
        let pad = ((last - first) * 0.14).max(0.5);
        first - pad..last + pad
    }
}
