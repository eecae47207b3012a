//! Figures for reports: one function per figure, from plain values to an SVG with its title and
//! caption, and a PNG made from that SVG.
//!
//! Here belongs what turns values into a picture: layout, colours, type, the wording on the
//! figure. Computing the values does not, nor does anything that touches a file, a network or a
//! clock: every figure is a pure function, and the same values give the same bytes. The crate
//! depends on none of its neighbours.
//!
//! Axes, scales and shapes are drawn with Plotters; PNGs are rasterised by resvg with an embedded
//! Noto Sans, so that they need no font on the machine. All figures share one theme: colours that
//! colour-blind readers can tell apart, text that keeps a contrast of 4.5 on every shade, and
//! numbers written `12,345`, `1.23 M`, `23.4 %`.
//!
//! Names are drawn as given, escaped, and wrapped or shortened with an ellipsis where they need
//! more room than there is.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod affinity_matrix;
mod axes;
mod bars;
mod canvas;
mod catalogue_reach;
mod check;
mod cluster_profiles;
mod curve;
mod error;
mod figure;
mod grid;
mod grid_lines;
mod grid_search;
mod histogram;
mod inertia_curve;
mod loss_curve;
mod marker;
mod panel;
mod recommender_comparison;
mod rfm_distributions;
mod rfm_heatmap;
mod segment_by_month;
mod segment_recommendations;
mod segment_revenue;
mod segment_sizes;
mod silhouette_curve;
mod theme;

pub use affinity_matrix::affinity_matrix;
pub use bars::SegmentBar;
pub use catalogue_reach::catalogue_reach;
pub use cluster_profiles::{ClusterProfileRow, cluster_profiles};
pub use error::ChartError;
pub use figure::{Figure, files};
pub use grid_search::{GridMeasure, GridPoint, grid_search};
pub use inertia_curve::inertia_curve;
pub use loss_curve::loss_curve;
pub use recommender_comparison::{ComparisonPanel, RecommenderScore, recommender_comparison};
pub use rfm_distributions::{Distribution, rfm_distributions};
pub use rfm_heatmap::{RfmCell, rfm_heatmap};
pub use segment_by_month::segment_by_month;
pub use segment_recommendations::{ProductShare, SegmentProducts, segment_recommendations};
pub use segment_revenue::segment_revenue;
pub use segment_sizes::segment_sizes;
pub use silhouette_curve::silhouette_curve;
