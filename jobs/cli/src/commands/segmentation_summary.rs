//! What a segmentation found, in a few lines.

use pipeline::Failure;
use segmentation::Outcome;

use crate::output;

/// Prints what was found.
pub(super) fn print(outcome: &Outcome) -> Result<(), Failure> {
    let mut table = output::table(&["segment", "customers", "share", "revenue"]);
    for segment in outcome
        .rfm
        .segments
        .iter()
        .filter(|segment| segment.size.customers > 0)
    {
        table.add_row([
            segment.name.clone(),
            output::count(segment.size.customers),
            format!("{:.1} %", 100.0 * segment.size.share),
            format!("{:.2}", segment.size.revenue.to_f64()),
        ]);
    }
    output::right_align(&mut table, &[1, 2, 3]);
    output::line(&table.to_string())?;
    let clusters = &outcome.clusters;
    output::line(&format!(
        "{} clusters: {}",
        clusters.n_clusters, clusters.reason
    ))?;
    for cluster in &clusters.clusters {
        let share = 100.0 * cluster.size.share;
        output::line(&format!(
            "  {} {} ({share:.1} %)",
            cluster.cluster, cluster.name
        ))?;
    }
    Ok(())
}
