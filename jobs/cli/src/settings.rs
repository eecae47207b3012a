//! Settings of a job from all layers: defaults, `--config`, `JOBS_*`, flags.

use std::path::PathBuf;

use pipeline::settings::{ByteSize, Layers};
use pipeline::{Failure, SettingsError};
use segmentation::SegmentationSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::args::{Algorithm, CommonArgs, Scale, SegmentationArgs};

/// The defaults of every job.
const DEFAULTS: &str = include_str!("../default.toml");

/// Everything that can be set.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The seed of everything that is left to chance.
    pub(crate) seed: u64,
    /// The largest share of rows that may be quarantined.
    pub(crate) max_invalid: f64,
    /// Worker threads; all cores when none.
    pub(crate) threads: Option<usize>,
    /// Memory the engine may take; a share of the machine's when none.
    pub(crate) memory_limit: Option<ByteSize>,
    /// Where the engine spills to; the system's temporary folder when none.
    pub(crate) work_dir: Option<PathBuf>,
    /// Where jobs are submitted to.
    pub(crate) scheduler: Option<String>,
    /// Settings of the segmentation.
    pub(crate) segmentation: SegmentationSettings,
}

impl Settings {
    /// The settings of a segmentation with these flags.
    pub(crate) fn of_segmentation(args: &SegmentationArgs) -> Result<Self, Failure> {
        let common = &args.common;
        let flags = json!({
            "k": args.k,
            "min_share": args.min_share,
            "n_init": args.n_init,
            "scale": args.scale.map(|scale| match scale {
                Scale::Log => "log",
                Scale::Raw => "raw",
            }),
            "algorithm": args.algorithm.map(|algorithm| match algorithm {
                Algorithm::Kmeans => "kmeans",
                Algorithm::Gmm => "gmm",
            }),
            "rfm_model": args.rfm_model,
            "rfm_segments": args.rfm_segments,
            "fusion_rules": args.fusion_rules,
        });
        let layers = layers(common.config.as_deref())?;
        Ok(layers
            .flags("", common_flags(common))?
            .flags("segmentation", flags)?
            .load()?)
    }
}

fn layers(config: Option<&std::path::Path>) -> Result<Layers, SettingsError> {
    let mut layers = Layers::new()
        .defaults("", DEFAULTS)?
        .defaults("segmentation", segmentation::DEFAULT_SETTINGS)?;
    if let Some(path) = config {
        layers = layers.config(path)?;
    }
    layers.environment(std::env::vars(), &[])
}

fn common_flags(common: &CommonArgs) -> Value {
    json!({
        "seed": common.seed,
        "max_invalid": common.source.max_invalid,
        "threads": common.threads,
        "memory_limit": common.memory_limit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_complete() {
        let settings: Settings = Layers::new()
            .defaults("", DEFAULTS)
            .unwrap()
            .defaults("segmentation", segmentation::DEFAULT_SETTINGS)
            .unwrap()
            .load()
            .unwrap();
        assert_eq!((settings.seed, settings.threads), (42, None));
        assert_eq!(settings.segmentation.k.to_string(), "2..10");
    }
}
