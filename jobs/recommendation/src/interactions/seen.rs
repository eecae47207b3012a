//! The products that each customer has had to do with.

use super::table::Rows;
use crate::error::TableError;
use crate::ids::{IdMap, ItemIndex, UserIndex};

/// Per user the items of all pairs, learned from or not, in rising order.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    starts: Vec<usize>,
    items: Vec<ItemIndex>,
}

impl Seen {
    pub(crate) fn of_rows(rows: &Rows, users: &IdMap, items: &IdMap) -> Result<Self, TableError> {
        let user_of = users.indices_of(&rows.users)?;
        let item_of = items.indices_of(&rows.products)?;
        let known = user_of.iter().zip(&item_of);
        let mut pairs: Vec<(UserIndex, ItemIndex)> = known
            .filter_map(|(user, item)| (*user).zip(*item))
            .collect();
        pairs.sort_unstable();
        let mut starts = vec![0; users.len() + 1];
        for (user, _) in &pairs {
            starts[*user as usize + 1] += 1;
        }
        for place in 1..starts.len() {
            starts[place] += starts[place - 1];
        }
        Ok(Self {
            starts,
            items: pairs.into_iter().map(|(_, item)| item).collect(),
        })
    }

    /// The items of a user; none for a user that is not known.
    pub(crate) fn of(&self, user: usize) -> &[ItemIndex] {
        match (self.starts.get(user), self.starts.get(user + 1)) {
            (Some(&start), Some(&end)) => &self.items[start..end],
            _ => &[],
        }
    }
}
