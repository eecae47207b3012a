//! The CSV files of a run. Shares and means are written in full, so that nothing is lost.

use csv::Writer;

use crate::outcome::{Outcome, RfmMeans};

type CsvResult = Result<Vec<u8>, csv::Error>;

/// `segments.csv`: one row per RFM segment in the order of the table, empty ones included. Means
/// are over the buyers of a segment and empty without any.
pub(crate) fn segments(outcome: &Outcome) -> CsvResult {
    let header = [
        "segment",
        "customers",
        "share",
        "revenue",
        "revenue_share",
        "mean_recency_days",
        "mean_frequency",
        "mean_monetary",
        "advice",
    ];
    let rows = outcome.rfm.segments.iter().map(|segment| {
        let mean = |of: fn(&RfmMeans) -> f64| optional(segment.means.as_ref().map(of));
        vec![
            segment.name.clone(),
            segment.size.customers.to_string(),
            segment.size.share.to_string(),
            segment.size.revenue.to_string(),
            optional(segment.size.revenue_share),
            mean(|means| means.recency_days),
            mean(|means| means.frequency),
            mean(|means| means.monetary),
            segment.advice.clone(),
        ]
    });
    file(&header.map(str::to_owned), rows)
}

/// `clusters.csv`: one row per cluster; for each behaviour column the mean over the members and
/// its distance from everybody's mean in standard deviations (`z_…`).
pub(crate) fn clusters(outcome: &Outcome) -> CsvResult {
    let first = [
        "cluster",
        "name",
        "tier",
        "customers",
        "share",
        "revenue",
        "revenue_share",
        "buyer_share",
        "medoid_user_id",
    ];
    let mut header: Vec<String> = first.map(str::to_owned).to_vec();
    for column in &outcome.clusters.columns {
        header.push(format!("mean_{}", column.name));
        header.push(format!("z_{}", column.name));
    }
    let rows = outcome.clusters.clusters.iter().map(|cluster| {
        let mut row = vec![
            cluster.cluster.to_string(),
            cluster.name.clone(),
            cluster.tier.to_string(),
            cluster.size.customers.to_string(),
            cluster.size.share.to_string(),
            cluster.size.revenue.to_string(),
            optional(cluster.size.revenue_share),
            cluster.buyer_share.to_string(),
            cluster.medoid_user_id.clone(),
        ];
        for (mean, z) in cluster.means.iter().zip(&cluster.z_scores) {
            row.push(mean.to_string());
            row.push(z.to_string());
        }
        row
    });
    file(&header, rows)
}

/// `affinity.csv`: one row per pair of RFM segment and cluster, empty pairs included.
pub(crate) fn affinity(outcome: &Outcome) -> CsvResult {
    let header = [
        "segment",
        "cluster",
        "cluster_name",
        "customers",
        "segment_share",
        "cluster_share",
        "lift",
    ];
    let affinity = &outcome.fusion.affinity;
    let rows = outcome
        .rfm
        .segments
        .iter()
        .enumerate()
        .flat_map(|(row, segment)| {
            outcome
                .clusters
                .clusters
                .iter()
                .enumerate()
                .map(move |(column, cluster)| {
                    vec![
                        segment.name.clone(),
                        cluster.cluster.to_string(),
                        cluster.name.clone(),
                        affinity.counts[row][column].to_string(),
                        optional(affinity.segment_shares[row][column]),
                        optional(affinity.cluster_shares[row][column]),
                        optional(affinity.lift[row][column]),
                    ]
                })
        });
    file(&header.map(str::to_owned), rows)
}

/// `k_selection.csv`: one row per number of clusters that was tried.
pub(crate) fn k_selection(outcome: &Outcome) -> CsvResult {
    let header = [
        "n_clusters",
        "silhouette",
        "inertia",
        "min_share",
        "stability",
        "n_iter",
    ];
    let rows = outcome.clusters.candidates.iter().map(|candidate| {
        vec![
            candidate.n_clusters.to_string(),
            candidate.silhouette.to_string(),
            candidate.inertia.to_string(),
            candidate.min_share.to_string(),
            optional(candidate.stability),
            candidate
                .n_iter
                .map(|n_iter| n_iter.to_string())
                .unwrap_or_default(),
        ]
    });
    file(&header.map(str::to_owned), rows)
}

fn file(header: &[String], rows: impl Iterator<Item = Vec<String>>) -> CsvResult {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(&row)?;
    }
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}

fn optional(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
