//! How recency, frequency and monetary value are spread over the customers.

use crate::axes::Frame;
use crate::canvas::{Words, figure};
use crate::check;
use crate::error::ChartError;
use crate::figure::Figure;
use crate::panel::panel;
use crate::theme::{HEAD, MARGIN, WIDTH};

const NAME: &str = "rfm_distributions";
const HEIGHT: i32 = 470;
/// Between two panels.
const GUTTER: i32 = 36;
/// Left of a panel's bars, for the labels of its axis.
const LABELS: i32 = 48;

/// One measure of all customers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distribution<'a> {
    /// Name of the measure with its unit, `Recency (days)`.
    pub label: &'a str,
    /// One value per customer, in any order.
    pub values: &'a [f64],
    /// Where one score ends and the next begins; may be empty.
    pub cut_points: &'a [f64],
}

/// Draws three histograms side by side with the limits between scores as dashed lines.
///
/// A tail beyond the 1st or 99th percentile is left out where it would squeeze the rest (only from
/// 50 customers on), above also up to a tenth of the values if less does not help; the figure says
/// how many are left out. Whole numbers of a small range get a bar each. Cut points
/// outside the drawn range are only listed. Sorts a copy of the values.
///
/// # Errors
///
/// A measure without values, or a value or cut point that is not finite.
pub fn rfm_distributions(
    r: Distribution<'_>,
    f: Distribution<'_>,
    m: Distribution<'_>,
) -> Result<Figure, ChartError> {
    for measure in [r, f, m] {
        let label = measure.label;
        let reason = format!("{label:?} has no values");
        check::not_empty(NAME, !measure.values.is_empty(), &reason)?;
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for &value in measure.values {
            check::finite(NAME, || format!("a value of {label:?}"), value)?;
            low = low.min(value);
            high = high.max(value);
        }
        check::finite(NAME, || format!("the span of {label:?}"), high - low)?;
        for &cut in measure.cut_points {
            check::finite(NAME, || format!("a cut point of {label:?}"), cut)?;
        }
    }
    let words = Words {
        name: NAME,
        title: "Recency, frequency, monetary value".to_owned(),
        subtitle: "Number of customers by value; dashed lines separate the scores".to_owned(),
        caption: "Each bar counts customers with values in that range, and the dashed lines are \
                  the limits between one score and the next."
            .to_owned(),
    };
    figure(words, (WIDTH, HEIGHT), |canvas| {
        let width = (WIDTH - 2 * MARGIN - 2 * GUTTER) / 3;
        for (index, measure) in [r, f, m].into_iter().enumerate() {
            let left = MARGIN + index as i32 * (width + GUTTER);
            let frame = Frame {
                left: left + LABELS,
                top: HEAD + 64,
                right: left + width,
                bottom: HEIGHT - 116,
            };
            panel(
                canvas,
                frame,
                measure.label,
                measure.values,
                measure.cut_points,
            )?;
        }
        Ok(())
    })
}
