//! Items near to those a user likes: the neighbourhood recommender that factor models are measured
//! against.
//!
//! **What.** Two items are alike when the same users like them: their similarity is the cosine of
//! their columns of positive scores. An item is recommended to a user by the sum, over the items the
//! user likes, of the user's score times the similarity, counting for each liked item only its
//! nearest neighbours.
//!
//! **Exactly.** Similarities are summed in `f64` over users in rising order, so they have the same
//! bits for any number of threads. Equal similarities and equal scores go by rising item index.
//!
//! **Cost.** Fit: the sum over users of the square of the items they like; memory: the neighbours,
//! and one row of the similarity matrix per thread.
//!
//! **Sources.** Sarwar, Karypis, Konstan and Riedl 2001, *Item-based collaborative filtering
//! recommendation algorithms*; Deshpande and Karypis 2004, *Item-based top-N recommendation
//! algorithms*; as `CosineRecommender` of `implicit`.

#[cfg(test)]
mod tests;

use rayon::prelude::*;

use crate::als::Interactions;
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
    /// Finds the `n_neighbours` nearest items of each item, without the item itself. Scores at or
    /// below 0 are left aside; an item that nobody likes has no neighbours.
    #[must_use]
    pub fn fit(interactions: &Interactions, n_neighbours: usize) -> Self {
        let n_items = interactions.n_items();
        let liked = |index: u32, score: f32| (score > 0.0).then_some((index, f64::from(score)));
        let norm = |item: usize| -> f64 {
            let scores = interactions.item(item).iter();
            let squares = scores.filter_map(|(user, score)| liked(user, score));
            squares.map(|(_, score)| score * score).sum::<f64>().sqrt()
        };
        let norms: Vec<f64> = (0..n_items).into_par_iter().map(norm).collect();
        let neighbours = (0..n_items).into_par_iter().map_init(
            || Row::new(n_items),
            |row, item| {
                for (user, score) in interactions.item(item).iter() {
                    let Some((user, score)) = liked(user, score) else {
                        continue;
                    };
                    for (other, theirs) in interactions.user(user as usize).iter() {
                        if let Some((other, theirs)) = liked(other, theirs)
                            && other as usize != item
                        {
                            row.add(other, score * theirs);
                        }
                    }
                }
                let mut found = row.drain();
                for (other, sum) in &mut found {
                    *sum /= norms[item] * norms[*other as usize];
                }
                let nearest = largest(found, n_neighbours).into_iter();
                nearest
                    .map(|(other, cosine)| (other, cosine as f32))
                    .collect()
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
                for (item, score) in history.iter().filter(|&(_, score)| score > 0.0) {
                    for &(other, cosine) in &self.neighbours[item as usize] {
                        row.add(other, f64::from(score) * f64::from(cosine));
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
