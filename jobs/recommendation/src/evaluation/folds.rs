//! Folds, given or at random.

use std::collections::BTreeSet;

use algorithms::draws::random_folds;

use super::{EvaluationError, Split};
use crate::interactions::{Pair, PairTable};
use crate::outcome::Protocol;
use crate::settings::{FoldChoice, RecommendationSettings};

/// The fold of every pair.
pub(super) struct Folds {
    /// Whether they came from the log.
    pub(super) given: bool,
    /// What they are called, in order.
    pub(super) names: Vec<String>,
    /// Per pair the index of its fold; none for pairs that are always learned from.
    of_pair: Vec<Option<u32>>,
}

impl Folds {
    /// None when the settings want none.
    pub(super) fn make(
        pairs: &PairTable,
        settings: &RecommendationSettings,
        seed: u64,
    ) -> Result<Option<Self>, EvaluationError> {
        if settings.folds == 0 {
            return Ok(None);
        }
        let found: BTreeSet<i32> = pairs.pairs.iter().filter_map(|pair| pair.fold).collect();
        if settings.fold_source != FoldChoice::Random && !found.is_empty() {
            return Ok(Some(Self::given(pairs, found)));
        }
        let n = pairs.pairs.len();
        if (n as u64) < u64::from(settings.folds) {
            return Err(EvaluationError::TooFewPairs {
                pairs: n,
                folds: settings.folds,
            });
        }
        let of_pair = random_folds(n, settings.folds, seed);
        Ok(Some(Self {
            given: false,
            names: (1..=settings.folds).map(|fold| fold.to_string()).collect(),
            of_pair: of_pair.into_iter().map(Some).collect(),
        }))
    }

    fn given(pairs: &PairTable, found: BTreeSet<i32>) -> Self {
        let found: Vec<i32> = found.into_iter().collect();
        let index = |fold: i32| found.binary_search(&fold).ok().map(|index| index as u32);
        Self {
            given: true,
            names: found.iter().map(i32::to_string).collect(),
            of_pair: pairs
                .pairs
                .iter()
                .map(|pair| pair.fold.and_then(index))
                .collect(),
        }
    }

    /// Pairs.
    pub(super) fn len(&self) -> usize {
        self.of_pair.len()
    }

    /// Pairs that are in no fold.
    pub(super) fn untested(&self) -> usize {
        self.of_pair.iter().filter(|fold| fold.is_none()).count()
    }

    /// The pairs to learn from and those to test on, when this fold is left out.
    pub(super) fn split(
        &self,
        fold: usize,
        pairs: &PairTable,
    ) -> Result<(Vec<Pair>, Vec<Pair>), EvaluationError> {
        let of_pair = pairs.pairs.iter().zip(&self.of_pair);
        let (mut train, mut test) = (Vec::new(), Vec::new());
        for (pair, found) in of_pair {
            let left_out = found.is_some_and(|found| found as usize == fold);
            if left_out { &mut test } else { &mut train }.push(*pair);
        }
        if train.is_empty() {
            return Err(EvaluationError::Fold {
                fold: self.names[fold].clone(),
                reason: "all pairs are in it and none is left to learn from; map a column `fold` \
                         with at least two values, or use random folds (fold_source = \"random\")"
                    .to_owned(),
            });
        }
        Ok((train, test))
    }
}

/// The first fold as a test, for logs that cannot be cut by time; none without folds.
///
/// # Errors
///
/// Those of making folds.
pub fn fold_split(
    pairs: &PairTable,
    settings: &RecommendationSettings,
    seed: u64,
) -> Result<Option<Split>, EvaluationError> {
    let Some(folds) = Folds::make(pairs, settings, seed)? else {
        return Ok(None);
    };
    let (train, test) = folds.split(0, pairs)?;
    let trained_until = train.iter().map(|pair| pair.last_event_at).max();
    Ok(Some(Split {
        protocol: Protocol::Fold {
            fold: folds.names[0].clone(),
        },
        train,
        test,
        trained_until: trained_until.unwrap_or_default().saturating_add(1),
        n_users: pairs.users.len(),
        n_items: pairs.items.len(),
        best_scores_of_unknown_users: Vec::new(),
        scores_of_unknown_products: Vec::new(),
    }))
}
