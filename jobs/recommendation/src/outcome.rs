//! What a recommendation run found: plain values, from which its report, charts and figures are
//! written.

use algorithms::als::AlsValidParams;
use algorithms::ranking::MeanInterval;
use chrono::{DateTime, Utc};
pub use intake::Span;
use serde::Serialize;

use crate::settings::{FeedbackKind, RecommendationSettings};

/// Everything a run found, but for the large tables.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The time the run looks at.
    pub span: Span,
    /// The seed of everything left to chance.
    pub seed: u64,
    /// The settings it ran with.
    pub settings: RecommendationSettings,
    /// The share of users that was looked at, when it was not all of them.
    pub sample: Option<f64>,
    /// What became of each row of the input.
    pub account: data::Account,
    /// What the scores mean.
    pub feedback: FeedbackKind,
    /// Whether scores are those of the log instead of weights of events.
    pub scores_given: bool,
    /// Who and what was learned from.
    pub learned: Learned,
    /// How the settings were chosen.
    pub choice: Choice,
    /// How good the lists are on events that came later; none when that could not be tested.
    pub quality: Option<Quality>,
    /// The model that was fitted on everything.
    pub fit: Fit,
    /// The most popular products of the shop, best first.
    pub popular: Vec<PopularProduct>,
    /// What is recommended to whom, by fused segment; none without a segmentation.
    pub segments: Option<SegmentSummary>,
    /// A few customers with their history and their recommendations, for the report.
    pub examples: Vec<ExampleCustomer>,
    /// How many customers each product is recommended to, as shares by rank of popularity: for the
    /// report's picture of how far recommendations reach into the catalogue.
    pub reach: Reach,
    /// What a reader should know before trusting the numbers, as full sentences.
    pub notes: Vec<String>,
}

/// Who and what was learned from. A pair is a customer and a product with events.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Learned {
    /// Customers.
    pub users: u64,
    /// Products.
    pub products: u64,
    /// Pairs.
    pub pairs: u64,
    /// Pairs with a score above 0.
    pub positive_pairs: u64,
    /// Pairs with a score below 0.
    pub negative_pairs: u64,
    /// Events of these pairs.
    pub events: u64,
    /// Customers of whom nothing is learned: fewer events than `min_user_events`, only products that
    /// are left out, or no score where scores are given.
    pub users_left_out: u64,
    /// Products of which nothing is learned, likewise.
    pub products_left_out: u64,
    /// Pairs of these, and pairs without a score where scores are given.
    pub pairs_left_out: u64,
    /// Pairs over customers times products.
    pub density: f64,
    /// The median number of products per customer.
    pub median_products_per_user: f64,
    /// The mean score.
    pub mean_score: f64,
    /// The smallest score.
    pub min_score: f64,
    /// The largest score.
    pub max_score: f64,
    /// Pairs whose evidence was cut to `max_score`.
    pub capped_pairs: u64,
}

/// How the settings were chosen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// Whether folds came from the log.
    pub folds_given: bool,
    /// Folds; 0 when nothing was tested.
    pub n_folds: u32,
    /// `rmse` or `ndcg_at_10`.
    pub select_by: &'static str,
    /// The settings that were tried, in the order of the grid.
    pub candidates: Vec<Candidate>,
    /// The index of the chosen one.
    pub selected: usize,
    /// Why, in one sentence.
    pub reason: String,
}

/// One point of the grid and how it did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// Its place in the grid.
    #[serde(flatten)]
    pub setting: Setting,
    /// Its results per fold, in the order of the folds; empty without cross-validation.
    pub folds: Vec<FoldResult>,
    /// Means over the folds; none without cross-validation.
    pub mean: Option<FoldMeans>,
}

/// A point of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, serde::Deserialize)]
pub struct Setting {
    /// Factors per customer and product.
    pub factors: usize,
    /// Strength of the penalty.
    pub regularization: f64,
    /// Confidence per unit of evidence; none for explicit feedback.
    pub alpha: Option<f64>,
}

/// How a setting did on one fold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FoldResult {
    /// `1`, `2`, … or the fold's number in the log.
    pub fold: String,
    /// Scores and lists.
    #[serde(flatten)]
    pub values: FoldValues,
    /// Pairs that were predicted.
    pub n_pairs: u64,
    /// Customers whose lists were evaluated.
    pub n_users: u64,
    /// Rounds of the fit.
    pub iterations: usize,
}

