use chrono::{DateTime, Utc};
use clap::Args;

use super::CommonArgs;
use super::common::moment;

const EVIDENCE: &str = "What is learned from";
const CHOICE: &str = "Choice and test";
const FIT: &str = "The model";

#[derive(Debug, Args)]
#[command(
    after_help = "Lists such as 32,64 are tried in all combinations. The weights of events and all \
                  other settings stand in the section [recommendation] of a --config file."
)]
pub(crate) struct RecommendationArgs {
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) flags: RecommendationFlags,
}

/// The flags of the job's own settings; none of them need be given.
#[derive(Debug, Default, Args)]
pub(crate) struct RecommendationFlags {
    /// What scores mean: explicit ratings, or implicit evidence of a preference; auto is explicit
    /// when the log has scores [default: auto].
    #[arg(long, help_heading = EVIDENCE, value_name = "KIND", value_parser = ["auto", "explicit", "implicit"])]
    pub(crate) feedback: Option<String>,
    /// Evidence halves every so many days before --as-of; it keeps its worth when not given.
    #[arg(long, help_heading = EVIDENCE, value_name = "DAYS")]
    pub(crate) half_life_days: Option<f64>,
    /// The most evidence of a customer for or against a product [default: 100].
    #[arg(long, help_heading = EVIDENCE, value_name = "SCORE")]
    pub(crate) max_score: Option<f64>,
    /// Customers with fewer events are not learned from [default: 1].
    #[arg(long, help_heading = EVIDENCE, value_name = "EVENTS")]
    pub(crate) min_user_events: Option<u64>,
    /// Products with fewer events are not learned from [default: 1].
    #[arg(long, help_heading = EVIDENCE, value_name = "EVENTS")]
    pub(crate) min_product_events: Option<u64>,

    /// Numbers of factors to try [default: 64; explicit 16,32].
    #[arg(long, help_heading = FIT, value_name = "LIST", value_delimiter = ',')]
    pub(crate) factors: Option<Vec<usize>>,
    /// Strengths of the penalty to try [default: 3,10; explicit 0.8,1.2,1.6].
    #[arg(long, help_heading = FIT, value_name = "LIST", value_delimiter = ',')]
    pub(crate) regularization: Option<Vec<f64>>,
    /// Confidences per unit of evidence to try; implicit feedback only [default: 0.3,1,40].
    #[arg(long, help_heading = FIT, value_name = "LIST", value_delimiter = ',')]
    pub(crate) alpha: Option<Vec<f64>>,
    /// How the penalty of a row grows with its scores, from 0 (not at all) to 1 (in proportion, as in
    /// Spark) [default: 0.5].
    #[arg(long, help_heading = FIT, value_name = "EXPONENT")]
    pub(crate) regularization_exponent: Option<f64>,
    /// The weight of all pairs as in "iALS revisited"; 1, as in Spark, when not given; implicit
    /// feedback only.
    #[arg(long, help_heading = FIT, value_name = "WEIGHT")]
    pub(crate) unobserved_weight: Option<f64>,
    /// Leave out the global mean and the biases of customers and products; explicit feedback only.
    #[arg(long, help_heading = FIT)]
    pub(crate) no_biases: bool,
    /// Factors that are never negative.
    #[arg(long, help_heading = FIT)]
    pub(crate) non_negative: bool,
    /// The most rounds of a fit [default: 15].
    #[arg(long, help_heading = FIT, value_name = "ROUNDS")]
    pub(crate) iterations: Option<usize>,
    /// A fit ends when a round lowers the loss by no more than this share; with 0 it makes all its
    /// rounds [default: 0.0001].
    #[arg(long, help_heading = FIT, value_name = "SHARE")]
    pub(crate) tol: Option<f64>,
    /// The number type of the equations; f64 is the arithmetic of Spark [default: f32].
    #[arg(long, help_heading = FIT, value_name = "TYPE", value_parser = ["f32", "f64"])]
    pub(crate) arithmetic: Option<String>,
    /// Start from the product factors of an earlier run of the same output.
    #[arg(long, help_heading = FIT, value_name = "RUN|latest")]
    pub(crate) warm_start: Option<String>,
    /// Products per customer in recommendations.parquet [default: 20].
    #[arg(long, help_heading = FIT, value_name = "N")]
    pub(crate) top_n: Option<usize>,

    /// Folds of the cross-validation; 0 leaves it out, and the lists must then be of one value
    /// each [default: 3].
    #[arg(long, help_heading = CHOICE, value_name = "N")]
    pub(crate) folds: Option<u32>,
    /// Where folds come from: the column `fold` of the log, or random; auto is the column when it
    /// has values [default: auto].
    #[arg(long, help_heading = CHOICE, value_name = "SOURCE", value_parser = ["auto", "random", "column"])]
    pub(crate) fold_source: Option<String>,
    /// What decides between settings; auto is rmse for explicit feedback and ndcg for implicit
    /// [default: auto].
    #[arg(long, help_heading = CHOICE, value_name = "MEASURE", value_parser = ["auto", "rmse", "ndcg"])]
    pub(crate) select_by: Option<String>,
    /// The share of events, the latest, that the chosen setting is tested on; 0 for no test
    /// [default: 0.2].
    #[arg(long, help_heading = CHOICE, value_name = "SHARE", conflicts_with = "test_from")]
    pub(crate) test_share: Option<f64>,
    /// Test on the events from this day (its midnight, UTC) or RFC 3339 time on, in place of a
    /// share.
    #[arg(long, help_heading = CHOICE, value_name = "TIME", value_parser = moment)]
    pub(crate) test_from: Option<DateTime<Utc>>,
}

impl RecommendationArgs {
    /// A recommendation without a flag of its own.
    pub(crate) fn with_defaults(common: CommonArgs) -> Self {
        Self {
            common,
            flags: RecommendationFlags::default(),
        }
    }
}
