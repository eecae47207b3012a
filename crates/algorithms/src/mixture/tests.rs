use ndarray::array;

use super::*;
use crate::agreement::adjusted_rand_index;
use crate::kmeans::KMeans;
use linfa::ParamGuard;

/// A standard normal number (Box and Muller).
fn normal(rng: &mut Xoshiro256PlusPlus) -> f64 {
    let radius = (-2.0 * (1.0 - random::unit(rng)).ln()).sqrt();
    radius * (std::f64::consts::TAU * random::unit(rng)).cos()
}

/// A wide cloud of 200 rows around (0, 0), and a dense one of 100 rows around (5, 0) inside it.
fn nested_clouds() -> (Array2<f64>, Vec<u32>) {
    let mut rng = random::stream(11, &[]);
    let labels: Vec<u32> = (0..300).map(|i| u32::from(i % 3 == 2)).collect();
    let mut x = Array2::zeros((300, 2));
    for (mut row, &label) in x.rows_mut().into_iter().zip(&labels) {
        let (place, spread) = if label == 0 { (0.0, 3.0) } else { (5.0, 0.2) };
        row[0] = place + spread * normal(&mut rng);
        row[1] = spread * normal(&mut rng);
    }
    (x, labels)
}

#[test]
fn clusters_of_different_spread_are_found_where_k_means_fails() {
    let (x, truth) = nested_clouds();
    let fit = fit_gaussian_mixture(x.view(), 2, 42).unwrap();
    let k_means = KMeans::params(2)
        .check()
        .unwrap()
        .fit_rows(x.view())
        .unwrap();
    assert!(adjusted_rand_index(&k_means.labels, &truth) < 0.8);
    let agreement = adjusted_rand_index(&fit.labels, &truth);
    assert!(agreement > 0.9, "{agreement}");
    assert_eq!(fit.reg_covariance, 1e-6);
}

#[test]
fn components_are_numbered_by_size() {
    let (x, truth) = nested_clouds();
    let fit = fit_gaussian_mixture(x.view(), 2, 42).unwrap();
    assert!(fit.cluster_sizes[0] > fit.cluster_sizes[1]);
    assert_eq!(fit.cluster_sizes.iter().sum::<usize>(), 300);
    assert!((fit.weights[0] - 2.0 / 3.0).abs() < 0.02, "{}", fit.weights);
    assert!((fit.means[[1, 0]] - 5.0).abs() < 0.1, "{}", fit.means);
    assert_eq!(
        fit.labels.iter().filter(|&&l| l == 0).count(),
        fit.cluster_sizes[0]
    );
    assert_eq!(fit.labels[0], truth[0]);
}

#[test]
fn the_same_seed_gives_the_same_bits_with_any_number_of_threads() {
    let (x, _) = nested_clouds();
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| fit_gaussian_mixture(x.view(), 3, 7).unwrap())
    };
    let one = with(1);
    assert_eq!(with(1), one);
    assert_eq!(with(2), one);
    assert_eq!(with(7), one);
}

#[test]
fn a_far_outlier_does_not_end_the_fit() {
    let (mut x, _) = nested_clouds();
    x[[299, 0]] = 500.0;
    x[[298, 1]] = -300.0;
    let fit = fit_gaussian_mixture(x.view(), 2, 42).unwrap();
    assert!(fit.means.iter().all(|mean| mean.is_finite()));
}

#[test]
fn a_constant_column_does_not_end_the_fit() {
    let (x, truth) = nested_clouds();
    let mut wide = Array2::zeros((300, 3));
    wide.slice_mut(ndarray::s![.., ..2]).assign(&x);
    let fit = fit_gaussian_mixture(wide.view(), 2, 42).unwrap();
    let agreement = adjusted_rand_index(&fit.labels, &truth);
    assert!(agreement > 0.9, "{agreement}");
}

#[test]
fn bad_arguments_are_named() {
    let fit = |x: Array2<f64>, k: usize| fit_gaussian_mixture(x.view(), k, 1).unwrap_err();
    assert!(matches!(fit(array![[1.0]], 0), MixtureError::NClusters(0)));
    assert!(matches!(
        fit(Array2::zeros((0, 2)), 1),
        MixtureError::Empty {
            rows: 0,
            columns: 2
        }
    ));
    assert!(matches!(
        fit(array![[1.0], [f64::NAN]], 1),
        MixtureError::NonFinite { row: 1, column: 0 }
    ));
    assert!(matches!(
        fit(array![[1.0], [-1e200]], 1),
        MixtureError::TooLarge { row: 1, column: 0 }
    ));
    assert!(matches!(
        fit(array![[1.0], [1.0], [2.0]], 3),
        MixtureError::TooFewDistinctRows {
            n_clusters: 3,
            distinct_rows: 2
        }
    ));
}
