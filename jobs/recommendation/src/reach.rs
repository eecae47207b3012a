//! How far recommendations reach into the catalogue.

use arrow::array::Array;

use crate::error::TableError;
use crate::ids::{IdMap, ItemIndex};
use crate::interactions::Rows;
use crate::outcome::Reach;
use crate::segments::Spread;

/// Groups of products.
const GROUPS: usize = 10;

/// Compares, by popularity, where events are and where recommendations go. `n_users` counts the
/// customers that like each item.
pub(crate) fn reach(
    rows: &Rows,
    items: &IdMap,
    n_users: &[u32],
    spread: &Spread,
) -> Result<Reach, TableError> {
    let mut events = vec![0_u64; items.len()];
    for (row, item) in items.indices_of(&rows.products)?.into_iter().enumerate() {
        if let Some(item) = item
            && rows.used.value(row)
            && rows.n_events.is_valid(row)
        {
            events[item as usize] += rows.n_events.value(row).unsigned_abs();
        }
    }
    let recommended: Vec<u64> = spread.recommended.iter().map(|n| u64::from(*n)).collect();
    let mut order: Vec<ItemIndex> = (0..items.len() as u32).collect();
    order.sort_unstable_by_key(|item| (std::cmp::Reverse(n_users[*item as usize]), *item));
    Ok(Reach {
        events: shares(&order, &events),
        recommendations: shares(&order, &recommended),
        coverage: spread.coverage(),
    })
}

/// The share of the counts in each of ten groups of items, in the order given; the groups differ by
/// at most one item. Zeros when there is nothing to share.
fn shares(order: &[ItemIndex], counts: &[u64]) -> Vec<f64> {
    let total: u64 = counts.iter().sum();
    let border = |group: usize| group * order.len() / GROUPS;
    let of_group = |group: usize| -> f64 {
        let items = &order[border(group)..border(group + 1)];
        let sum: u64 = items.iter().map(|item| counts[*item as usize]).sum();
        sum as f64 / total.max(1) as f64
    };
    (0..GROUPS).map(of_group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_ten_groups_add_up() {
        let order: Vec<u32> = (0..25).rev().collect();
        let counts: Vec<u64> = (0..25).collect();
        let shares = shares(&order, &counts);
        assert_eq!(shares.len(), 10);
        // Items 24 and 23 of 300.
        assert_eq!(shares[0], 47.0 / 300.0);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(super::shares(&[0, 1], &[0, 0]), [0.0; 10]);
    }
}
