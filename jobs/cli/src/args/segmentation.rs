use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::CommonArgs;

#[derive(Debug, Args)]
pub(crate) struct SegmentationArgs {
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    /// The numbers of clusters to try, such as 2..10 (both included) or 5 [default: 2..10].
    #[arg(long, value_name = "RANGE")]
    pub(crate) k: Option<String>,
    /// The smallest share of customers that each cluster must hold [default: 0.01].
    #[arg(long, value_name = "SHARE")]
    pub(crate) min_share: Option<f64>,
    /// Starts per number of clusters; the best is kept [default: 4].
    #[arg(long)]
    pub(crate) n_init: Option<usize>,
    /// Cluster on the logarithm of counts and money, or on raw values as a Spark pipeline would
    /// [default: log].
    #[arg(long, value_enum)]
    pub(crate) scale: Option<Scale>,
    /// How to cluster [default: kmeans].
    #[arg(long, value_enum)]
    pub(crate) algorithm: Option<Algorithm>,
    /// Score with the cut points of an earlier run's rfm_model.json.
    #[arg(long, value_name = "FILE")]
    pub(crate) rfm_model: Option<PathBuf>,
    /// A segment table of your own over (r, f, m), in TOML.
    #[arg(long, value_name = "FILE")]
    pub(crate) rfm_segments: Option<PathBuf>,
    /// A table of your own that fuses RFM segments and clusters, in TOML.
    #[arg(long, value_name = "FILE")]
    pub(crate) fusion_rules: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Scale {
    Log,
    Raw,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Algorithm {
    Kmeans,
    Gmm,
}

impl SegmentationArgs {
    /// A segmentation without a flag of its own.
    pub(crate) fn with_defaults(common: CommonArgs) -> Self {
        Self {
            common,
            k: None,
            min_share: None,
            n_init: None,
            scale: None,
            algorithm: None,
            rfm_model: None,
            rfm_segments: None,
            fusion_rules: None,
        }
    }
}
