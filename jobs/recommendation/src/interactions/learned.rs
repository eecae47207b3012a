//! Counts of who and what is learned from.

use arrow::array::Array;

use super::PairTable;
use super::table::{EVIDENCE_SCALE, Rows, Scoring};
use crate::error::TableError;
use crate::outcome::Learned;

/// Counts what is learned from and what is left out.
pub(crate) fn learned(
    rows: &Rows,
    pairs: &PairTable,
    scoring: Scoring,
) -> Result<Learned, TableError> {
    let (n_users, n_items) = (pairs.users.len(), pairs.items.len());
    let n_pairs = pairs.pairs.len();
    let users = pairs.users.indices_of(&rows.users)?;
    let products = pairs.items.indices_of(&rows.products)?;
    let events = (0..rows.len())
        .filter(|row| rows.used.value(*row))
        .map(|row| rows.n_events.value(row).unsigned_abs())
        .sum();
    let mut per_user = vec![0_u32; n_users];
    let (mut positive, mut negative) = (0, 0);
    let (mut sum, mut least, mut most) = (0.0, f64::INFINITY, f64::NEG_INFINITY);
    for pair in &pairs.pairs {
        per_user[pair.user as usize] += 1;
        positive += u64::from(pair.score > 0.0);
        negative += u64::from(pair.score < 0.0);
        let score = f64::from(pair.score);
        sum += score;
        least = least.min(score);
        most = most.max(score);
    }
    per_user.sort_unstable();
    Ok(Learned {
        users: n_users as u64,
        products: n_items as u64,
        pairs: n_pairs as u64,
        positive_pairs: positive,
        negative_pairs: negative,
        events,
        users_left_out: left_out(&rows.users, &users),
        products_left_out: left_out_unsorted(&rows.products, &products)?,
        pairs_left_out: (rows.len() - n_pairs) as u64,
        density: n_pairs as f64 / (n_users as f64 * n_items as f64),
        median_products_per_user: median(&per_user),
        mean_score: sum / n_pairs as f64,
        min_score: least,
        max_score: most,
        capped_pairs: capped(rows, scoring),
    })
}

/// Used pairs whose evidence is beyond the cap.
fn capped(rows: &Rows, scoring: Scoring) -> u64 {
    if scoring.scores_given {
        return 0;
    }
    let most = (scoring.max_score * 10_f64.powi(i32::from(EVIDENCE_SCALE))) as i128;
    let beyond = |row: &usize| rows.evidence.value(*row).abs() > most;
    let used = (0..rows.len()).filter(|row| rows.used.value(*row));
    used.filter(beyond).count() as u64
}

/// Different ids without an index; equal ids stand together.
fn left_out(ids: &dyn Array, indices: &[Option<u32>]) -> u64 {
    let ranges = arrow::compute::partition(&[ids.slice(0, ids.len())]);
    ranges.map_or(0, |partitions| {
        let ranges = partitions.ranges();
        let unknown = ranges.iter().filter(|range| indices[range.start].is_none());
        unknown.count() as u64
    })
}

/// Different ids without an index, in any order.
fn left_out_unsorted(ids: &dyn Array, indices: &[Option<u32>]) -> Result<u64, TableError> {
    let unknown: arrow::array::BooleanArray =
        indices.iter().map(|index| Some(index.is_none())).collect();
    let unknown = arrow::compute::filter(ids, &unknown)?;
    let sorted = arrow::compute::sort(&unknown, None)?;
    Ok(left_out(&sorted, &vec![None; sorted.len()]))
}

/// The median of sorted counts; between the two middle ones of an even number.
fn median(sorted: &[u32]) -> f64 {
    let middle = sorted.len() / 2;
    match sorted {
        [] => 0.0,
        _ if sorted.len() % 2 == 1 => f64::from(sorted[middle]),
        _ => (f64::from(sorted[middle - 1]) + f64::from(sorted[middle])) / 2.0,
    }
}
