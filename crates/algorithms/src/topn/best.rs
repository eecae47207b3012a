use super::Recommendation;
use super::packed::LANES;

/// Candidates beyond a full list before it is cut again.
const SLACK: usize = LANES;

/// Candidates there is room for from the beginning.
const MOST_RESERVED: usize = 1024;

/// The best items found so far for one user.
pub(super) struct Best<'a> {
    n: usize,
    /// Candidates as [`key`]s, in no order: what is better is less. Once there are `n`, those the
    /// threshold was made of and a few later ones. Cutting them down now and then is cheaper than
    /// finding the place of each in an ordered list.
    candidates: Vec<u64>,
    /// Scores below this are not kept.
    threshold: f32,
    offset: f32,
    reach: f32,
    seen: &'a [u32],
}

impl<'a> Best<'a> {
    pub(super) fn new(n: usize, offset: f32, reach: f32, seen: &'a [u32]) -> Self {
        Self {
            n,
            candidates: Vec::with_capacity(n.min(MOST_RESERVED) + SLACK + LANES),
            threshold: if n == 0 {
                f32::INFINITY
            } else {
                f32::NEG_INFINITY
            },
            offset,
            reach,
            seen,
        }
    }

    /// What is added to this user's dot products.
    pub(super) fn offset(&self) -> f32 {
        self.offset
    }

    /// The [`reach`](super::packed::reach) of the user's vector.
    pub(super) fn reach(&self) -> f32 {
        self.reach
    }

    /// Scores below this are not kept; of those that equal it, the lower items are.
    pub(super) fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Takes what is good enough of a tile of items, and returns the new threshold.
    pub(super) fn offer(&mut self, items: &[u32], scores: &[f32; LANES]) -> f32 {
        let mut reached = 0_u32;
        for (lane, &score) in scores.iter().enumerate() {
            // A score that is not a number fails this comparison, and minus infinity is no
            // recommendation either.
            let is_good = score >= self.threshold && score > f32::NEG_INFINITY;
            reached |= u32::from(is_good) << lane;
        }
        while reached != 0 {
            let lane = reached.trailing_zeros() as usize;
            reached &= reached - 1;
            // The lanes after the last item are not numbers.
            let item = items[lane];
            if self.seen.binary_search(&item).is_err() {
                self.candidates.push(key(scores[lane], item));
            }
        }
        let is_first = self.threshold == f32::NEG_INFINITY;
        let most = if is_first { self.n } else { self.n + SLACK };
        if self.candidates.len() >= most {
            self.cut();
        }
        self.threshold
    }

    /// Keeps the best `n`, if there are so many.
    fn cut(&mut self) {
        let Some(last) = self.n.checked_sub(1) else {
            self.candidates.clear();
            return;
        };
        if last < self.candidates.len() {
            let (_, &mut worst, _) = self.candidates.select_nth_unstable(last);
            self.threshold = recommendation(worst).score;
            self.candidates.truncate(self.n);
        }
    }

    /// The best first; of equal scores the lower item.
    pub(super) fn into_list(mut self) -> Vec<Recommendation> {
        self.cut();
        self.candidates.sort_unstable();
        self.candidates.into_iter().map(recommendation).collect()
    }
}

/// An item and its score as a number that is less for higher scores, and for lower items of equal
/// scores.
///
/// The score is not the negative zero, whose place would be another than that of zero: a sum that
/// begins with zero never is.
fn key(score: f32, item: u32) -> u64 {
    u64::from(falling(score.to_bits())) << u32::BITS | u64::from(item)
}

/// Back from [`key`].
fn recommendation(key: u64) -> Recommendation {
    Recommendation {
        // The lower half, and the upper one.
        item: key as u32,
        score: f32::from_bits(falling((key >> u32::BITS) as u32)),
    }
}

/// The bits of a number so that they fall where the number rises; of these the bits of the number.
fn falling(bits: u32) -> u32 {
    let is_positive = bits >> (u32::BITS - 1) == 0;
    // Below zero they fall as they are.
    bits ^ if is_positive { u32::MAX >> 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_lists_and_come_back() {
        let scores = [f32::INFINITY, 3.5, 1e-40, 0.0, -1e-40, -1.0, f32::MIN];
        let listed = scores
            .iter()
            .flat_map(|&score| [0, 1, u32::MAX].map(|item| Recommendation { item, score }));
        let listed: Vec<Recommendation> = listed.collect();
        let keys: Vec<u64> = listed.iter().map(|one| key(one.score, one.item)).collect();
        assert!(keys.is_sorted_by(|a, b| a < b));
        let again: Vec<Recommendation> = keys.into_iter().map(recommendation).collect();
        assert_eq!(again, listed);
    }

    #[test]
    fn a_list_of_none_takes_nothing() {
        let mut best = Best::new(0, 0.0, 1.0, &[]);
        best.offer(&[0; LANES], &[f32::INFINITY; LANES]);
        assert!(best.into_list().is_empty());
    }
}
