//! Inertia by number of clusters, the "elbow".

use crate::canvas::{Words, figure};
use crate::curve::Curve;
use crate::error::ChartError;
use crate::figure::Figure;
use crate::theme::numbers::number;

const NAME: &str = "inertia_curve";

/// Draws the inertia (sum of squared distances to the nearest centroid) for each number of
/// clusters and marks the chosen one. The axis starts at zero.
///
/// `points` are (k, inertia), in any order.
///
/// # Errors
///
/// No points, an inertia that is not finite, a k given twice, or a chosen k that is not among the
/// points.
pub fn inertia_curve(points: &[(usize, f64)], chosen: usize) -> Result<Figure, ChartError> {
    let curve = Curve::new(NAME, points, chosen, &[])?;
    let (k, inertia) = curve.chosen();
    let label = format!("k = {k} chosen, inertia {}", number(inertia));
    let words = Words {
        name: NAME,
        title: "How many clusters? Inertia".to_owned(),
        subtitle: "Sum of squared distances to the centre of the own cluster; it falls with every \
                   further cluster"
            .to_owned(),
        caption: format!(
            "Where the curve bends and flattens out, further clusters explain little more about \
             the customers; k = {k} was chosen."
        ),
    };
    figure(words, curve.sheet(), |canvas| {
        curve.draw(canvas, true, &label)
    })
}
