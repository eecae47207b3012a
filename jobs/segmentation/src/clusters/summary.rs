//! From the behaviour of all customers to named clusters.

use algorithms::choose_k::choose_k;
use algorithms::profile::profiles;

use super::matrix::BehaviourMatrix;
use super::model::{ClusterModel, ColumnScale};
use super::names::{Traits, cluster_names};
use super::scan::{Clustering, scan};
use crate::error::SegmentationError;
use crate::features::{BehaviourColumn, Customers, FeatureError};
use crate::fusion::TierBounds;
use crate::groups::group_sizes;
use crate::money::Money;
use crate::outcome::{ClusterOutcome, ClusterSummary};
use crate::settings::SegmentationSettings;

/// Clusters the customers by their behaviour, chooses the number of clusters and describes each.
///
/// # Errors
///
/// No column tells customers apart; more clusters are asked for than there are different customers;
/// a number of clusters cannot be fitted. Cost: the fits, `n_init · iterations · n · k · d` for
/// each number of clusters.
pub(crate) fn analyse(
    customers: &Customers,
    settings: &SegmentationSettings,
    bounds: TierBounds,
    seed: u64,
) -> Result<ClusterOutcome, SegmentationError> {
    let columns = settings.check()?;
    let matrix = BehaviourMatrix::build(customers, &columns, settings.scale)?;
    require_differences(&matrix, &columns, settings.k.max())?;
    let mut clusterings = scan(matrix.values.view(), settings, seed)?;
    let candidates: Vec<_> = clusterings.iter().map(|c| c.candidate.clone()).collect();
    let compared: Vec<_> = candidates.iter().map(|c| c.as_k_candidate()).collect();
    let choice = choose_k(&compared, settings.min_share).map_err(|error| {
        let reason = error.to_string();
        SegmentationError::Clustering {
            k: settings.k.max(),
            reason,
        }
    })?;
    let chosen = clusterings.swap_remove(choice.index);
    drop(clusterings);
    let clusters = summaries(customers, &columns, &matrix, &chosen, bounds)?;
    let names: Vec<String> = clusters
        .iter()
        .map(|cluster| cluster.name.clone())
        .collect();
    let scales = columns
        .iter()
        .zip(&matrix.scaler.mean)
        .zip(&matrix.scaler.std);
    let scales = scales.map(|((column, mean), std)| ColumnScale {
        name: column.name.to_owned(),
        mean: *mean,
        std: *std,
    });
    let method = (settings.algorithm, settings.scale);
    Ok(ClusterOutcome {
        model: ClusterModel::new(method, scales.collect(), &chosen.centroids, &names),
        columns,
        constant_columns: matrix.constant,
        undefined_columns: matrix.undefined,
        candidates,
        n_clusters: choice.n_clusters,
        reason: choice.reason.to_string(),
        labels: chosen.labels,
        clusters,
    })
}

fn require_differences(
    matrix: &BehaviourMatrix,
    columns: &[&'static BehaviourColumn],
    k: usize,
) -> Result<(), SegmentationError> {
    if matrix.constant.len() == columns.len() {
        let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
        return Err(SegmentationError::NoBehaviour {
            columns: names.join(", "),
        });
    }
    let distinct = matrix.distinct_rows(k);
    if distinct < k {
        return Err(SegmentationError::TooManyClusters { k, distinct });
    }
    Ok(())
}

fn summaries(
    customers: &Customers,
    columns: &[&'static BehaviourColumn],
    matrix: &BehaviourMatrix,
    chosen: &Clustering,
    bounds: TierBounds,
) -> Result<Vec<ClusterSummary>, FeatureError> {
    let (labels, k) = (&chosen.labels, chosen.centroids.nrows());
    let profiles = profiles(matrix.values.view(), labels, k);
    let revenue = customers.money("net_revenue")?;
    let sizes = group_sizes(k, labels.iter().map(|label| *label as usize), &revenue);
    let total: Money = revenue.iter().copied().sum();
    let mut buyers = vec![0_u64; k];
    for (label, orders) in labels.iter().zip(customers.integers("n_orders")?) {
        buyers[*label as usize] += u64::from(orders > 0);
    }
    let share = |cluster: usize| buyers[cluster] as f64 / sizes[cluster].customers.max(1) as f64;
    let traits: Vec<Traits<'_>> = profiles
        .iter()
        .zip(0..k)
        .map(|(profile, cluster)| Traits {
            z_scores: &profile.z_scores,
            buyer_share: share(cluster),
        })
        .collect();
    let names = cluster_names(columns, &traits);
    let means = plain_means(customers, columns, labels, k)?;
    let mut clusters = Vec::with_capacity(k);
    for (((profile, name), size), means) in profiles.iter().zip(names).zip(&sizes).zip(means) {
        clusters.push(ClusterSummary {
            cluster: profile.cluster,
            name,
            tier: bounds.tier(size.revenue, size.customers, total, customers.len() as u64),
            size: *size,
            buyer_share: share(profile.cluster as usize),
            z_scores: profile.z_scores.clone(),
            means,
            medoid: profile.medoid,
            medoid_user_id: customers.id(profile.medoid)?,
        });
    }
    Ok(clusters)
}

/// Per cluster and column, the mean over the members before any scaling, undefined values as 0.
fn plain_means(
    customers: &Customers,
    columns: &[&'static BehaviourColumn],
    labels: &[u32],
    k: usize,
) -> Result<Vec<Vec<f64>>, FeatureError> {
    let mut counts = vec![0_u64; k];
    labels.iter().for_each(|label| counts[*label as usize] += 1);
    let mut means = vec![Vec::with_capacity(columns.len()); k];
    for column in columns {
        let mut sums = vec![0.0; k];
        for (label, value) in labels.iter().zip(customers.floats(column.name)?) {
            sums[*label as usize] += value.unwrap_or(0.0);
        }
        for ((means, sum), count) in means.iter_mut().zip(sums).zip(&counts) {
            means.push(sum / (*count).max(1) as f64);
        }
    }
    Ok(means)
}
