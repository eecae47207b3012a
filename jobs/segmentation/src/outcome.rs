//! What a segmentation found: plain values, from which every file of the run is written.

use chrono::NaiveDate;
pub use intake::Span;

use crate::clusters::{Candidate, ClusterModel};
use crate::features::{BehaviourColumn, Customers};
use crate::fusion::{Affinity, Tier, TierBounds};
use crate::money::Money;
use crate::rfm::{RfmModel, RfmValues, STEPS, Scores};
use crate::settings::SegmentationSettings;

/// Everything a run found. Vectors "per customer" follow the rows of [`Outcome::customers`].
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The time the run looks at.
    pub span: Span,
    /// The seed of everything left to chance.
    pub seed: u64,
    /// The settings it ran with.
    pub settings: SegmentationSettings,
    /// The share of users that was looked at, when it was not all of them.
    pub sample: Option<f64>,
    /// What became of each row of the input.
    pub account: data::Account,
    /// Sums over all customers.
    pub totals: Totals,
    /// The feature table, sorted by `user_id`.
    pub customers: Customers,
    /// Scores and RFM segments.
    pub rfm: RfmOutcome,
    /// Behaviour clusters.
    pub clusters: ClusterOutcome,
    /// RFM and clusters together.
    pub fusion: FusionOutcome,
    /// Who bought when; none when all purchases fall into one month.
    pub months: Option<SegmentMonths>,
    /// What a reader should know before trusting the numbers, as full sentences.
    pub notes: Vec<String>,
}

/// Sums over all customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Users with an id and at least one event.
    pub customers: u64,
    /// Of these, users with a purchase.
    pub buyers: u64,
    /// Distinct orders with a purchase, counted per customer.
    pub orders: u64,
    /// Purchases.
    pub gross_revenue: Money,
    /// Returns.
    pub returned_revenue: Money,
    /// Purchases minus returns.
    pub net_revenue: Money,
}

/// How many customers a group has and what they are worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupSize {
    /// Its customers.
    pub customers: u64,
    /// Their share of all customers.
    pub share: f64,
    /// Their net revenue.
    pub revenue: Money,
    /// Its share of all net revenue; none when that is not positive.
    pub revenue_share: Option<f64>,
}

/// Scores and RFM segments.
#[derive(Debug, Clone)]
pub struct RfmOutcome {
    /// The cut points the customers were scored by.
    pub model: RfmModel,
    /// Whether the cut points came from an earlier run instead of these customers.
    pub frozen: bool,
    /// Per customer, what the scores were made from; none without a purchase.
    pub values: Vec<Option<RfmValues>>,
    /// Per customer, the scores; none without a purchase.
    pub scores: Vec<Option<Scores>>,
    /// Per customer, the index into [`RfmOutcome::segments`].
    pub segment_of: Vec<usize>,
    /// The segments in the order of the segment table, `Prospect` last; some may be empty.
    pub segments: Vec<SegmentSummary>,
    /// Customers by `[f_score - 1][r_score - 1]`.
    pub cells: [[RfmCell; STEPS]; STEPS],
}

/// One RFM segment.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentSummary {
    /// Its name.
    pub name: String,
    /// What to do about it, one sentence; may be empty.
    pub advice: String,
    /// How large it is.
    pub size: GroupSize,
    /// Means over its buyers; none when it has none.
    pub means: Option<RfmMeans>,
}

/// Means of what the scores are made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RfmMeans {
    /// Days since the last purchase.
    pub recency_days: f64,
    /// Orders.
    pub frequency: f64,
    /// Net revenue.
    pub monetary: f64,
}

/// The customers with one recency and one frequency score.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RfmCell {
    /// How many.
    pub customers: u64,
    /// Their net revenue.
    pub revenue: Money,
}

/// Behaviour clusters.
#[derive(Debug, Clone)]
pub struct ClusterOutcome {
    /// The columns, in the order of all vectors below.
    pub columns: Vec<&'static BehaviourColumn>,
    /// Columns with one value for everybody, which therefore did not count.
    pub constant_columns: Vec<&'static str>,
    /// Of these, columns that are undefined for everybody, such as cart rates in a log without
    /// carts.
    pub undefined_columns: Vec<&'static str>,
    /// Every number of clusters that was tried, smallest first.
    pub candidates: Vec<Candidate>,
    /// The number that was chosen.
    pub n_clusters: usize,
    /// Why, as one sentence.
    pub reason: String,
    /// Per customer, the cluster: an index into [`ClusterOutcome::clusters`].
    pub labels: Vec<u32>,
    /// The clusters, largest first.
    pub clusters: Vec<ClusterSummary>,
    /// What is needed to put a new customer into a cluster.
    pub model: ClusterModel,
}

impl ClusterOutcome {
    /// The candidate that was chosen.
    pub fn chosen(&self) -> Option<&Candidate> {
        self.candidates
            .iter()
            .find(|candidate| candidate.n_clusters == self.n_clusters)
    }
}

/// One behaviour cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterSummary {
    /// Its number: 0 is the largest.
    pub cluster: u32,
    /// Its name, from its strongest traits.
    pub name: String,
    /// What its members are worth, compared with all customers.
    pub tier: Tier,
    /// How large it is.
    pub size: GroupSize,
    /// The share of its members with an order.
    pub buyer_share: f64,
    /// Per column, the mean of its members in standard deviations from the mean of all customers,
    /// on the scale that was clustered.
    pub z_scores: Vec<f64>,
    /// Per column, the plain mean over its members, undefined values as 0.
    pub means: Vec<f64>,
    /// The row of its most typical member.
    pub medoid: usize,
    /// The id of its most typical member.
    pub medoid_user_id: String,
}

/// RFM segments and behaviour clusters together.
#[derive(Debug, Clone)]
pub struct FusionOutcome {
    /// Where the tiers of the clusters begin.
    pub bounds: TierBounds,
    /// How segments and clusters depend on each other; rows are all RFM segments in order.
    pub affinity: Affinity,
    /// Per customer, the index into [`FusionOutcome::fused`].
    pub fused_of: Vec<usize>,
    /// The fused segments in the order of the fusion table; some may be empty.
    pub fused: Vec<FusedSummary>,
}

/// One fused segment.
#[derive(Debug, Clone, PartialEq)]
pub struct FusedSummary {
    /// Its name.
    pub name: String,
    /// What to do about it, one sentence; may be empty.
    pub advice: String,
    /// How large it is.
    pub size: GroupSize,
}

/// Who bought in which month.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentMonths {
    /// The first days of the months in which anybody bought, in order; at most the last 24.
    pub months: Vec<NaiveDate>,
    /// Per RFM segment (all but `Prospect`) and month, the customers who bought.
    pub buyers: Vec<Vec<u64>>,
    /// Per RFM segment (all but `Prospect`) and month, what they paid, returns not deducted.
    pub revenue: Vec<Vec<Money>>,
}
