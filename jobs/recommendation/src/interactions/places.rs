//! Where the user and the product of every pair stand, found once for all that asks.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, UInt64Array};
use arrow::compute::{filter, take};
use arrow::error::ArrowError;
use rayon::prelude::*;

use super::table::Rows;
use super::{Pair, PairTable};
use crate::error::TableError;
use crate::ids::{IdMap, ItemIndex, UserIndex};

/// Rows per unit of parallel work.
const PART: usize = 1 << 16;

/// The place of the user of each pair among the users of all pairs, and that of its product in the
/// catalogue.
pub(crate) struct Places {
    /// The first row of each user.
    firsts: Vec<u64>,
    users: Vec<UserIndex>,
    products: Vec<ItemIndex>,
    /// Pairs of each product of the catalogue.
    per_product: Vec<i64>,
}

impl Places {
    /// Finds the places of rows that are sorted by user. The catalogue knows every product.
    ///
    /// # Errors
    ///
    /// A product that the catalogue does not know; ids of another type than its own.
    pub(crate) fn of_rows(rows: &Rows, catalogue: &IdMap) -> Result<Self, TableError> {
        let products = catalogue.indices_of(&rows.products)?;
        let products: Option<Vec<ItemIndex>> = products.into_par_iter().collect();
        let products = products.ok_or(TableError::Stranger)?;
        let runs = arrow::compute::partition(&[Arc::clone(&rows.users)])?.ranges();
        let mut users = Vec::with_capacity(rows.len());
        for (user, run) in (0..).zip(&runs) {
            users.resize(run.end, user);
        }
        let mut per_product = vec![0; catalogue.len()];
        for &product in &products {
            per_product[product as usize] += 1;
        }
        Ok(Self {
            firsts: runs.iter().map(|run| run.start as u64).collect(),
            users,
            products,
            per_product,
        })
    }

    /// How many users there are.
    pub(crate) fn n_users(&self) -> usize {
        self.firsts.len()
    }

    /// How many pairs each product of the catalogue has.
    pub(crate) fn per_product(&self) -> &[i64] {
        &self.per_product
    }

    /// How many products have pairs.
    pub(crate) fn n_products(&self) -> usize {
        self.per_product.iter().filter(|pairs| **pairs > 0).count()
    }

    /// The pairs that are learned from, and the ids they are made of.
    ///
    /// # Errors
    ///
    /// Ids that do not rise.
    pub(crate) fn learned(&self, rows: &Rows, catalogue: &IdMap) -> Result<PairTable, TableError> {
        let (mut users, mut items) = (vec![false; self.n_users()], vec![false; catalogue.len()]);
        for (row, (&user, &product)) in self.users.iter().zip(&self.products).enumerate() {
            let used = rows.used.value(row);
            users[user as usize] |= used;
            items[product as usize] |= used;
        }
        let user_of = ranks(&users);
        let item_of = ranks(&items);
        let ids = take(&rows.users, &UInt64Array::from(self.firsts.clone()), None)?;
        let pair = |row: usize| Pair {
            user: user_of[self.users[row] as usize],
            item: item_of[self.products[row] as usize],
            score: rows.scores.value(row),
            fold: rows.folds.is_valid(row).then(|| rows.folds.value(row)),
            last_event_at: rows.last_event_at.value(row),
        };
        let all = (0..rows.len()).into_par_iter().with_min_len(PART);
        let pairs: Vec<Pair> = if rows.used.true_count() == rows.len() {
            all.map(pair).collect()
        } else {
            all.filter(|row| rows.used.value(*row)).map(pair).collect()
        };
        Ok(PairTable {
            users: kept(&ids, users)?,
            items: kept(&catalogue.array_ref(), items)?,
            pairs,
        })
    }
}

/// The rank of each place among those that are kept; of others it means nothing.
fn ranks(kept: &[bool]) -> Vec<u32> {
    let rank = |next: &mut u32, kept: &bool| {
        let rank = *next;
        *next += u32::from(*kept);
        Some(rank)
    };
    kept.iter().scan(0, rank).collect()
}

fn kept(ids: &ArrayRef, kept: Vec<bool>) -> Result<IdMap, TableError> {
    let ids: Result<ArrayRef, ArrowError> = filter(ids, &BooleanArray::from(kept));
    Ok(IdMap::from_sorted(&ids?)?)
}
