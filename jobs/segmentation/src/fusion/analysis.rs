//! Segments and clusters put together for all customers.

use super::{Affinity, FusionTable};
use crate::error::SegmentationError;
use crate::features::Customers;
use crate::groups::group_sizes;
use crate::outcome::{ClusterOutcome, FusedSummary, FusionOutcome, RfmOutcome};

/// Compares the RFM segments with the clusters and gives every customer a fused segment.
///
/// # Errors
///
/// The feature table lacks the revenue.
pub(crate) fn analyse(
    customers: &Customers,
    rfm: &RfmOutcome,
    clusters: &ClusterOutcome,
    table: &FusionTable,
) -> Result<FusionOutcome, SegmentationError> {
    let affinity = Affinity::new(
        (rfm.segments.len(), &rfm.segment_of),
        (clusters.clusters.len(), &clusters.labels),
    );
    let fused = |(segment, label): (&usize, &u32)| {
        table.fused_segment(*segment, clusters.clusters[*label as usize].tier)
    };
    let fused_of: Vec<usize> = rfm
        .segment_of
        .iter()
        .zip(&clusters.labels)
        .map(fused)
        .collect();
    let revenue = customers.money("net_revenue")?;
    let names = table.fused_segments();
    let sizes = group_sizes(names.len(), fused_of.iter().copied(), &revenue);
    let summary = |(fused, size): (&super::FusedSegment, _)| FusedSummary {
        name: fused.name.clone(),
        advice: fused.advice.clone(),
        size,
    };
    let fused = names.iter().zip(sizes).map(summary).collect();
    Ok(FusionOutcome {
        bounds: table.bounds(),
        affinity,
        fused_of,
        fused,
    })
}
