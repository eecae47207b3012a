//! The pairs that are learned from.

use algorithms::als::{AlsError, Interactions};

use crate::ids::{IdMap, ItemIndex, UserIndex};

/// A customer and a product, and what the log says of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The customer.
    pub user: UserIndex,
    /// The product.
    pub item: ItemIndex,
    /// What is learned from.
    pub score: f32,
    /// The fold of the log, where it has folds.
    pub fold: Option<i32>,
    /// The last event of the pair, in microseconds since 1970.
    pub last_event_at: i64,
}

/// All pairs that are learned from.
#[derive(Debug, Clone, PartialEq)]
pub struct PairTable {
    /// The customers.
    pub users: IdMap,
    /// The products.
    pub items: IdMap,
    /// The pairs, sorted by user and item; each once.
    pub pairs: Vec<Pair>,
}

impl PairTable {
    /// The scores as the algorithms take them.
    ///
    /// # Errors
    ///
    /// A score that is not finite.
    pub fn interactions(&self) -> Result<Interactions, AlsError> {
        let triple = |pair: &Pair| (pair.user, pair.item, pair.score);
        let triples: Vec<_> = self.pairs.iter().map(triple).collect();
        Interactions::from_triples(self.users.len(), self.items.len(), &triples)
    }
}
