use approx::assert_relative_eq;
use ndarray::{Array2, ArrayView2, array};
use proptest::prelude::*;

use super::*;

/// The definition, word for word, in `O(n²)`.
fn by_definition(x: ArrayView2<f64>, labels: &[u32]) -> Vec<f64> {
    let distance = |i: usize, j: usize| -> f64 {
        x.row(i)
            .iter()
            .zip(x.row(j))
            .map(|(a, b)| (a - b) * (a - b))
            .sum()
    };
    let n = labels.len();
    let mut samples = Vec::new();
    for i in 0..n {
        let mean_to = |label: u32| {
            let members: Vec<usize> = (0..n).filter(|&j| j != i && labels[j] == label).collect();
            let sum: f64 = members.iter().map(|&j| distance(i, j)).sum();
            (members.len(), sum / members.len() as f64)
        };
        let (companions, a) = mean_to(labels[i]);
        let others = labels.iter().filter(|&&label| label != labels[i]);
        let b = others
            .map(|&label| mean_to(label).1)
            .fold(f64::INFINITY, f64::min);
        samples.push(if companions == 0 || a.max(b) == 0.0 {
            0.0
        } else {
            (b - a) / a.max(b)
        });
    }
    samples
}

#[test]
fn a_row_alone_in_its_cluster_scores_zero() {
    let x = array![[0.0], [0.1], [5.0]];
    let samples = silhouette_samples(x.view(), &[0, 0, 1]).unwrap();
    assert_eq!(samples[2], 0.0);
    // The score Spark 3.5 and scikit-learn give for the same rows.
    let score = silhouette_score(x.view(), &[0, 0, 1]).unwrap();
    assert_relative_eq!(score, 0.666_394_502_290_712_2, max_relative = 1e-12);
}

#[test]
fn equal_points_score_zero_and_not_nan() {
    let x = Array2::from_elem((300, 2), 0.1);
    let labels: Vec<u32> = (0..300).map(|i| i % 3).collect();
    assert_eq!(silhouette_score(x.view(), &labels).unwrap(), 0.0);
}

#[test]
fn two_clusters_of_the_same_point_score_zero_beside_a_third() {
    let x = Array2::from_shape_fn((90, 1), |(i, _)| if i < 60 { 0.1 } else { 7.3 });
    let labels: Vec<u32> = (0..90).map(|i| i / 30).collect();
    let samples = silhouette_samples(x.view(), &labels).unwrap();
    assert!(samples[..60].iter().all(|&s| s == 0.0), "{samples:?}");
    assert!(samples[60..].iter().all(|&s| s == 1.0), "{samples:?}");
}

#[test]
fn a_row_in_the_wrong_cluster_is_negative() {
    let x = array![[0.0], [1.0], [10.0], [11.0], [10.5]];
    let samples = silhouette_samples(x.view(), &[0, 0, 1, 1, 0]).unwrap();
    assert!(samples[4] < -0.9, "{samples:?}");
}

#[test]
fn labels_are_names() {
    let x = array![[0.0], [1.0], [10.0], [11.0]];
    let contiguous = silhouette_samples(x.view(), &[0, 0, 1, 1]).unwrap();
    assert_eq!(
        silhouette_samples(x.view(), &[9, 9, 4_000_000_000, 4_000_000_000]).unwrap(),
        contiguous
    );
    assert_eq!(
        silhouette_samples(x.view(), &[1, 1, 0, 0]).unwrap(),
        contiguous
    );
}

#[test]
fn an_offset_changes_nothing() {
    // Multiples of 1/64, so that the shifted values are exact and only the method can lose digits.
    let x = Array2::from_shape_fn((200, 3), |(i, j)| ((i * 37 + j * 11) % 101) as f64 / 64.0);
    let labels: Vec<u32> = (0..200).map(|i| (i * 37 % 101 > 50) as u32).collect();
    let shifted = &x + 1e9;
    let expected = by_definition(x.view(), &labels);
    for (found, expected) in silhouette_samples(shifted.view(), &labels)
        .unwrap()
        .iter()
        .zip(expected)
    {
        assert_relative_eq!(*found, expected, max_relative = 1e-9, epsilon = 1e-12);
    }
}

#[test]
fn one_cluster_is_an_error() {
    let error = silhouette_score(array![[0.0], [1.0]].view(), &[3, 3]).unwrap_err();
    assert_eq!(error, SilhouetteError::OneCluster);
}

#[test]
fn an_empty_matrix_is_an_error() {
    let rows = silhouette_score(Array2::zeros((0, 2)).view(), &[]).unwrap_err();
    assert_eq!(
        rows,
        SilhouetteError::Empty {
            rows: 0,
            columns: 2
        }
    );
    let columns = silhouette_score(Array2::zeros((2, 0)).view(), &[0, 1]).unwrap_err();
    assert_eq!(
        columns,
        SilhouetteError::Empty {
            rows: 2,
            columns: 0
        }
    );
}

#[test]
fn rows_and_labels_are_as_many() {
    let error = silhouette_score(array![[0.0], [1.0]].view(), &[0]).unwrap_err();
    assert_eq!(error, SilhouetteError::Length { rows: 2, labels: 1 });
}

#[test]
fn a_value_that_is_not_finite_is_named() {
    let error = silhouette_score(array![[0.0], [f64::NAN]].view(), &[0, 1]).unwrap_err();
    assert_eq!(error, SilhouetteError::NonFinite { row: 1, column: 0 });
    let error = silhouette_score(array![[0.0], [1e200]].view(), &[0, 1]).unwrap_err();
    assert_eq!(error, SilhouetteError::TooLarge { row: 1, column: 0 });
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let x = Array2::from_shape_fn((7_000, 3), |(i, j)| {
        ((i * 7919 + j * 31) % 1009) as f64 / 9.7
    });
    let labels: Vec<u32> = (0..7_000).map(|i| (i * 7919 % 1009 / 300) as u32).collect();
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| silhouette_samples(x.view(), &labels).unwrap())
    };
    let one: Vec<u64> = with(1).iter().map(|s| s.to_bits()).collect();
    for threads in [2, 7] {
        assert_eq!(
            with(threads)
                .iter()
                .map(|s| s.to_bits())
                .collect::<Vec<_>>(),
            one
        );
    }
}

proptest! {
    #[test]
    fn the_fast_form_equals_the_definition(
        points in prop::collection::vec((prop::array::uniform3(-100.0..100.0_f64), 0..5_u32), 2..60),
        grid in any::<bool>(),
        offset in prop_oneof![Just(0.0), Just(1e4)],
    ) {
        // On a grid, equal points and ties abound.
        let place = |v: f64| offset + if grid { (v / 50.0).round() } else { v };
        let labels: Vec<u32> = points.iter().map(|(_, label)| *label).collect();
        prop_assume!(labels.iter().any(|&label| label != labels[0]));
        let x = Array2::from_shape_fn((points.len(), 3), |(i, j)| place(points[i].0[j]));
        let found = silhouette_samples(x.view(), &labels).unwrap();
        for (found, expected) in found.iter().zip(by_definition(x.view(), &labels)) {
            prop_assert!((found - expected).abs() <= 1e-9, "{found} is not {expected}");
            prop_assert!((-1.0..=1.0).contains(found));
        }
    }
}
