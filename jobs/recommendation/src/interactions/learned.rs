//! Counts of who and what is learned from.

use super::table::{EVIDENCE_SCALE, Rows, Scoring};
use super::{PairTable, Places};
use crate::outcome::Learned;

/// Counts what is learned from and what is left out.
pub(crate) fn learned(
    rows: &Rows,
    places: &Places,
    pairs: &PairTable,
    scoring: Scoring,
) -> Learned {
    let (n_users, n_items) = (pairs.users.len(), pairs.items.len());
    let n_pairs = pairs.pairs.len();
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
    Learned {
        users: n_users as u64,
        products: n_items as u64,
        pairs: n_pairs as u64,
        positive_pairs: positive,
        negative_pairs: negative,
        events,
        users_left_out: (places.n_users() - n_users) as u64,
        products_left_out: (places.n_products() - n_items) as u64,
        pairs_left_out: (rows.len() - n_pairs) as u64,
        density: n_pairs as f64 / (n_users as f64 * n_items as f64),
        median_products_per_user: median(&per_user),
        mean_score: sum / n_pairs as f64,
        min_score: least,
        max_score: most,
        capped_pairs: capped(rows, scoring),
    }
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

/// The median of sorted counts; between the two middle ones of an even number.
fn median(sorted: &[u32]) -> f64 {
    let middle = sorted.len() / 2;
    match sorted {
        [] => 0.0,
        _ if sorted.len() % 2 == 1 => f64::from(sorted[middle]),
        _ => (f64::from(sorted[middle - 1]) + f64::from(sorted[middle])) / 2.0,
    }
}
