use super::Recommendation;
use super::packed::LANES;

/// The best items found so far for one user.
pub(super) struct Best<'a> {
    n: usize,
    /// The best first; of equal scores the lower item. Lists are short, so moving what comes after a
    /// new entry is cheaper than a heap.
    list: Vec<Recommendation>,
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
            list: Vec::new(),
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
        for (&item, &score) in items.iter().zip(scores) {
            self.offer_one(item, score);
        }
        self.threshold
    }

    fn offer_one(&mut self, item: u32, score: f32) {
        // A score that is not a number fails this comparison, and minus infinity is no
        // recommendation either.
        if !(score >= self.threshold && score > f32::NEG_INFINITY) {
            return;
        }
        let is_before = |place: &Recommendation| {
            place.score > score || (place.score == score && place.item < item)
        };
        let full = self.list.len() == self.n;
        if (full && self.list.last().is_none_or(is_before))
            || self.seen.binary_search(&item).is_ok()
        {
            return;
        }
        if full {
            self.list.pop();
        }
        let place = self.list.partition_point(is_before);
        self.list.insert(place, Recommendation { item, score });
        if self.list.len() == self.n
            && let Some(worst) = self.list.last()
        {
            self.threshold = worst.score;
        }
    }

    /// The best first.
    pub(super) fn into_list(self) -> Vec<Recommendation> {
        self.list
    }
}
