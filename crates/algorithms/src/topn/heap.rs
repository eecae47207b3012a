use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::Recommendation;
use super::packed::LANES;

/// The best items seen so far for one user.
pub(super) struct Best<'a> {
    n: usize,
    /// The worst of the best is on top.
    heap: BinaryHeap<Worst>,
    /// Scores must exceed this to be kept. Items come in rising order, so one that equals the worst
    /// kept score loses the tie.
    threshold: f32,
    offset: f32,
    seen: &'a [u32],
}

/// Ordered so that the worse recommendation is the greater.
struct Worst(Recommendation);

impl Ord for Worst {
    fn cmp(&self, other: &Self) -> Ordering {
        // Scores are never NaN here: a NaN does not exceed a threshold. Both zeros are equal.
        let by_score = other.0.score.partial_cmp(&self.0.score);
        let by_score = by_score.unwrap_or(Ordering::Equal);
        by_score.then(self.0.item.cmp(&other.0.item))
    }
}

impl PartialOrd for Worst {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Worst {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Worst {}

impl<'a> Best<'a> {
    pub(super) fn new(n: usize, offset: f32, seen: &'a [u32]) -> Self {
        Self {
            n,
            heap: BinaryHeap::new(),
            threshold: if n == 0 {
                f32::INFINITY
            } else {
                f32::NEG_INFINITY
            },
            offset,
            seen,
        }
    }

    /// What is added to this user's dot products.
    pub(super) fn offset(&self) -> f32 {
        self.offset
    }

    /// Scores must exceed this to be kept.
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
        if score > self.threshold && self.seen.binary_search(&item).is_err() {
            if self.heap.len() == self.n {
                self.heap.pop();
            }
            self.heap.push(Worst(Recommendation { item, score }));
            if self.heap.len() == self.n
                && let Some(worst) = self.heap.peek()
            {
                self.threshold = worst.0.score;
            }
        }
    }

    /// The best first.
    pub(super) fn into_sorted(self) -> Vec<Recommendation> {
        let sorted = self.heap.into_sorted_vec();
        sorted.into_iter().map(|worst| worst.0).collect()
    }
}
