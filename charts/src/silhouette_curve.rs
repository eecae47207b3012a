//! Silhouette score by number of clusters.

use crate::canvas::{Words, figure};
use crate::curve::Curve;
use crate::error::ChartError;
use crate::figure::Figure;
use crate::theme::numbers::tick;

const NAME: &str = "silhouette_curve";

/// Draws the mean silhouette score (−1 to 1) for each number of clusters and marks the chosen one.
///
/// `points` are (k, score), in any order; `excluded` lists the ks whose smallest cluster is below
/// the minimum share of customers, drawn hollow. Those not among the points are ignored.
///
/// # Errors
///
/// No points, a score that is not finite, a k given twice, or a chosen k that is not among the
/// points.
pub fn silhouette_curve(
    points: &[(usize, f64)],
    chosen: usize,
    excluded: &[usize],
) -> Result<Figure, ChartError> {
    let curve = Curve::new(NAME, points, chosen, excluded)?;
    let (k, score) = curve.chosen();
    let label = format!("k = {k} chosen, silhouette {}", tick(score, 0.001));
    let words = Words {
        name: NAME,
        title: "How many clusters? Silhouette score".to_owned(),
        subtitle: "Mean silhouette score by number of clusters; higher means groups that are \
                   tighter and further apart"
            .to_owned(),
        caption: format!(
            "The higher the point, the better customers fit their own group compared with the \
             next one (the score runs from \u{2212}1 to 1); k = {k} was chosen."
        ),
    };
    figure(words, curve.sheet(), |canvas| {
        curve.draw(canvas, false, &label)
    })
}
