//! The figures of a run, drawn from its outcome alone.

use charts::{ChartError, ClusterProfileRow, Distribution, Figure, RfmCell, SegmentBar};

use crate::money::Money;
use crate::outcome::{ClusterSummary, Outcome, SegmentSummary};

/// All figures, in the order of the report. The months are left out when all purchases fall into
/// one.
pub(crate) fn figures(outcome: &Outcome) -> Result<Vec<Figure>, ChartError> {
    let bars = segment_bars(outcome);
    let mut figures = vec![
        charts::segment_sizes(&bars)?,
        charts::segment_revenue(&bars)?,
        heatmap(outcome)?,
        distributions(outcome)?,
    ];
    figures.extend(curves(outcome)?);
    figures.push(profiles(outcome)?);
    figures.push(affinity(outcome)?);
    figures.extend(months(outcome)?);
    Ok(figures)
}

/// Empty segments have no bar.
fn segment_bars(outcome: &Outcome) -> Vec<SegmentBar> {
    let segments = outcome
        .rfm
        .segments
        .iter()
        .filter(|segment| segment.size.customers > 0);
    let bar = |segment: &SegmentSummary| SegmentBar {
        name: segment.name.clone(),
        customers: segment.size.customers,
        revenue: segment.size.revenue.to_f64(),
    };
    segments.map(bar).collect()
}

fn heatmap(outcome: &Outcome) -> Result<Figure, ChartError> {
    let cells = outcome.rfm.cells.map(|row| {
        row.map(|cell| RfmCell {
            customers: cell.customers,
            mean_monetary: cell.revenue.mean(cell.customers),
        })
    });
    charts::rfm_heatmap(&cells)
}

fn distributions(outcome: &Outcome) -> Result<Figure, ChartError> {
    let (model, values) = (&outcome.rfm.model, outcome.rfm.values.iter().flatten());
    let recency: Vec<f64> = values
        .clone()
        .map(|value| value.recency_days as f64)
        .collect();
    let frequency: Vec<f64> = values.clone().map(|value| value.frequency as f64).collect();
    let monetary: Vec<f64> = values.map(|value| value.monetary.to_f64()).collect();
    let whole = |cuts: &[Option<i64>]| cuts.iter().flatten().map(|cut| *cut as f64).collect();
    let amounts = model.monetary.iter().flatten().copied();
    let (r_cuts, f_cuts) = (
        distinct(whole(&model.recency_days)),
        distinct(whole(&model.frequency)),
    );
    let m_cuts = distinct(amounts.map(Money::to_f64).collect());
    charts::rfm_distributions(
        Distribution {
            label: "Recency (days)",
            values: &recency,
            cut_points: &r_cuts,
        },
        Distribution {
            label: "Frequency (orders)",
            values: &frequency,
            cut_points: &f_cuts,
        },
        Distribution {
            label: "Monetary value",
            values: &monetary,
            cut_points: &m_cuts,
        },
    )
}

/// Cut points that fall together are one line.
fn distinct(mut cuts: Vec<f64>) -> Vec<f64> {
    cuts.dedup();
    cuts
}

fn curves(outcome: &Outcome) -> Result<[Figure; 2], ChartError> {
    let (clusters, chosen) = (&outcome.clusters, outcome.clusters.n_clusters);
    let candidates = || clusters.candidates.iter();
    let silhouette: Vec<(usize, f64)> =
        candidates().map(|c| (c.n_clusters, c.silhouette)).collect();
    let inertia: Vec<(usize, f64)> = candidates().map(|c| (c.n_clusters, c.inertia)).collect();
    let min_share = outcome.settings.min_share;
    let excluded: Vec<usize> = candidates()
        .filter(|c| c.min_share < min_share)
        .map(|c| c.n_clusters)
        .collect();
    Ok([
        charts::silhouette_curve(&silhouette, chosen, &excluded)?,
        charts::inertia_curve(&inertia, chosen)?,
    ])
}

fn profiles(outcome: &Outcome) -> Result<Figure, ChartError> {
    let clusters = &outcome.clusters;
    let features: Vec<String> = clusters
        .columns
        .iter()
        .map(|c| c.label.to_owned())
        .collect();
    let row = |cluster: &ClusterSummary| ClusterProfileRow {
        name: cluster.name.clone(),
        share: cluster.size.share,
        z_scores: cluster.z_scores.clone(),
    };
    let rows: Vec<ClusterProfileRow> = clusters.clusters.iter().map(row).collect();
    charts::cluster_profiles(&features, &rows)
}

/// Empty segments have no row.
fn affinity(outcome: &Outcome) -> Result<Figure, ChartError> {
    let (rfm, affinity) = (&outcome.rfm, &outcome.fusion.affinity);
    let clusters: Vec<String> = outcome
        .clusters
        .clusters
        .iter()
        .map(|c| c.name.clone())
        .collect();
    let filled: Vec<usize> = (0..rfm.segments.len())
        .filter(|i| rfm.segments[*i].size.customers > 0)
        .collect();
    let segments: Vec<String> = filled
        .iter()
        .map(|i| rfm.segments[*i].name.clone())
        .collect();
    let counts: Vec<Vec<u64>> = filled.iter().map(|i| affinity.counts[*i].clone()).collect();
    let lift = filled.iter().map(|i| {
        affinity.lift[*i]
            .iter()
            .map(|lift| lift.unwrap_or(0.0))
            .collect()
    });
    let lift: Vec<Vec<f64>> = lift.collect();
    charts::affinity_matrix(&segments, &clusters, &counts, &lift)
}

/// The segments of the customers who bought in each month, as shares of these customers.
fn months(outcome: &Outcome) -> Result<Option<Figure>, ChartError> {
    let Some(months) = &outcome.months else {
        return Ok(None);
    };
    let rfm = &outcome.rfm.segments;
    let filled: Vec<usize> = (0..months.buyers.len())
        .filter(|i| rfm[*i].size.customers > 0)
        .collect();
    let segments: Vec<String> = filled.iter().map(|i| rfm[*i].name.clone()).collect();
    let labels: Vec<String> = months
        .months
        .iter()
        .map(|m| m.format("%Y-%m").to_string())
        .collect();
    let share = (0..labels.len()).map(|month| {
        let total: u64 = filled.iter().map(|i| months.buyers[*i][month]).sum();
        let of = |i: &usize| months.buyers[*i][month] as f64 / total.max(1) as f64;
        filled.iter().map(of).collect()
    });
    let share: Vec<Vec<f64>> = share.collect();
    charts::segment_by_month(&labels, &segments, &share).map(Some)
}
