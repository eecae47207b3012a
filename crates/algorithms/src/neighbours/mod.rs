//! Items near to those a user likes: the neighbourhood recommender that factor models are measured
//! against.
//!
//! **What.** A user likes an item with a score above 0. Two items are alike when the same users like
//! them: their similarity is the cosine of their columns of likes, shrunk where few users speak for
//! it, `both / (sqrt(a b) + shrinkage)` for `a` and `b` users who like one and the other. An item is
//! recommended to a user by the sum of its similarities to the items the user likes, counting for
//! each liked item only its nearest neighbours.
//!
//! Likes, not scores, and shrunk: with scores one eager user decides what is near, and without
//! shrinkage two items that one user each bought once are as near as can be, which makes the
//! recommender far weaker on sparse logs.
//!
//! **Exactly.** Counts are whole numbers and sums run in a fixed order, so results have the same bits
//! for any number of threads. Equal similarities and equal scores go by rising item index.
//!
//! **Cost.** Fit: the sum over users of the square of the items they like; memory: the neighbours,
//! and one row of the similarity matrix per thread.
//!
//! **Sources.** Sarwar, Karypis, Konstan and Riedl 2001, *Item-based collaborative filtering
//! recommendation algorithms*; Deshpande and Karypis 2004, *Item-based top-N recommendation
//! algorithms*; Bell and Koren 2007, *Improved neighborhood-based collaborative filtering*, for the
//! shrinkage. Without it and on scores of 1 as `CosineRecommender` of `implicit`.

#[cfg(test)]
mod tests;

use rayon::prelude::*;

use crate::als::{Interactions, Row as ScoreRow};
use crate::topn::Recommendation;

/// The nearest items of each item.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemNeighbours {
    /// Per item its neighbours and similarities, nearest first.
    neighbours: Vec<Vec<(u32, f32)>>,
}

/// One row of a sum over items, with the places that were touched.
struct Row {
    sums: Vec<f64>,
    touched: Vec<u32>,
}

impl Row {
    fn new(n_items: usize) -> Self {
        Self {
            sums: vec![0.0; n_items],
            touched: Vec::new(),
        }
    }

    /// Adds a value above 0.
    fn add(&mut self, item: u32, value: f64) {
        let sum = &mut self.sums[item as usize];
        if *sum == 0.0 {
            self.touched.push(item);
        }
        *sum += value;
    }

    /// Takes the sums out, in no order, and leaves the row empty.
    fn drain(&mut self) -> Vec<(u32, f64)> {
        let touched = std::mem::take(&mut self.touched);
        let take = |item: u32| (item, std::mem::take(&mut self.sums[item as usize]));
        touched.into_iter().map(take).collect()
    }
}

/// The indices with a score above 0.
fn liked(row: ScoreRow<'_>) -> impl Iterator<Item = u32> + '_ {
    row.iter()
        .filter(|&(_, score)| score > 0.0)
        .map(|(index, _)| index)
}

/// The `n` largest, largest first; equal ones by item.
fn largest(mut found: Vec<(u32, f64)>, n: usize) -> Vec<(u32, f64)> {
    let order = |a: &(u32, f64), b: &(u32, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if n < found.len() {
        found.select_nth_unstable_by(n, order);
        found.truncate(n);
    }
    found.sort_unstable_by(order);
    found
}

impl ItemNeighbours {
    /// Finds the `n_neighbours` nearest items of each item, without the item itself; an item that
    /// nobody likes has no neighbours. `shrinkage` is at least 0: that of plain cosine.
    #[must_use]
    pub fn fit(interactions: &Interactions, n_neighbours: usize, shrinkage: f64) -> Self {
        let n_items = interactions.n_items();
        let n_fans = |item: usize| liked(interactions.item(item)).count() as f64;
        let fans: Vec<f64> = (0..n_items).into_par_iter().map(n_fans).collect();
        let neighbours = (0..n_items).into_par_iter().map_init(
            || Row::new(n_items),
            |row, item| {
                for user in liked(interactions.item(item)) {
                    let others = liked(interactions.user(user as usize));
                    for other in others.filter(|&other| other as usize != item) {
                        row.add(other, 1.0);
                    }
                }
                let mut found = row.drain();
                for (other, both) in &mut found {
                    *both /= (fans[item] * fans[*other as usize]).sqrt() + shrinkage;
                }
                let nearest = largest(found, n_neighbours).into_iter();
                nearest.map(|(other, near)| (other, near as f32)).collect()
            },
        );
        Self {
            neighbours: neighbours.collect(),
        }
    }

    /// The neighbours of an item with their similarities (above 0, at most 1), nearest first.
    ///
    /// # Panics
    /// If `item` is not below the number of items.
    #[must_use]
    pub fn of(&self, item: usize) -> &[(u32, f32)] {
        &self.neighbours[item]
    }

    /// The best `n` items for each of these users, best first, without those the user has any score
    /// for; fewer if fewer are near to anything the user likes. `allowed` says which items may be
    /// recommended, one value per item.
    ///
    /// # Panics
    /// If a user is not below the number of users, or `allowed` is shorter than the items.
    #[must_use]
    pub fn of_users(
        &self,
        interactions: &Interactions,
        users: &[u32],
        n: usize,
        allowed: &[bool],
    ) -> Vec<Vec<Recommendation>> {
        let lists = users.par_iter().map_init(
            || Row::new(self.neighbours.len()),
            |row, &user| {
                let history = interactions.user(user as usize);
                for item in liked(history) {
                    for &(other, near) in &self.neighbours[item as usize] {
                        row.add(other, f64::from(near));
                    }
                }
                let mut found = row.drain();
                found.retain(|(item, _)| {
                    allowed[*item as usize] && history.indices.binary_search(item).is_err()
                });
                let best = largest(found, n).into_iter();
                best.map(|(item, score)| Recommendation {
                    item,
                    score: score as f32,
                })
                .collect()
            },
        );
        lists.collect()
    }
}
