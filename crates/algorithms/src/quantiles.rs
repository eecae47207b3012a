//! Quantile scores that treat equal values equally: the cut points behind RFM scores.
//!
//! A score from 1 to `n` says into which n-th of the population a value falls. The usual tools cut
//! at ranks, so that a column with many equal values (most customers bought once) either fails
//! (`pandas.qcut`), leaves buckets empty (Spark's `QuantileDiscretizer`), or splits equal customers
//! by row order (`ntile`). Here a cut point is a *value*, and the score is a function of the value:
//!
//! - `t_i`, for `i` in `1..n`: the smallest observed `v` such that at least `i/n` of the values lie
//!   strictly below `v`; if there is none, `t_i` is +∞, written `None`;
//! - `score(x) = 1 + #{i : x ≥ t_i}`.
//!
//! So equal values get equal scores whatever the order of rows, a greater value never gets a lower
//! score, and without ties each bucket holds its n-th of the values to within one. For a column
//! where less is better (recency in days), score the negated value.
//!
//! The cut points are all there is to keep: a frozen list scores customers of a later day.

/// The `n_buckets - 1` cut points of `values`, in ascending order.
///
/// The comparison `count / len >= i / n_buckets` is made in integers, so there is no rounding. Any
/// totally ordered type will do: integers, decimals as scaled integers, dates.
///
/// With no values every cut point is `None`; with `n_buckets` 0 or 1 there are no cut points.
///
/// Cost: one sort, `O(n log n)`, and one copy of the values.
///
/// ```
/// use algorithms::quantiles::{cut_points, score};
///
/// // Half of the customers bought once: they share the lowest score, the others fill the top.
/// let orders = [1, 1, 1, 1, 1, 2, 2, 3, 4, 10];
/// let cuts = cut_points(&orders, 5);
/// assert_eq!(cuts, [Some(2), Some(2), Some(3), Some(4)]);
/// assert_eq!([1, 2, 3, 4, 10].map(|x| score(x, &cuts)), [1, 3, 4, 5, 5]);
/// ```
#[must_use]
pub fn cut_points<T: Ord + Copy>(values: &[T], n_buckets: u8) -> Vec<Option<T>> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let len = sorted.len() as u128;
    let mut cuts = Vec::with_capacity(usize::from(n_buckets.saturating_sub(1)));
    let mut start = 0;
    for i in 1..n_buckets {
        // `start` is always the first position of a run of equal values, hence the number of values
        // strictly below that run. It only moves forward, since the demand grows with `i`.
        let enough = |below: usize| below as u128 * u128::from(n_buckets) >= u128::from(i) * len;
        while start < sorted.len() && !enough(start) {
            let value = sorted[start];
            start += sorted[start..].partition_point(|&other| other <= value);
        }
        cuts.push(sorted.get(start).copied());
    }
    cuts
}

/// The score of `x`, from 1 to `cut_points.len() + 1`: one more than the cut points `x` reaches.
///
/// `None` is +∞ and never reached. At most 255 for the at most 254 cut points that [`cut_points`]
/// makes; a longer list saturates.
#[must_use]
pub fn score<T: Ord + Copy>(x: T, cut_points: &[Option<T>]) -> u8 {
    let reached = cut_points.iter().flatten().filter(|&&cut| x >= cut).count();
    u8::try_from(reached).map_or(u8::MAX, |count| count.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, word for word.
    fn cut_point_by_definition(values: &[i32], i: usize, n: usize) -> Option<i32> {
        let below = |v: i32| values.iter().filter(|&&other| other < v).count();
        values
            .iter()
            .copied()
            .filter(|&v| below(v) * n >= i * values.len())
            .min()
    }

    #[test]
    fn without_ties_each_bucket_holds_its_share() {
        let values: Vec<i32> = (1..=100).rev().collect();
        let cuts = cut_points(&values, 5);
        assert_eq!(cuts, [Some(21), Some(41), Some(61), Some(81)]);
        for bucket in 1..=5 {
            assert_eq!(
                values
                    .iter()
                    .filter(|&&v| score(v, &cuts) == bucket)
                    .count(),
                20
            );
        }
    }

    #[test]
    fn one_distinct_value_scores_one() {
        let cuts = cut_points(&[7, 7, 7], 5);
        assert_eq!(cuts, [None; 4]);
        assert_eq!(score(7, &cuts), 1);
        assert_eq!(score(1000, &cuts), 1);
    }

    #[test]
    fn no_values_make_infinite_cut_points() {
        assert_eq!(cut_points::<i64>(&[], 5), [None; 4]);
    }

    #[test]
    fn fewer_than_two_buckets_need_no_cut_points() {
        assert!(cut_points(&[1, 2, 3], 1).is_empty());
        assert!(cut_points(&[1, 2, 3], 0).is_empty());
        assert_eq!(score(3, &cut_points(&[1, 2, 3], 1)), 1);
    }

    #[test]
    fn a_value_never_seen_is_scored_by_the_same_cut_points() {
        let cuts = cut_points(&[10, 20, 30, 40, 50], 5);
        assert_eq!(cuts, [Some(20), Some(30), Some(40), Some(50)]);
        assert_eq!(
            [5, 20, 25, 49, 60].map(|x| score(x, &cuts)),
            [1, 2, 2, 4, 5]
        );
    }

    #[test]
    fn the_largest_number_of_buckets_works() {
        let values: Vec<u32> = (0..1000).collect();
        let cuts = cut_points(&values, 255);
        assert_eq!(cuts.len(), 254);
        assert_eq!(score(999, &cuts), 255);
        assert_eq!(score(0, &cuts), 1);
    }

    proptest! {
        #[test]
        fn cut_points_follow_the_definition(
            values in prop::collection::vec(-20..20_i32, 0..60),
            n in 1..12_u8,
        ) {
            let expected: Vec<_> = (1..usize::from(n))
                .map(|i| cut_point_by_definition(&values, i, usize::from(n)))
                .collect();
            prop_assert_eq!(cut_points(&values, n), expected);
        }

        #[test]
        fn scores_never_fall_as_the_value_rises(
            values in prop::collection::vec(-20..20_i32, 1..60),
            a in -25..25_i32,
            b in -25..25_i32,
        ) {
            let cuts = cut_points(&values, 5);
            prop_assert!(score(a.min(b), &cuts) <= score(a.max(b), &cuts));
            prop_assert!((1..=5).contains(&score(a, &cuts)));
        }

        #[test]
        fn the_order_of_rows_does_not_matter(
            values in prop::collection::vec(any::<i64>(), 0..60).prop_shuffle(),
        ) {
            let mut sorted = values.clone();
            sorted.sort_unstable();
            prop_assert_eq!(cut_points(&values, 5), cut_points(&sorted, 5));
        }

        #[test]
        fn no_bucket_that_starts_at_i_holds_more_than_its_upper_share_without_ties(
            values in prop::collection::hash_set(any::<i32>(), 5..80),
        ) {
            let values: Vec<i32> = values.into_iter().collect();
            let cuts = cut_points(&values, 5);
            for bucket in 1..=5 {
                let held = values.iter().filter(|&&v| score(v, &cuts) == bucket).count();
                prop_assert!(held.abs_diff(values.len() / 5) <= 1, "bucket {bucket} holds {held}");
            }
        }
    }
}