/// Measures of a fold. For implicit feedback RMSE and MAE compare predictions with the preference,
/// 1 for a positive score and else 0. List measures are means over customers with something
/// relevant in the fold, and none when there are no such customers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FoldValues {
    /// Root mean squared error of predicted scores.
    pub rmse: f64,
    /// Mean absolute error of predicted scores.
    pub mae: f64,
    /// How good the lists are.
    pub lists: Option<ListValues>,
}

/// Means over folds with the standard deviation (of the population, as numpy's `std` and PySpark's
/// `stdMetrics`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FoldMeans {
    /// Means of the folds' values; lists over the folds that have them.
    pub mean: FoldValues,
    /// Standard deviation of the folds' RMSE.
    pub rmse_std: f64,
    /// Standard deviation of the folds' NDCG@10.
    pub ndcg_at_10_std: Option<f64>,
}

/// Measures of lists of recommendations. Definitions: [`algorithms::ranking`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ListValues {
    /// NDCG of the first 10 places.
    pub ndcg_at_10: f64,
    /// NDCG of the first 20 places.
    pub ndcg_at_20: f64,
    /// Recall of the first 10 places.
    pub recall_at_10: f64,
    /// Recall of the first 20 places.
    pub recall_at_20: f64,
    /// Precision of the first 10 places.
    pub precision_at_10: f64,
    /// Mean average precision of the first 10 places.
    pub map_at_10: f64,
    /// Mean reciprocal rank within 20 places.
    pub mrr: f64,
    /// Share of the catalogue in anybody's first 10 places.
    pub coverage: f64,
    /// Mean of -log2 of the share of customers that like a recommended product (first 10 places).
    pub novelty: f64,
}

/// How good the lists are on events that came later.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// How the test was made.
    pub protocol: Protocol,
    /// Customers whose lists were evaluated.
    pub n_users: u64,
    /// Customers with something relevant, before sampling.
    pub n_users_eligible: u64,
    /// Customers with something relevant in the test and nothing before it, of all in the test; no
    /// list can be made for them.
    pub n_users_unknown: u64,
    /// Relevant pairs of the customers that were evaluated.
    pub n_relevant: u64,
    /// Relevant pairs of all known customers in the test, sampled or not, whose product was unknown
    /// before: out of reach, and not counted.
    pub n_relevant_unknown: u64,
    /// The recommenders, the model first, then the baselines.
    pub recommenders: Vec<RecommenderQuality>,
    /// NDCG@10 of the model minus that of the popularity baseline, customer by customer.
    pub over_popularity: MeanInterval,
    /// Whether the model beats popularity.
    pub verdict: Verdict,
}

/// How a test was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Trained on the events before a moment, tested on those from it on.
    Time {
        /// The moment.
        at: DateTime<Utc>,
    },
    /// Trained on all folds but this one, tested on it: there were no times to split by.
    Fold {
        /// The fold.
        fold: String,
    },
}

/// One recommender's lists.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecommenderQuality {
    /// Which.
    pub recommender: Recommender,
    /// Means over customers.
    pub values: ListValues,
    /// NDCG@10 with its 95 % confidence interval.
    pub ndcg_at_10: MeanInterval,
    /// NDCG@20 with its 95 % confidence interval.
    pub ndcg_at_20: MeanInterval,
    /// Recall@10 with its 95 % confidence interval.
    pub recall_at_10: MeanInterval,
    /// Recall@20 with its 95 % confidence interval.
    pub recall_at_20: MeanInterval,
    /// Precision@10 with its 95 % confidence interval.
    pub precision_at_10: MeanInterval,
    /// MAP@10 with its 95 % confidence interval.
    pub map_at_10: MeanInterval,
    /// MRR with its 95 % confidence interval.
    pub mrr: MeanInterval,
}

/// Who recommends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Recommender {
    /// The model.
    Als,
    /// The products with the most customers.
    Popularity,
    /// The products with the most customers lately.
    RecentPopularity,
    /// The products nearest to those of the customer, by cosine of likes, shrunk where few speak for it.
    ItemKnn,
    /// Products at random.
    Random,
}

