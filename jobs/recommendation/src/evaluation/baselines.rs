//! What a model must beat.

use algorithms::als::Interactions;
use algorithms::draws::random_order;
use algorithms::neighbours::ItemNeighbours;
use rayon::prelude::*;

use super::lists::{PLACES, TestSet, items};
use crate::ids::ItemIndex;
use crate::interactions::Pair;

/// Users who must like two products beyond chance before they count as near: without it products
/// that few know are near to anything, and the baseline is easy to beat.
const SHRINKAGE: f64 = 10.0;
const DAY_US: f64 = 86_400_000_000.0;

/// The most popular products that the customer has not had, for every customer of the test.
pub(super) fn popular(
    test: &TestSet,
    train: &Interactions,
    counts: &[usize],
) -> Vec<Vec<ItemIndex>> {
    let mut order: Vec<ItemIndex> = (0..counts.len() as u32)
        .filter(|item| test.known[*item as usize])
        .collect();
    order.sort_unstable_by_key(|item| (std::cmp::Reverse(counts[*item as usize]), *item));
    let list = |user: &u32| -> Vec<ItemIndex> {
        let seen = train.user(*user as usize).indices;
        let unseen = order
            .iter()
            .filter(|item| seen.binary_search(item).is_err());
        unseen.take(PLACES).copied().collect()
    };
    test.users.par_iter().map(list).collect()
}

/// Customers that like a product and had to do with it within so many days before `until`.
pub(super) fn recent_fans(n_items: usize, train: &[Pair], until: i64, days: f64) -> Vec<usize> {
    let since = until.saturating_sub((days * DAY_US) as i64);
    let mut counts = vec![0; n_items];
    let recent = |pair: &&Pair| pair.score > 0.0 && pair.last_event_at >= since;
    for pair in train.iter().filter(recent) {
        counts[pair.item as usize] += 1;
    }
    counts
}

/// The products nearest to those that the customer likes.
pub(super) fn nearest(
    test: &TestSet,
    train: &Interactions,
    neighbours: usize,
) -> Vec<Vec<ItemIndex>> {
    let near = ItemNeighbours::fit(train, neighbours, SHRINKAGE);
    let lists = near.of_users(train, &test.users, PLACES, &test.known);
    lists.iter().map(|list| items(list)).collect()
}

/// Products at random.
pub(super) fn random(test: &TestSet, train: &Interactions, seed: u64) -> Vec<Vec<ItemIndex>> {
    let list = |user: &u32| -> Vec<ItemIndex> {
        let seen = train.user(*user as usize).indices;
        let skip = |item: usize| !test.known[item] || seen.binary_search(&(item as u32)).is_ok();
        let order = random_order(test.known.len(), PLACES, seed, u64::from(*user), skip);
        order.into_iter().map(|item| item as u32).collect()
    };
    test.users.par_iter().map(list).collect()
}
