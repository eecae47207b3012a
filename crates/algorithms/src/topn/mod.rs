//! The items with the highest scores for each user, exactly.
//!
//! **What.** For factors of users and items, the `n` items with the largest dot product (plus
//! biases) per user, without those the user has already seen and those a filter excludes.
//!
//! **Exactly.** The result is that of scoring every item and sorting: by falling score, equal scores
//! by rising item index. A score is summed in `f32` in the order of the factors, so it has the bits
//! of [`Als::score`](crate::als::Als::score). An item whose score is not a number is left out.
//!
//! **How.** Items are packed once, the longest vectors first, into tiles with the factors of sixteen
//! items side by side. A score is at most the product of the lengths of its vectors (plus biases), so
//! the search of a user ends where the worst score of a full list is out of reach for all items that
//! are left, as in LEMP (Teflioudi, Gemulla, Mykytiuk: *LEMP: Fast Retrieval of Large Entries in a
//! Matrix Product*, SIGMOD 2015): soon if few items are popular, and never too early, because the
//! bound has a margin for rounding. Users are taken in blocks, items in panels that stay in the
//! cache; each tile of scores is compared with the worst score each user has kept, and only what
//! reaches it is put into the user's list, unless it is found in the sorted row of seen items. Eight
//! users and sixteen items are scored side by side, each score by itself, with the best instructions
//! of the machine. Memory does not grow with users times items, and the result depends neither on the
//! number of threads nor on the machine.
//!
//! **Cost.** At most `2 k` operations per user and item; memory: a packed copy of the items.

mod best;
mod packed;
#[cfg(test)]
mod tests;

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use thiserror::Error;

use self::best::Best;
use self::packed::{LANES, Packed, Search, USERS, pack_users, reach};
use crate::als::{Als, Factors};
use crate::isa;

/// Users per unit of parallel work.
const BLOCK_USERS: usize = 64;

/// An item and its score for a user.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recommendation {
    /// Index of the item.
    pub item: u32,
    /// Its score.
    pub score: f32,
}

/// Why there is no list.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TopNError {
    /// Users and items differ in their number of factors.
    #[error("users have {found} factors, but items have {expected}")]
    Factors {
        /// Factors of the items.
        expected: usize,
        /// Factors of the users.
        found: usize,
    },
    /// Something that belongs to each row is not one per row.
    #[error("there are {found} {what} for {expected} rows")]
    Length {
        /// What was given.
        what: &'static str,
        /// Rows.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// Items are numbered by `u32`.
    #[error("{0} items are more than can be numbered")]
    TooManyItems(usize),
}

/// Items made ready for searching.
#[derive(Clone, Debug)]
pub struct TopN {
    packed: Packed,
    global_mean: f32,
}

impl TopN {
    /// Packs the items of a model, all or those for which `allowed` holds. `O(n_items k)`.
    ///
    /// # Errors
    /// More items than `u32` can number; biases or `allowed` not one per item.
    pub fn new(
        items: &Factors,
        global_mean: f32,
        allowed: Option<&[bool]>,
    ) -> Result<Self, TopNError> {
        let n = items.len();
        if u32::try_from(n).is_err() {
            return Err(TopNError::TooManyItems(n));
        }
        check_length("biases", n, items.biases.as_ref().map_or(n, Vec::len))?;
        check_length("filter values", n, allowed.map_or(n, <[bool]>::len))?;
        Ok(Self {
            packed: Packed::new(items, allowed),
            global_mean,
        })
    }

    /// The best `n` items for each user, best first; fewer if fewer are left.
    ///
    /// `seen(user)` is the sorted list of items to leave out, empty for none; `user` counts the rows
    /// of `users` from 0. Memory of the result is `8 n` bytes per user: for many users call this
    /// block by block.
    ///
    /// # Errors
    /// Users with another number of factors than the items, biases not one per user.
    pub fn of_users<'a, S>(
        &self,
        users: &Factors,
        n: usize,
        seen: S,
    ) -> Result<Vec<Vec<Recommendation>>, TopNError>
    where
        S: Fn(usize) -> &'a [u32] + Sync,
    {
        let found = users.vectors.ncols();
        let expected = self.packed.n_factors();
        if found != expected {
            return Err(TopNError::Factors { expected, found });
        }
        let n_users = users.len();
        let biases = users.biases.as_ref().map_or(n_users, Vec::len);
        check_length("biases", n_users, biases)?;
        let values = users.values();
        let lists: Vec<Vec<Vec<Recommendation>>> = (0..n_users.div_ceil(BLOCK_USERS))
            .into_par_iter()
            .map(|block| {
                let first = block * BLOCK_USERS;
                let last = n_users.min(first + BLOCK_USERS);
                let offset = |user: usize| self.global_mean + users.bias(user);
                let vector = |user: usize| &values[user * expected..][..expected];
                let mut best: Vec<Best<'_>> = (first..last)
                    .map(|user| Best::new(n, offset(user), reach(vector(user)), seen(user)))
                    .collect();
                let vectors = &values[first * expected..last * expected];
                self.search(vectors, &mut best);
                best.into_iter().map(Best::into_list).collect()
            })
            .collect();
        Ok(lists.into_iter().flatten().collect())
    }

    /// Offers every item to every user of a block, panel by panel.
    fn search(&self, vectors: &[f32], best: &mut [Best<'_>]) {
        let k = self.packed.n_factors();
        let packed_users = pack_users(vectors, k);
        let mut dots = [[0.0; LANES]; USERS];
        for tiles in self.packed.panels() {
            for (group, best) in best.chunks_mut(USERS).enumerate() {
                let (mut offsets, mut reaches) = ([0.0; USERS], [0.0; USERS]);
                // Nothing reaches this: places without a user.
                let mut thresholds = [f32::INFINITY; USERS];
                for (user, best) in best.iter().enumerate() {
                    offsets[user] = best.offset();
                    reaches[user] = best.reach();
                    thresholds[user] = best.threshold();
                }
                isa::run(Search {
                    packed: &self.packed,
                    tiles: tiles.clone(),
                    users: &packed_users[group * k..(group + 1) * k],
                    reaches,
                    offsets,
                    thresholds,
                    dots: &mut dots,
                    take: |user: usize, tile, scores: &_| {
                        best[user].offer(self.packed.items(tile), scores)
                    },
                });
            }
        }
    }
}

impl Als {
    /// The best `n` items of all users, as [`TopN::of_users`].
    ///
    /// # Errors
    /// As [`TopN::new`] and [`TopN::of_users`].
    pub fn top_n<'a, S>(&self, n: usize, seen: S) -> Result<Vec<Vec<Recommendation>>, TopNError>
    where
        S: Fn(usize) -> &'a [u32] + Sync,
    {
        TopN::new(&self.items, self.global_mean, None)?.of_users(&self.users, n, seen)
    }
}

/// Rows scaled to length 1, so that their dot products are cosines; rows of zeros stay zero.
///
/// For items similar to an item: pack these, and look for the row of the item with the item itself
/// as seen.
#[must_use]
pub fn unit_rows(vectors: ArrayView2<f32>) -> Array2<f32> {
    let mut scaled = vectors.to_owned();
    for mut row in scaled.rows_mut() {
        let square: f64 = row.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
        if square > 0.0 {
            let length = square.sqrt();
            row.mapv_inplace(|value| (f64::from(value) / length) as f32);
        }
    }
    scaled
}

fn check_length(what: &'static str, expected: usize, found: usize) -> Result<(), TopNError> {
    if found == expected {
        Ok(())
    } else {
        Err(TopNError::Length {
            what,
            expected,
            found,
        })
    }
}
