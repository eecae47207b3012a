use approx::assert_relative_eq;
use ndarray::array;
use proptest::prelude::*;

use super::*;

#[test]
fn the_table_counts_pairs_of_labels() {
    assert_eq!(
        contingency(&[0, 0, 2, 2], &[1, 1, 0, 1]),
        array![[0, 2], [0, 0], [1, 1]]
    );
    assert_eq!(contingency(&[], &[]).dim(), (0, 0));
}

#[test]
fn trivial_groupings_agree_fully() {
    assert_eq!(adjusted_rand_index(&[], &[]), 1.0);
    assert_eq!(adjusted_rand_index(&[3, 3, 3], &[1, 1, 1]), 1.0);
    assert_eq!(adjusted_rand_index(&[0, 1, 2], &[2, 1, 0]), 1.0);
}

#[test]
fn one_group_against_several_is_no_better_than_chance() {
    assert_eq!(adjusted_rand_index(&[0, 0, 0, 0], &[0, 0, 1, 1]), 0.0);
}

#[test]
fn a_worked_rand_index() {
    // Of 15 pairs, 6 are together in a, 3 in b, 2 in both; by chance it would be 6·3/15.
    let a = [0, 0, 0, 1, 1, 1];
    let b = [0, 0, 1, 1, 2, 2];
    let expected = (2.0 - 6.0 * 3.0 / 15.0) / ((6.0 + 3.0) / 2.0 - 6.0 * 3.0 / 15.0);
    assert_relative_eq!(adjusted_rand_index(&a, &b), expected, max_relative = 1e-15);
}

#[test]
fn mutual_information_knows_sameness_and_independence() {
    assert_relative_eq!(
        normalized_mutual_information(array![[5, 0], [0, 7]].view()),
        1.0,
        max_relative = 1e-15
    );
    assert_eq!(
        normalized_mutual_information(array![[2, 4], [3, 6]].view()),
        0.0
    );
    assert_eq!(normalized_mutual_information(array![[9]].view()), 1.0);
    assert_eq!(normalized_mutual_information(array![[4, 5]].view()), 0.0);
    assert_eq!(
        normalized_mutual_information(Array2::zeros((0, 0)).view()),
        1.0
    );
}

#[test]
fn cramers_v_of_a_two_by_two_table_is_phi() {
    // phi = (ad - bc) / sqrt(product of margins)
    let expected = (10.0 * 40.0 - 20.0 * 30.0_f64).abs() / (30.0 * 70.0 * 40.0 * 60.0_f64).sqrt();
    let found = cramers_v(array![[10, 20], [30, 40]].view());
    assert_relative_eq!(found, expected, max_relative = 1e-14);
}

#[test]
fn cramers_v_drops_rows_and_columns_without_counts() {
    let dense = cramers_v(array![[10, 20], [30, 5]].view());
    let padded = cramers_v(array![[10, 0, 20], [0, 0, 0], [30, 0, 5]].view());
    assert_eq!(dense, padded);
}

#[test]
fn cramers_v_is_zero_where_undefined() {
    assert_eq!(cramers_v(array![[3, 4]].view()), 0.0);
    assert_eq!(cramers_v(array![[3, 0], [4, 0]].view()), 0.0);
    assert_eq!(cramers_v(Array2::zeros((0, 0)).view()), 0.0);
    assert_eq!(cramers_v(Array2::zeros((2, 2)).view()), 0.0);
}

#[test]
fn lift_compares_with_independence() {
    let found = lift(array![[30, 10, 0], [10, 50, 0]].view());
    assert_relative_eq!(
        found[[0, 0]],
        30.0 * 100.0 / (40.0 * 40.0),
        max_relative = 1e-15
    );
    assert_relative_eq!(
        found[[1, 0]],
        10.0 * 100.0 / (60.0 * 40.0),
        max_relative = 1e-15
    );
    assert_eq!(found[[0, 2]], 0.0);
}

/// By looking at every pair of rows.
fn rand_index_by_pairs(a: &[u32], b: &[u32]) -> f64 {
    let (mut both, mut in_a, mut in_b, mut pairs) = (0.0, 0.0, 0.0, 0.0);
    for i in 0..a.len() {
        for j in 0..i {
            let (same_a, same_b) = (a[i] == a[j], b[i] == b[j]);
            both += f64::from(u8::from(same_a && same_b));
            in_a += f64::from(u8::from(same_a));
            in_b += f64::from(u8::from(same_b));
            pairs += 1.0;
        }
    }
    let expected = in_a * in_b / pairs;
    let highest = (in_a + in_b) / 2.0;
    if highest == expected {
        1.0
    } else {
        (both - expected) / (highest - expected)
    }
}

proptest! {
    #[test]
    fn the_rand_index_follows_the_definition(
        labels in prop::collection::vec((0..4_u32, 0..4_u32), 2..60),
    ) {
        let (a, b): (Vec<u32>, Vec<u32>) = labels.into_iter().unzip();
        let found = adjusted_rand_index(&a, &b);
        prop_assert!((found - rand_index_by_pairs(&a, &b)).abs() <= 1e-12);
        prop_assert_eq!(found.to_bits(), adjusted_rand_index(&b, &a).to_bits());
    }

    #[test]
    fn association_measures_stay_in_range_and_are_symmetric(
        counts in prop::collection::vec(0..50_u64, 12),
    ) {
        let table = Array2::from_shape_vec((3, 4), counts).unwrap();
        for measure in [cramers_v, normalized_mutual_information] {
            let value = measure(table.view());
            prop_assert!((0.0..=1.0).contains(&value), "{value}");
            prop_assert!((value - measure(table.t())).abs() <= 1e-12);
        }
    }

    #[test]
    fn the_mean_lift_weighted_by_expectation_is_one(
        counts in prop::collection::vec(1..50_u64, 12),
    ) {
        let table = Array2::from_shape_vec((3, 4), counts).unwrap();
        let n = table.sum() as f64;
        let rows = table.sum_axis(Axis(1));
        let columns = table.sum_axis(Axis(0));
        let mean: f64 = lift(table.view())
            .indexed_iter()
            .map(|((i, j), lift)| lift * rows[i] as f64 * columns[j] as f64 / (n * n))
            .sum();
        prop_assert!((mean - 1.0).abs() <= 1e-12);
    }
}
