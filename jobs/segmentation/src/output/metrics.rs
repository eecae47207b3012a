//! `metrics.json`: the numbers that tell how a run went, for people and for monitoring.

use serde::Serialize;

use crate::money::Money;
use crate::outcome::{GroupSize, Outcome};

#[derive(Serialize)]
struct Metrics<'a> {
    as_of: String,
    first_event_at: String,
    last_event_at: String,
    events_after_as_of: u64,
    sample: Option<f64>,
    customers: u64,
    buyers: u64,
    orders: u64,
    gross_revenue: Money,
    returned_revenue: Money,
    net_revenue: Money,
    rfm_model: &'a str,
    algorithm: crate::settings::Algorithm,
    scale: crate::settings::Scale,
    n_clusters: usize,
    reason: &'a str,
    silhouette_metric: &'a str,
    silhouette: Vec<Point>,
    stability: Option<f64>,
    constant_columns: &'a [&'static str],
    cramers_v: Option<f64>,
    normalized_mutual_information: Option<f64>,
    segments: Vec<Group<'a>>,
    clusters: Vec<Group<'a>>,
    fused_segments: Vec<Group<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct Point {
    n_clusters: usize,
    silhouette: f64,
    inertia: f64,
    min_share: f64,
    stability: Option<f64>,
}

#[derive(Serialize)]
struct Group<'a> {
    name: &'a str,
    customers: u64,
    share: f64,
    revenue: Money,
    revenue_share: Option<f64>,
}

fn group<'a>(name: &'a str, size: &GroupSize) -> Group<'a> {
    Group {
        name,
        customers: size.customers,
        share: size.share,
        revenue: size.revenue,
        revenue_share: size.revenue_share,
    }
}

/// The file. It holds no times of day and no durations: equal runs give equal bytes.
pub(crate) fn json(outcome: &Outcome) -> Result<Vec<u8>, serde_json::Error> {
    let (rfm, clusters, fusion) = (&outcome.rfm, &outcome.clusters, &outcome.fusion);
    let point = |candidate: &crate::clusters::Candidate| Point {
        n_clusters: candidate.n_clusters,
        silhouette: candidate.silhouette,
        inertia: candidate.inertia,
        min_share: candidate.min_share,
        stability: candidate.stability,
    };
    let metrics = Metrics {
        as_of: outcome.span.as_of.to_rfc3339(),
        first_event_at: outcome.span.first_event_at.to_rfc3339(),
        last_event_at: outcome.span.last_event_at.to_rfc3339(),
        events_after_as_of: outcome.span.events_after_as_of,
        sample: outcome.sample,
        customers: outcome.totals.customers,
        buyers: outcome.totals.buyers,
        orders: outcome.totals.orders,
        gross_revenue: outcome.totals.gross_revenue,
        returned_revenue: outcome.totals.returned_revenue,
        net_revenue: outcome.totals.net_revenue,
        rfm_model: if rfm.frozen { "given" } else { "fitted" },
        algorithm: outcome.settings.algorithm,
        scale: outcome.settings.scale,
        n_clusters: clusters.n_clusters,
        reason: &clusters.reason,
        silhouette_metric: "squared euclidean",
        silhouette: clusters.candidates.iter().map(point).collect(),
        stability: clusters.chosen().and_then(|candidate| candidate.stability),
        constant_columns: &clusters.constant_columns,
        cramers_v: fusion.affinity.cramers_v,
        normalized_mutual_information: fusion.affinity.normalized_mutual_information,
        segments: rfm
            .segments
            .iter()
            .map(|s| group(&s.name, &s.size))
            .collect(),
        clusters: clusters
            .clusters
            .iter()
            .map(|c| group(&c.name, &c.size))
            .collect(),
        fused_segments: fusion
            .fused
            .iter()
            .map(|f| group(&f.name, &f.size))
            .collect(),
        notes: &outcome.notes,
    };
    let mut bytes = serde_json::to_vec_pretty(&metrics)?;
    bytes.push(b'\n');
    Ok(bytes)
}
