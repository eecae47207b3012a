//! How segments and clusters meet.

use crate::canvas::{Words, figure};
use crate::check;
use crate::error::ChartError;
use crate::figure::Figure;
use crate::grid::{Cell, Grid, Head};
use crate::theme::HEAD;
use crate::theme::numbers::count;
use crate::theme::palette::diverging;

const NAME: &str = "affinity_matrix";
/// Colours are at their deepest at four times (or a quarter of) what chance would give.
const FULL_COLOR_LOG2: f64 = 2.0;

/// Draws how many customers each segment (row) shares with each cluster (column); colour is lift,
/// neutral at 1, where the two meet as often as if they were independent. Colours are even steps
/// of the logarithm of lift, deepest at 4 and above and at ¼ and below.
///
/// `counts` and `lift` are indexed `[segment][cluster]`; lift is not negative.
///
/// # Errors
///
/// No segments, no clusters, tables of another shape, no customers at all, or a lift that is
/// negative or not finite.
pub fn affinity_matrix(
    segments: &[String],
    clusters: &[String],
    counts: &[Vec<u64>],
    lift: &[Vec<f64>],
) -> Result<Figure, ChartError> {
    check::not_empty(NAME, !segments.is_empty(), "there are no segments")?;
    check::not_empty(NAME, !clusters.is_empty(), "there are no clusters")?;
    check::same_len(NAME, || "counts".to_owned(), counts.len(), segments.len())?;
    check::same_len(NAME, || "lift".to_owned(), lift.len(), segments.len())?;
    for ((segment, counts), lift) in segments.iter().zip(counts).zip(lift) {
        check::same_len(
            NAME,
            || format!("counts of {segment:?}"),
            counts.len(),
            clusters.len(),
        )?;
        check::same_len(
            NAME,
            || format!("lift of {segment:?}"),
            lift.len(),
            clusters.len(),
        )?;
        for &value in lift {
            check::finite(NAME, || format!("a lift of {segment:?}"), value)?;
            if value < 0.0 {
                let reason =
                    format!("a lift of {segment:?} is {value}, but lift is never negative");
                return Err(ChartError::Mismatch {
                    figure: NAME,
                    reason,
                });
            }
        }
    }
    let is_filled = counts.iter().flatten().any(|&customers| customers > 0);
    check::not_empty(NAME, is_filled, "no cell has customers")?;

    let heads: Vec<Head> = clusters
        .iter()
        .map(|name| Head {
            name: name.clone(),
            note: String::new(),
        })
        .collect();
    let grid = Grid::new(HEAD, segments, &heads);
    let words = Words {
        name: NAME,
        title: "Segments and clusters".to_owned(),
        subtitle:
            "Customers in each segment (row) and cluster (column); blue where there are more \
                   than chance would give"
                .to_owned(),
        caption: "Each number counts the customers of a segment that fall into a cluster; a blue \
                  cell holds more of them than chance would put there, an orange one fewer."
            .to_owned(),
    };
    let size = (grid.sheet_width(), grid.bottom() + 94);
    figure(words, size, |canvas| {
        grid.draw(canvas, |segment, cluster| {
            let customers = counts[segment][cluster];
            // log2(0) is minus infinity, which the colour scale takes as its low end.
            let place = lift[segment][cluster].log2() / FULL_COLOR_LOG2;
            Cell {
                fill: diverging(place),
                text: count(customers),
            }
        })?;
        let labels = [
            (0.0, "\u{BC} or less".to_owned()),
            (0.25, "\u{BD}".to_owned()),
            (0.5, "as expected".to_owned()),
            (0.75, "2\u{D7}".to_owned()),
            (1.0, "4\u{D7} or more".to_owned()),
        ];
        let at = (grid.left(), grid.bottom() + 28);
        let words = "Lift: customers found, compared with what chance would give";
        canvas.color_scale(
            at,
            400,
            words,
            |place| diverging(2.0 * place - 1.0),
            &labels,
        )
    })
}
