//! Bins over a heavy-tailed sample.

use std::ops::Range;

use crate::theme::numbers::{number, percent};

/// Bins of a continuous sample.
const BINS: usize = 24;
/// Whole numbers spanning no more than this get a bin each.
const MOST_WHOLE_BINS: f64 = 30.0;
/// Smaller samples are shown to their ends.
const FEWEST_TO_CLIP: usize = 50;
/// One part in this many may be left out above: first 1 %, then more until the body is readable.
const TAILS: [usize; 4] = [100, 50, 20, 10];
/// The body is readable when the median is at least this far into the drawn range.
const READABLE: f64 = 0.05;

/// A sample counted into bins of equal width.
#[derive(Debug, PartialEq)]
pub(crate) struct Histogram {
    pub(crate) start: f64,
    pub(crate) width: f64,
    pub(crate) counts: Vec<u64>,
    /// Share of the sample below and above the bins, and the bounds it lies beyond.
    pub(crate) below: Option<(f64, f64)>,
    pub(crate) above: Option<(f64, f64)>,
}

impl Histogram {
    /// Counts `values`, which must be finite and not empty. A tail beyond the 1st or 99th
    /// percentile is left out if it would take more than a tenth of the width for itself; up to a
    /// tenth of the values are left out above where the rest would be squeezed into a corner.
    pub(crate) fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = drawn_range(&sorted);
        let begin = sorted.partition_point(|&value| value < low);
        let end = sorted.partition_point(|&value| value <= high);
        let kept = &sorted[begin..end];
        let part = |count: usize| count as f64 / sorted.len() as f64;
        let below = (begin > 0).then(|| (part(begin), low));
        let above = (end < sorted.len()).then(|| (part(sorted.len() - end), high));

        let (start, width, bins) = bins(kept, low, high);
        let mut counts = vec![0; bins];
        for &value in kept {
            let bin = ((value - start) / width).floor().max(0.0) as usize;
            counts[bin.min(bins - 1)] += 1;
        }
        Self {
            start,
            width,
            counts,
            below,
            above,
        }
    }

    pub(crate) fn range(&self) -> Range<f64> {
        self.start..self.start + self.width * self.counts.len() as f64
    }

    /// Says what is not drawn.
    pub(crate) fn note(&self) -> Option<String> {
        let above = self.above.map(|(part, bound)| {
            format!("top {} (above {}) not drawn", percent(part), number(bound))
        });
        let below = self.below.map(|(part, bound)| {
            format!(
                "bottom {} (below {}) not drawn",
                percent(part),
                number(bound)
            )
        });
        match (below, above) {
            (Some(below), Some(above)) => {
                Some(format!("{}; {above}", below.trim_end_matches(" not drawn")))
            }
            (below, above) => below.or(above),
        }
    }
}

/// The values between which the sample, sorted, is drawn.
fn drawn_range(sorted: &[f64]) -> (f64, f64) {
    let last = sorted.len() - 1;
    let (mut low, mut high) = (sorted[0], sorted[last]);
    if sorted.len() < FEWEST_TO_CLIP {
        return (low, high);
    }
    let first_percentile = sorted[last / TAILS[0]];
    let last_percentile = sorted[last - last / TAILS[0]];
    let body = last_percentile - first_percentile;
    if body <= 0.0 {
        return (low, high);
    }
    if first_percentile - low > body * 0.1 {
        low = first_percentile;
    }
    if high - last_percentile <= body * 0.1 {
        return (low, high);
    }
    let median = sorted[last / 2];
    for part in TAILS {
        high = sorted[last - last / part];
        let is_readable = median - low >= (high - low) * READABLE;
        if is_readable || has_whole_bins(sorted, low, high) {
            break;
        }
    }
    (low, high)
}

/// Whether every value is whole and there are few enough of them for a bin each.
fn has_whole_bins(values: &[f64], low: f64, high: f64) -> bool {
    high - low <= MOST_WHOLE_BINS && values.iter().all(|value| value.fract() == 0.0)
}

/// Start, width and number of bins for sorted values between `low` and `high`.
fn bins(kept: &[f64], low: f64, high: f64) -> (f64, f64, usize) {
    let span = high - low;
    // Beyond that a float cannot hold the halves between whole numbers.
    let is_whole =
        low.abs().max(high.abs()) < 1e15 && kept.iter().all(|value| value.fract() == 0.0);
    if span == 0.0 {
        let width = if is_whole {
            1.0
        } else {
            (low.abs() * 0.1).max(1e-3)
        };
        return (low - width * 2.5, width, 5);
    }
    if is_whole {
        let width = if span <= MOST_WHOLE_BINS {
            1.0
        } else {
            ((span + 1.0) / BINS as f64).ceil()
        };
        return (low - 0.5, width, ((span + 1.0) / width).ceil() as usize);
    }
    (low, span / BINS as f64, BINS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_get_a_bin_each() {
        let histogram = Histogram::of(&[1.0, 1.0, 2.0, 4.0]);
        assert_eq!(histogram.counts, [2, 1, 0, 1]);
        assert_eq!(histogram.range(), 0.5..4.5);
        assert_eq!(histogram.note(), None);
    }

    #[test]
    fn one_distinct_value_stands_in_the_middle() {
        assert_eq!(Histogram::of(&[7.0; 100]).counts, [0, 0, 100, 0, 0]);
        assert_eq!(Histogram::of(&[-0.25]).counts, [0, 0, 1, 0, 0]);
    }

    #[test]
    fn a_long_tail_is_left_out_and_told() {
        let mut values: Vec<f64> = (0..1000).map(f64::from).collect();
        values[999] = 1e6;
        values[0] = -1e6;
        let histogram = Histogram::of(&values);
        assert!(histogram.range().start > -20.0 && histogram.range().end < 1100.0);
        let drawn: u64 = histogram.counts.iter().sum();
        let told = histogram.below.unwrap().0 + histogram.above.unwrap().0;
        assert!((drawn as f64 / 1000.0 + told - 1.0).abs() < 1e-9);
        assert!(histogram.note().unwrap().contains("not drawn"));
    }

    #[test]
    fn a_tail_that_squeezes_the_rest_is_cut_further() {
        // Values at the quantiles of a Pareto distribution with infinite mean.
        let values: Vec<f64> = (0..1000)
            .map(|step| 1000.0 / (1000.0 - f64::from(step)))
            .collect();
        let histogram = Histogram::of(&values);
        assert!(histogram.range().end < 25.0, "{:?}", histogram.range());
        let (part, bound) = histogram.above.unwrap();
        assert!(part > 0.01 && part <= 0.1 && bound < 25.0);
    }

    #[test]
    fn no_value_is_lost_at_the_edges() {
        let values: Vec<f64> = (0..49).map(|step| f64::from(step) * 0.1).collect();
        let histogram = Histogram::of(&values);
        assert_eq!(histogram.counts.iter().sum::<u64>(), 49);
    }
}
