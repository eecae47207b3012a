//! What sets each cluster apart.

use crate::canvas::{Words, figure};
use crate::check;
use crate::error::ChartError;
use crate::figure::Figure;
use crate::grid::{Cell, Grid, Head};
use crate::theme::HEAD;
use crate::theme::numbers::{percent, signed};
use crate::theme::palette::diverging;

const NAME: &str = "cluster_profiles";
/// Beyond three standard deviations the colour does not deepen.
const FULL_COLOR: f64 = 3.0;

/// One cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterProfileRow {
    /// Name of the cluster.
    pub name: String,
    /// Share of all customers, from 0 to 1.
    pub share: f64,
    /// For each feature, the cluster's mean in standard deviations from the mean of all customers.
    pub z_scores: Vec<f64>,
}

/// Draws the z-scores of the features (one row each) in each cluster (one column each): blue above
/// the average customer, orange below.
///
/// Made for up to 20 features and 12 clusters; with more the sheet grows. Names of clusters are
/// wrapped to four lines, names of features cut with an ellipsis.
///
/// # Errors
///
/// No features, no clusters, a row with another number of z-scores than there are features, or a
/// value that is not finite.
pub fn cluster_profiles(
    features: &[String],
    rows: &[ClusterProfileRow],
) -> Result<Figure, ChartError> {
    check::not_empty(NAME, !features.is_empty(), "there are no features")?;
    check::not_empty(NAME, !rows.is_empty(), "there are no clusters")?;
    let mut reach: f64 = 1.0;
    for row in rows {
        let who = || format!("cluster {:?}", row.name);
        check::same_len(NAME, who, row.z_scores.len(), features.len())?;
        check::finite(
            NAME,
            || format!("the share of cluster {:?}", row.name),
            row.share,
        )?;
        for (&z, feature) in row.z_scores.iter().zip(features) {
            let what = || format!("the z-score of {feature:?} in cluster {:?}", row.name);
            check::finite(NAME, what, z)?;
            reach = reach.max(z.abs());
        }
    }
    let is_clipped = reach > FULL_COLOR;
    let reach = reach.min(FULL_COLOR);

    let heads: Vec<Head> = rows
        .iter()
        .map(|row| Head {
            name: row.name.clone(),
            note: percent(row.share),
        })
        .collect();
    let grid = Grid::new(HEAD, features, &heads);
    let words = Words {
        name: NAME,
        title: "What sets each cluster apart".to_owned(),
        subtitle: "Mean of each feature in standard deviations from the average customer, with \
                   the cluster's share of customers"
            .to_owned(),
        caption: "Read a column from top to bottom: blue features are higher in this cluster than \
                  for the average customer, orange ones lower, and pale ones about the same."
            .to_owned(),
    };
    let size = (grid.sheet_width(), grid.bottom() + 94);
    figure(words, size, |canvas| {
        grid.draw(canvas, |feature, cluster| {
            let z = rows[cluster].z_scores[feature];
            Cell {
                fill: diverging(z / reach),
                text: signed(z),
            }
        })?;
        let (lowest, highest) = if is_clipped {
            (
                format!("{} or less", signed(-reach)),
                format!("{} or more", signed(reach)),
            )
        } else {
            (signed(-reach), signed(reach))
        };
        let labels = [(0.0, lowest), (0.5, "average".to_owned()), (1.0, highest)];
        let at = (grid.left(), grid.bottom() + 28);
        let words = "Standard deviations below or above the average customer";
        canvas.color_scale(
            at,
            360,
            words,
            |place| diverging(2.0 * place - 1.0),
            &labels,
        )
    })
}