/// Whether the model beats popularity, by NDCG@10 on the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The interval of the difference lies above 0.
    Better,
    /// The mean difference is above 0, but the interval reaches 0: it may be chance.
    NotClearlyBetter,
    /// The mean difference is not above 0.
    NotBetter,
}

/// The model that was fitted on everything.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// What it was fitted with.
    pub params: AlsValidParams,
    /// The penalised loss after each round.
    pub losses: Vec<f64>,
    /// Whether the loss had settled.
    pub converged: bool,
    /// The run whose factors it started from.
    pub warm_start: Option<String>,
}

/// A popular product.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PopularProduct {
    /// Its id.
    pub product_id: String,
    /// Its category, where the log has one.
    pub category: Option<String>,
    /// Its brand, where the log has one.
    pub brand: Option<String>,
    /// Customers with a positive score for it.
    pub n_users: u64,
}

/// What is recommended to the customers of each fused segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentSummary {
    /// The segmentation run that names the segments.
    pub run_id: String,
    /// Customers with recommendations that the segmentation does not know.
    pub users_unknown: u64,
    /// The segments, the largest first.
    pub segments: Vec<SegmentRecommendations>,
}

/// One fused segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentRecommendations {
    /// Its name.
    pub fused_segment: String,
    /// Its customers with recommendations.
    pub customers: u64,
    /// The share of the catalogue that is recommended to any of them.
    pub coverage: f64,
    /// The products recommended to most of them, at most 10.
    pub products: Vec<SegmentProduct>,
}

/// A product recommended in a segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentProduct {
    /// Its id.
    pub product_id: String,
    /// Its category, where the log has one.
    pub category: Option<String>,
    /// Its brand, where the log has one.
    pub brand: Option<String>,
    /// Customers of the segment it is recommended to.
    pub customers: u64,
    /// Their share of the segment.
    pub share: f64,
    /// That share over the share in the whole shop; 1 is as everywhere.
    pub lift: f64,
}

/// A customer with their history and recommendations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExampleCustomer {
    /// The customer.
    pub user_id: String,
    /// The products they liked most, best first: id, category or brand, score.
    pub history: Vec<ExampleProduct>,
    /// What is recommended to them, best first.
    pub recommended: Vec<ExampleProduct>,
}

/// A product of an example.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExampleProduct {
    /// Its id.
    pub product_id: String,
    /// Category and brand, as far as the log has them; may be empty.
    pub about: String,
    /// The score of the pair, learned from or predicted.
    pub score: f64,
}

/// How recommendations spread over the catalogue. Products are ranked by popularity and cut into
/// ten equal groups, the most popular first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reach {
    /// The share of events per group.
    pub events: Vec<f64>,
    /// The share of recommendations per group.
    pub recommendations: Vec<f64>,
    /// The share of the catalogue that is recommended to anybody.
    pub coverage: f64,
}

impl Quality {
    /// One recommender's lists.
    pub fn of(&self, recommender: Recommender) -> Option<&RecommenderQuality> {
        let mut all = self.recommenders.iter();
        all.find(|quality| quality.recommender == recommender)
    }

    /// The best of the simple methods that need no model (popularity apart, see
    /// [`Quality::verdict`]), when its NDCG@10 is above the model's: which, its value, the model's.
    pub fn better_baseline(&self) -> Option<(Recommender, f64, f64)> {
        let ndcg = |recommender| Some(self.of(recommender)?.values.ndcg_at_10);
        let model = ndcg(Recommender::Als)?;
        let simple = [Recommender::ItemKnn, Recommender::RecentPopularity];
        let values = simple.into_iter().filter_map(|who| Some((who, ndcg(who)?)));
        let (best, value) = values.max_by(|a, b| a.1.total_cmp(&b.1))?;
        (value > model).then_some((best, value, model))
    }
}

impl Choice {
    /// The chosen setting and how it did.
    pub fn chosen(&self) -> Option<&Candidate> {
        self.candidates.get(self.selected)
    }
}

impl Recommender {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::Als,
        Self::ItemKnn,
        Self::RecentPopularity,
        Self::Popularity,
        Self::Random,
    ];

    /// What it is called in tables and charts.
    pub fn label(self) -> &'static str {
        match self {
            Self::Als => "ALS",
            Self::Popularity => "Popularity",
            Self::RecentPopularity => "Recent popularity",
            Self::ItemKnn => "Item neighbours",
            Self::Random => "Random",
        }
    }
}
