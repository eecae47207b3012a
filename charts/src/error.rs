//! What can go wrong while drawing a figure.

/// Why a figure could not be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChartError {
    /// There is nothing to draw.
    #[error("figure {figure}: nothing to draw, {reason}")]
    Empty {
        /// Name of the figure.
        figure: &'static str,
        /// What is missing.
        reason: String,
    },
    /// A value is NaN or infinite, or the values span more than a float can hold.
    #[error(
        "figure {figure}: {what} is {value}, which has no place on an axis; \
         replace or leave out such values before drawing"
    )]
    NotFinite {
        /// Name of the figure.
        figure: &'static str,
        /// Which value.
        what: String,
        /// The value met.
        value: f64,
    },
    /// The arguments contradict each other.
    #[error("figure {figure}: {reason}")]
    Mismatch {
        /// Name of the figure.
        figure: &'static str,
        /// What contradicts what.
        reason: String,
    },
    /// The drawing library refused.
    #[error("figure {figure}: drawing failed: {reason}")]
    Draw {
        /// Name of the figure.
        figure: &'static str,
        /// The library's own words.
        reason: String,
    },
    /// The SVG could not be turned into a PNG.
    #[error("figure {figure}: rasterising to PNG failed: {reason}")]
    Raster {
        /// Name of the figure.
        figure: &'static str,
        /// The library's own words.
        reason: String,
    },
}
