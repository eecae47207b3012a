//! Sums over groups of customers.

use crate::money::Money;
use crate::outcome::GroupSize;

/// The size and the revenue of each group, given the group and the revenue of every customer.
pub(crate) fn group_sizes(
    groups: usize,
    group_of: impl Iterator<Item = usize>,
    revenue: &[Money],
) -> Vec<GroupSize> {
    let mut counts = vec![(0_u64, Money::ZERO); groups];
    for (group, revenue) in group_of.zip(revenue) {
        counts[group] = (counts[group].0 + 1, counts[group].1 + *revenue);
    }
    let total: Money = revenue.iter().copied().sum();
    let size = |(customers, revenue): (u64, Money)| GroupSize {
        customers,
        share: if customers == 0 {
            0.0
        } else {
            customers as f64 / count(&counts)
        },
        revenue,
        revenue_share: revenue.share_of(total),
    };
    counts.iter().copied().map(size).collect()
}

fn count(groups: &[(u64, Money)]) -> f64 {
    groups.iter().map(|(customers, _)| *customers).sum::<u64>() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_counted_and_their_revenue_is_summed_exactly() {
        let revenue = [1, 2, 4, -3].map(Money::from_unscaled);
        let sizes = group_sizes(3, [0, 2, 0, 2].into_iter(), &revenue);
        let counts: Vec<u64> = sizes.iter().map(|size| size.customers).collect();
        let sums: Vec<i128> = sizes.iter().map(|size| size.revenue.unscaled()).collect();
        assert_eq!((counts, sums), (vec![2, 0, 2], vec![5, 0, -1]));
        assert_eq!(sizes[0].share, 0.5);
        assert_eq!(sizes[0].revenue_share, Some(1.25));
        assert_eq!(sizes[1].share, 0.0);
    }
}
