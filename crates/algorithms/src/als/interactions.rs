use std::ops::Range;

use super::error::{AlsError, Side};

/// Scores of users for items, sparse, readable by user and by item.
///
/// Two compressed tables of rows (CSR and its transpose), each row sorted by the index of the other
/// side. Equal pairs are kept as separate observations, as Spark keeps them, in the order given;
/// whoever wants one score per pair merges them beforehand. A score of 0 is an observation too:
/// explicit fits learn from it, implicit fits give it no weight.
///
/// Memory: 16 bytes per interaction, 8 per user and per item.
#[derive(Clone, Debug, PartialEq)]
pub struct Interactions {
    pub(crate) by_user: SparseRows,
    pub(crate) by_item: SparseRows,
}

/// Compressed rows of `(index, score)` entries.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SparseRows {
    starts: Vec<usize>,
    indices: Vec<u32>,
    scores: Vec<f32>,
}

/// One row: the indices of the other side, rising, and a score for each.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Row<'a> {
    /// Indices of the other side, in rising order; equal ones are separate observations.
    pub indices: &'a [u32],
    /// The scores, one per index.
    pub scores: &'a [f32],
}

impl<'a> Row<'a> {
    /// The entries, in order.
    pub fn iter(self) -> impl Iterator<Item = (u32, f32)> + 'a {
        self.indices
            .iter()
            .copied()
            .zip(self.scores.iter().copied())
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }
}

impl Interactions {
    /// Reads `(user, item, score)` triples in any order. `O(n)`, by counting sorts: two if the triples
    /// come in the order of users and items, else three.
    ///
    /// Users and items without a triple are allowed; a fit gives them zero factors.
    ///
    /// # Errors
    /// A user or item index out of range, a score that is NaN or infinite (the first of them).
    pub fn from_triples(
        n_users: usize,
        n_items: usize,
        triples: &[(u32, u32, f32)],
    ) -> Result<Self, AlsError> {
        for &(user, item, score) in triples {
            check_index(Side::User, user, n_users)?;
            check_index(Side::Item, item, n_items)?;
            if !score.is_finite() {
                return Err(AlsError::NonFiniteScore { user, item });
            }
        }
        let is_sorted = triples.is_sorted_by_key(|&(user, item, _)| (user, item));
        // Each pass sorts by one side and keeps the order of the other. The last two passes leave
        // both tables sorted within their rows.
        let by_user = if is_sorted {
            SparseRows::collect(n_users, triples.len(), || triples.iter().copied())
        } else {
            let by_item = || (triples.iter()).map(|&(user, item, score)| (item, user, score));
            SparseRows::collect(n_items, triples.len(), by_item).transposed(n_users)
        };
        let by_item = by_user.transposed(n_items);
        Ok(Self { by_user, by_item })
    }

    /// Number of users.
    #[must_use]
    pub fn n_users(&self) -> usize {
        self.by_user.n_rows()
    }

    /// Number of items.
    #[must_use]
    pub fn n_items(&self) -> usize {
        self.by_item.n_rows()
    }

    /// Number of interactions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_user.indices.len()
    }

    /// Whether there is no interaction.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items of a user, sorted, with their scores.
    ///
    /// # Panics
    /// If `user` is not below `n_users`.
    #[must_use]
    pub fn user(&self, user: usize) -> Row<'_> {
        self.by_user.row(user)
    }

    /// The users of an item, sorted, with their scores.
    ///
    /// # Panics
    /// If `item` is not below `n_items`.
    #[must_use]
    pub fn item(&self, item: usize) -> Row<'_> {
        self.by_item.row(item)
    }

    /// The mean score, 0 without interactions; summed in `f64` in the order of the users.
    #[must_use]
    pub fn mean_score(&self) -> f64 {
        let sum: f64 = self.by_user.scores.iter().map(|&s| f64::from(s)).sum();
        sum / self.len().max(1) as f64
    }
}

pub(crate) fn check_index(side: Side, index: u32, n: usize) -> Result<(), AlsError> {
    let index = index as usize;
    if index < n {
        Ok(())
    } else {
        Err(AlsError::OutOfRange { side, index, n })
    }
}

impl SparseRows {
    /// A stable counting sort of `(row, index, score)` entries by row.
    fn collect<I>(n_rows: usize, n: usize, entries: impl Fn() -> I) -> Self
    where
        I: Iterator<Item = (u32, u32, f32)>,
    {
        let mut starts = vec![0; n_rows + 1];
        for (row, _, _) in entries() {
            starts[row as usize + 1] += 1;
        }
        for row in 0..n_rows {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let (mut indices, mut scores) = (vec![0; n], vec![0.0; n]);
        for (row, index, score) in entries() {
            let place = &mut next[row as usize];
            indices[*place] = index;
            scores[*place] = score;
            *place += 1;
        }
        Self {
            starts,
            indices,
            scores,
        }
    }

    fn transposed(&self, n_rows: usize) -> Self {
        Self::collect(n_rows, self.indices.len(), || {
            (0_u32..).zip(0..self.n_rows()).flat_map(|(name, row)| {
                let row = self.row(row);
                let entries = row.indices.iter().zip(row.scores);
                entries.map(move |(&index, &score)| (index, name, score))
            })
        })
    }

    pub(crate) fn n_rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// The indices of several rows.
    pub(crate) fn indices_of(&self, rows: Range<usize>) -> &[u32] {
        &self.indices[self.starts[rows.start]..self.starts[rows.end]]
    }

    pub(crate) fn row(&self, row: usize) -> Row<'_> {
        let range = self.starts[row]..self.starts[row + 1];
        Row {
            indices: &self.indices[range.clone()],
            scores: &self.scores[range],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_on_both_sides_and_repeated_pairs_keep_their_order() {
        let triples = [(1, 2, 5.0), (0, 1, 1.0), (1, 0, 2.0), (1, 2, -3.0)];
        let found = Interactions::from_triples(3, 3, &triples).unwrap();
        assert_eq!((found.n_users(), found.n_items(), found.len()), (3, 3, 4));
        assert_eq!(found.user(1).indices, [0, 2, 2]);
        assert_eq!(found.user(1).scores, [2.0, 5.0, -3.0]);
        assert!(found.user(2).is_empty());
        assert_eq!(found.item(2).indices, [1, 1]);
        assert_eq!(found.item(2).scores, [5.0, -3.0]);
        assert_eq!(found.item(1).iter().collect::<Vec<_>>(), [(0, 1.0)]);
        assert_eq!(found.mean_score(), 1.25);
        let mut in_order = triples;
        in_order.sort_by_key(|&(user, item, _)| (user, item));
        assert_eq!(Interactions::from_triples(3, 3, &in_order).unwrap(), found);
    }

    #[test]
    fn bad_triples_are_named() {
        let refusal =
            |triple| Interactions::from_triples(2, 3, &[(0, 0, 1.0), triple]).unwrap_err();
        assert_eq!(
            refusal((2, 0, 1.0)).to_string(),
            "user index 2 is out of range: there are 2 users"
        );
        assert_eq!(
            refusal((0, 3, 1.0)).to_string(),
            "item index 3 is out of range: there are 3 items"
        );
        for score in [f32::NAN, f32::INFINITY] {
            assert_eq!(
                refusal((1, 2, score)),
                AlsError::NonFiniteScore { user: 1, item: 2 }
            );
        }
    }
}
