//! Behaviour clusters: how many, and what sets each apart.

use super::super::numbers::{self, Amounts, counted, percent, signed};
use super::super::words;
use super::{FigureView, Figures, SizeView, name, optional};
use crate::features::{BehaviourColumn, Measure};
use crate::outcome::{ClusterOutcome, ClusterSummary, Outcome};
use crate::settings::{Algorithm, Scale};

/// How many traits are told of each cluster.
const TRAITS: usize = 5;
/// How much of an id is shown.
const ID_LENGTH: usize = 60;

pub(in super::super) struct ClustersView {
    pub(in super::super) lead: String,
    pub(in super::super) method: String,
    pub(in super::super) clusters: Vec<ClusterView>,
    pub(in super::super) figures: Vec<FigureView>,
}

pub(in super::super) struct ClusterView {
    pub(in super::super) number: u32,
    pub(in super::super) name: String,
    pub(in super::super) size: SizeView,
    pub(in super::super) per_customer: String,
    pub(in super::super) tier: String,
    pub(in super::super) buyer_share: String,
    pub(in super::super) traits: Vec<Trait>,
    pub(in super::super) segments: String,
    pub(in super::super) typical_id: String,
    pub(in super::super) typical: String,
}

/// One habit in which a cluster differs.
pub(in super::super) struct Trait {
    pub(in super::super) name: &'static str,
    pub(in super::super) how: String,
    pub(in super::super) numbers: String,
}

pub(super) fn view(outcome: &Outcome, amounts: Amounts, figures: Figures<'_>) -> ClustersView {
    let clusters = &outcome.clusters;
    let averages = averages(clusters);
    let lead = format!(
        "By their habits the customers fall into {}, largest first. Names come from the strongest \
         traits of each.",
        counted(clusters.clusters.len() as u64, "cluster", "clusters"),
    );
    let view = |cluster| cluster_view(outcome, cluster, &averages, amounts);
    ClustersView {
        lead,
        method: method(outcome),
        clusters: clusters.clusters.iter().map(view).collect(),
        figures: figures.named(&["cluster_profiles"]),
    }
}

fn method(outcome: &Outcome) -> String {
    let settings = &outcome.settings;
    let algorithm = match settings.algorithm {
        Algorithm::Kmeans => "K-Means",
        Algorithm::Gmm => "a Gaussian mixture",
    };
    let scale = match settings.scale {
        Scale::Log => {
            " Counts, money and days are compared on a logarithmic scale, so that a few extreme \
             customers do not decide for all; plain averages may therefore differ less, or more, \
             than the words suggest."
        }
        Scale::Raw => " All habits are compared as they are, without a logarithm.",
    };
    format!(
        "Found by {algorithm} over {}, each brought to the same scale.{scale} A rate or average \
         that is undefined for a customer, such as the basket of somebody who never ordered, \
         counts as 0.",
        counted(outcome.clusters.columns.len() as u64, "habit", "habits"),
    )
}

/// Per column, the mean over all customers.
fn averages(clusters: &ClusterOutcome) -> Vec<f64> {
    let total: u64 = clusters
        .clusters
        .iter()
        .map(|cluster| cluster.size.customers)
        .sum();
    let mean = |column: usize| {
        let sum: f64 = clusters
            .clusters
            .iter()
            .filter_map(|c| Some(c.means.get(column)? * c.size.customers as f64))
            .sum();
        sum / total.max(1) as f64
    };
    (0..clusters.columns.len()).map(mean).collect()
}

fn cluster_view(
    outcome: &Outcome,
    cluster: &ClusterSummary,
    averages: &[f64],
    amounts: Amounts,
) -> ClusterView {
    ClusterView {
        number: cluster.cluster,
        name: name(&cluster.name),
        size: SizeView::new(&cluster.size, amounts),
        per_customer: optional(
            cluster.size.revenue.mean(cluster.size.customers),
            numbers::amount,
        ),
        tier: cluster.tier.to_string(),
        buyer_share: percent(cluster.buyer_share),
        traits: traits(&outcome.clusters, cluster, averages),
        segments: main_segments(outcome, cluster),
        typical_id: words::shown(&cluster.medoid_user_id, ID_LENGTH),
        typical: typical(outcome, cluster.medoid),
    }
}

/// The habits farthest from the average, strongest first.
fn traits(clusters: &ClusterOutcome, cluster: &ClusterSummary, averages: &[f64]) -> Vec<Trait> {
    let mut columns: Vec<(usize, f64)> = cluster.z_scores.iter().copied().enumerate().collect();
    // A stable sort: equal strengths keep the order of the columns.
    columns.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let told = |(index, z): (usize, f64)| {
        let column = clusters.columns.get(index)?;
        let mean = *cluster.means.get(index)?;
        Some(Trait {
            name: column.label,
            how: words::distance_from_average(z)?,
            numbers: format!(
                "{} on average, {} over all customers (z\u{A0}{})",
                value(column, mean),
                value(column, *averages.get(index)?),
                signed(z)
            ),
        })
    };
    columns.into_iter().filter_map(told).take(TRAITS).collect()
}

fn value(column: &BehaviourColumn, mean: f64) -> String {
    match column.measure {
        Measure::Count => numbers::mean(mean),
        Measure::Money => numbers::amount(mean),
        Measure::Days => format!("{} days", numbers::mean(mean)),
        Measure::Rate => percent(mean),
    }
}

/// The RFM segments that most members belong to.
fn main_segments(outcome: &Outcome, cluster: &ClusterSummary) -> String {
    let shares = &outcome.fusion.affinity.cluster_shares;
    let of_cluster = outcome.rfm.segments.iter().zip(shares);
    let mut parts: Vec<(&str, f64)> = of_cluster
        .filter_map(|(segment, row)| {
            Some((
                segment.name.as_str(),
                (*row.get(cluster.cluster as usize)?)?,
            ))
        })
        .filter(|(_, share)| *share > 0.0)
        .collect();
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    let worth_telling = |(place, part): &(usize, &(&str, f64))| *place == 0 || part.1 >= 0.05;
    let told = parts
        .iter()
        .enumerate()
        .take(3)
        .filter(worth_telling)
        .map(|(_, part)| part);
    let told: Vec<String> = told
        .map(|(s, share)| format!("{} {}", name(s), percent(*share)))
        .collect();
    words::list(&told)
}

/// What the most typical member is like.
fn typical(outcome: &Outcome, row: usize) -> String {
    let rfm = &outcome.rfm;
    let segment = rfm
        .segment_of
        .get(row)
        .and_then(|segment| rfm.segments.get(*segment));
    let segment = segment
        .map(|segment| name(&segment.name))
        .unwrap_or_default();
    match rfm.values.get(row).copied().flatten() {
        None => format!("{segment}, no purchase"),
        Some(values) => format!(
            "{segment}, {} worth {}, last purchase {} before the report’s date",
            counted(values.frequency.unsigned_abs(), "order", "orders"),
            numbers::amount(values.monetary.to_f64()),
            counted(values.recency_days.unsigned_abs(), "day", "days"),
        ),
    }
}
