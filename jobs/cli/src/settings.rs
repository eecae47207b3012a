//! Settings of a job from all layers: defaults, `--config`, `JOBS_*`, flags.

use std::path::PathBuf;

use pipeline::settings::{ByteSize, Layers};
use pipeline::{Failure, SettingsError};
use recommendation::RecommendationSettings;
use segmentation::SegmentationSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::args::{Algorithm, CommonArgs, JobArgs, RecommendationFlags, Scale, SegmentationArgs};

/// The defaults of every job.
const DEFAULTS: &str = include_str!("../default.toml");
/// The sections of the jobs.
const SEGMENTATION: &str = "segmentation";
const RECOMMENDATION: &str = recommendation::JOB;

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
    /// Settings of the recommendation.
    pub(crate) recommendation: RecommendationSettings,
}

impl Settings {
    /// The settings of a job with its flags.
    pub(crate) fn of(job: &JobArgs) -> Result<Self, Failure> {
        let common = job.common();
        let (section, flags) = match job {
            JobArgs::Segmentation(args) => (SEGMENTATION, segmentation_flags(args)),
            JobArgs::Recommendation(args) => (RECOMMENDATION, recommendation_flags(&args.flags)),
        };
        let layers = layers(common.config.as_deref())?;
        Ok(layers
            .flags("", common_flags(common))?
            .flags(section, flags)?
            .load()?)
    }
}

fn layers(config: Option<&std::path::Path>) -> Result<Layers, SettingsError> {
    let mut layers = Layers::new()
        .defaults("", DEFAULTS)?
        .defaults(SEGMENTATION, segmentation::DEFAULT_SETTINGS)?
        .defaults(RECOMMENDATION, recommendation::DEFAULT_SETTINGS)?;
    if let Some(path) = config {
        layers = layers.config(path)?;
    }
    // Flags of the cluster alone, which no file should hold.
    layers.environment(std::env::vars(), &["JOBS_TOKEN_FILE", "JOBS_CA"])
}

fn common_flags(common: &CommonArgs) -> Value {
    json!({
        "seed": common.seed,
        "max_invalid": common.source.max_invalid,
        "threads": common.threads,
        "memory_limit": common.memory_limit,
    })
}

fn segmentation_flags(args: &SegmentationArgs) -> Value {
    json!({
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
    })
}

/// Which kind of feedback a run has may show only in the log, so a flag of the grid is set for both.
fn recommendation_flags(flags: &RecommendationFlags) -> Value {
    json!({
        "feedback": flags.feedback,
        "half_life_days": flags.half_life_days,
        "max_score": flags.max_score,
        "min_user_events": flags.min_user_events,
        "min_product_events": flags.min_product_events,
        "non_negative": flags.non_negative.then_some(true),
        "iterations": flags.iterations,
        "tol": flags.tol,
        "arithmetic": flags.arithmetic,
        "warm_start": flags.warm_start,
        "top_n": flags.top_n,
        "folds": flags.folds,
        "fold_source": flags.fold_source,
        "select_by": flags.select_by,
        "test_share": flags.test_share,
        "test_from": flags.test_from,
        "explicit": {
            "factors": flags.factors,
            "regularization": flags.regularization,
            "regularization_exponent": flags.regularization_exponent,
            "biases": flags.no_biases.then_some(false),
        },
        "implicit": {
            "factors": flags.factors,
            "regularization": flags.regularization,
            "regularization_exponent": flags.regularization_exponent,
            "alpha": flags.alpha,
            "unobserved_weight": flags.unobserved_weight,
        },
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    fn settings(flags: &[&str]) -> Settings {
        let run = [
            "jobs",
            "run",
            "recommendation",
            "--events",
            "x",
            "--output",
            "y",
        ];
        let cli = Cli::try_parse_from(run.iter().chain(flags)).unwrap();
        let Command::Run { job } = cli.command else {
            panic!("another command");
        };
        Settings::of(&job).unwrap()
    }

    #[test]
    fn the_defaults_are_complete() {
        let settings = settings(&[]);
        assert_eq!((settings.seed, settings.threads), (42, None));
        assert_eq!(settings.segmentation.k.to_string(), "2..10");
        assert_eq!(settings.recommendation.implicit.alpha, [0.3, 1.0, 40.0]);
        settings.recommendation.check().unwrap();
    }

    #[test]
    fn flags_of_the_grid_hold_for_both_kinds_of_feedback() {
        let lists = [
            "--factors",
            "8,16",
            "--regularization",
            "0.5",
            "--alpha",
            "2,40",
        ];
        let single = [
            "--regularization-exponent",
            "0",
            "--unobserved-weight",
            "0.1",
            "--no-biases",
            "--non-negative",
            "--test-from",
            "2025-02-03",
        ];
        let found = settings(&[&lists[..], &single[..]].concat()).recommendation;
        let (explicit, implicit) = (&found.explicit, &found.implicit);
        assert_eq!(
            (&explicit.factors, &implicit.factors),
            (&vec![8, 16], &vec![8, 16])
        );
        assert_eq!(explicit.regularization, implicit.regularization);
        assert_eq!(implicit.alpha, [2.0, 40.0]);
        assert_eq!(implicit.unobserved_weight, Some(0.1));
        assert_eq!(
            explicit.regularization_exponent + implicit.regularization_exponent,
            0.0
        );
        assert!(!explicit.biases && found.non_negative);
        assert_eq!(
            found.test_from.unwrap().to_rfc3339(),
            "2025-02-03T00:00:00+00:00"
        );
        let untouched = settings(&[]).recommendation;
        assert!(untouched.explicit.biases && !untouched.non_negative);
        assert_ne!(untouched.explicit.factors, untouched.implicit.factors);
    }
}
