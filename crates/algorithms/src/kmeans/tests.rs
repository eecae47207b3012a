pub(super) mod skipping;

use approx::assert_relative_eq;
use linfa::prelude::*;
use ndarray::{Array2, ArrayView2, Axis, array};
use proptest::prelude::*;

use super::*;
use crate::points::Points;
use crate::random;

/// Lloyd's algorithm as in a textbook: one row at a time, no blocks, no threads, no re-seeding.
fn plain_lloyd(
    x: ArrayView2<f64>,
    start: &Array2<f64>,
    max_iter: u64,
) -> (Array2<f64>, Vec<u32>, f64) {
    let mut centroids = start.clone();
    let mut updates = 0;
    let mut previous: Option<Vec<u32>> = None;
    loop {
        let (labels, inertia) = plain_assign(x, &centroids);
        if previous.as_ref() == Some(&labels) || updates == max_iter {
            return (centroids, labels, inertia);
        }
        for (cluster, mut centroid) in centroids.rows_mut().into_iter().enumerate() {
            let members: Vec<usize> = (0..x.nrows())
                .filter(|&row| labels[row] as usize == cluster)
                .collect();
            if let Some(mean) = x.select(Axis(0), &members).mean_axis(Axis(0)) {
                centroid.assign(&mean);
            }
        }
        updates += 1;
        previous = Some(labels);
    }
}

pub(super) fn plain_assign(x: ArrayView2<f64>, centroids: &Array2<f64>) -> (Vec<u32>, f64) {
    let mut inertia = 0.0;
    let labels = x.rows().into_iter().map(|row| {
        let mut best = (0, f64::INFINITY);
        for (cluster, centroid) in (0_u32..).zip(centroids.rows()) {
            let distance = row
                .iter()
                .zip(centroid)
                .fold(0.0, |sum, (a, b)| (a - b).mul_add(a - b, sum));
            if distance < best.1 {
                best = (cluster, distance);
            }
        }
        inertia += best.1;
        best.0
    });
    (labels.collect(), inertia)
}

/// Rows scattered around `n_centres` places, deterministic.
fn blobs(n_rows: usize, n_features: usize, n_centres: usize) -> Array2<f64> {
    let mut rng = random::stream(17, &[]);
    let centres = Array2::from_shape_fn((n_centres, n_features), |_| 30.0 * random::unit(&mut rng));
    Array2::from_shape_fn((n_rows, n_features), |(i, j)| {
        centres[[i % n_centres, j]] + random::unit(&mut rng) + random::unit(&mut rng)
    })
}

fn fit(x: &Array2<f64>, params: KMeansParams) -> KMeansFit {
    params.check().unwrap().fit_rows(x.view()).unwrap()
}

fn refusal(x: &Array2<f64>, params: KMeansParams) -> KMeansError {
    params.check().unwrap().fit_rows(x.view()).unwrap_err()
}

fn from(centroids: Array2<f64>) -> KMeansParams {
    KMeans::params(centroids.nrows())
        .init(KMeansInit::Precomputed(centroids))
        .tol(0.0)
}

#[test]
fn separate_blobs_are_found_whatever_the_seed() {
    let x = blobs(600, 3, 5);
    let expected = fit(&x, KMeans::params(5));
    assert_eq!(expected.cluster_sizes, [120; 5]);
    for seed in 0..20 {
        let found = fit(&x, KMeans::params(5).seed(seed));
        assert_eq!(found.labels, expected.labels, "seed {seed}");
        assert_eq!(
            found.model.centroids, expected.model.centroids,
            "seed {seed}"
        );
    }
}

#[test]
fn clusters_are_numbered_by_falling_size_then_by_centroid() {
    let x = array![[9.0], [5.0], [5.1], [1.0], [7.0], [5.2]];
    let found = fit(&x, KMeans::params(4).n_init(20));
    assert_eq!(found.cluster_sizes, [3, 1, 1, 1]);
    assert_eq!(found.labels, [3, 0, 0, 1, 2, 0]);
}

#[test]
fn precomputed_centroids_keep_their_order() {
    let x = array![[0.0], [1.0], [10.0], [11.0], [12.0]];
    let small_first = fit(&x, from(array![[0.0], [12.0]]));
    assert_eq!(small_first.labels, [0, 0, 1, 1, 1]);
    let large_first = fit(&x, from(array![[12.0], [0.0]]));
    assert_eq!(large_first.labels, [1, 1, 0, 0, 0]);
}

#[test]
fn ties_go_to_the_lowest_cluster() {
    let x = array![[0.0], [1.0], [2.0]];
    let found = fit(&x, from(array![[0.0], [2.0]]).max_iter(1));
    // The middle row went to cluster 0, whose centroid became 0.5.
    assert_eq!(found.model.centroids, array![[0.5], [2.0]]);
    assert_eq!(found.labels, [0, 0, 1]);
}

#[test]
fn labels_are_those_of_predict_even_when_ties_meet_renumbering() {
    // On a small grid most restarts end with rows in the middle of two centroids.
    let x = Array2::from_shape_fn((36, 2), |(i, j)| if j == 0 { i / 6 } else { i % 6 } as f64);
    for k in 1..=12 {
        for seed in 0..10 {
            let found = fit(&x, KMeans::params(k).seed(seed).n_init(1));
            assert_eq!(
                found.model.predict_rows(x.view()),
                found.labels,
                "k {k}, seed {seed}"
            );
        }
    }
}

#[test]
fn inertia_is_the_sum_of_squared_distances_to_the_final_centroids() {
    let x = blobs(500, 2, 7);
    for max_iter in [1, 2, 300] {
        let found = fit(&x, KMeans::params(4).max_iter(max_iter));
        let (_, inertia) = plain_assign(x.view(), &found.model.centroids);
        assert_relative_eq!(found.model.inertia, inertia, max_relative = 1e-12);
        assert!(found.model.n_iter <= max_iter);
    }
}

#[test]
fn an_empty_cluster_takes_the_row_farthest_from_its_centroid() {
    // Nothing is nearest to 1000; the row at 30 is farthest from its centroid.
    let x = array![[0.0], [1.0], [2.0], [30.0]];
    let found = fit(&x, from(array![[1.0], [1000.0]]).max_iter(1));
    assert_eq!(found.model.centroids, array![[1.0], [30.0]]);
    assert_eq!(found.labels, [0, 0, 0, 1]);
}

#[test]
fn several_empty_clusters_take_rows_in_different_places() {
    let x = array![[0.0], [1.0], [2.0], [50.0], [50.0], [40.0]];
    let found = fit(&x, from(array![[1.0], [1e6], [2e6]]).max_iter(1));
    // First row 3 (row 4 is the same place), then row 5. The first cluster keeps 0, 1, 2 and 50.
    assert_eq!(found.model.centroids, array![[53.0 / 4.0], [50.0], [40.0]]);
}

#[test]
fn the_only_row_of_a_cluster_is_never_taken() {
    // 130 is farthest from its centroid, but alone; 2 is the farthest of the others.
    let x = array![[0.0], [1.0], [2.0], [130.0]];
    let found = fit(&x, from(array![[0.0], [100.0], [1e6]]).max_iter(1));
    assert_eq!(found.model.centroids, array![[0.5], [130.0], [2.0]]);
}

#[test]
fn an_empty_cluster_with_a_settled_rest_is_filled_before_stopping() {
    // Both centroids start in the same place: the second never wins a tie.
    let x = array![[0.0], [0.0], [4.0], [4.0]];
    let found = fit(&x, from(array![[2.0], [2.0]]));
    assert_eq!(found.cluster_sizes, [2, 2]);
    assert_eq!(found.model.inertia, 0.0);
}

#[test]
fn a_cluster_emptied_by_the_last_update_is_filled_before_stopping() {
    // After one update the third centroid holds only ties, which the first two win; by then every
    // centroid has moved less than `tol`.
    let x = array![[-2.0], [-2.0], [-2.0], [-1.0], [1.0], [2.0], [2.0], [2.0]];
    let found = fit(&x, from(array![[-2.5], [2.5], [0.0]]).tol(1.0));
    assert!(
        found.cluster_sizes.iter().all(|&size| size > 0),
        "{found:?}"
    );
}

#[test]
fn as_many_clusters_as_distinct_rows_leave_no_inertia() {
    let x = array![[0.0], [0.0], [1.0], [5.0], [5.0], [7.0]];
    for seed in 0..20 {
        let found = fit(&x, KMeans::params(4).seed(seed).n_init(1));
        assert_eq!(found.model.inertia, 0.0);
        assert_eq!(found.cluster_sizes, [2, 2, 1, 1]);
    }
}

#[test]
fn one_cluster_is_the_mean() {
    let x = array![[0.0, 1.0], [2.0, 3.0], [4.0, 8.0]];
    let found = fit(&x, KMeans::params(1));
    assert_eq!(found.model.centroids, array![[2.0, 4.0]]);
    assert_relative_eq!(found.model.inertia, 34.0, max_relative = 1e-15);
}

#[test]
fn movement_within_tol_ends_the_fit() {
    let x = blobs(1_000, 2, 10);
    let exact = fit(&x, KMeans::params(6).tol(0.0).n_init(1));
    let loose = fit(&x, KMeans::params(6).tol(1e6).n_init(1));
    assert_eq!(loose.model.n_iter, 1);
    assert!(exact.model.n_iter > 1);
    assert!(exact.model.inertia <= loose.model.inertia);
}

#[test]
fn more_starts_never_end_worse() {
    let x = blobs(400, 2, 9);
    let inertia = |n_init: usize| fit(&x, KMeans::params(9).n_init(n_init)).model.inertia;
    let found: Vec<f64> = [1, 2, 4, 8, 16].map(inertia).to_vec();
    assert!(found.is_sorted_by(|fewer, more| more <= fewer), "{found:?}");
}

#[test]
fn the_memory_layout_does_not_matter() {
    let x = blobs(300, 4, 3);
    let column_major = x.t().as_standard_layout().into_owned();
    let expected = fit(&x, KMeans::params(3));
    let params = KMeans::params(3).check().unwrap();
    assert_eq!(params.fit_rows(column_major.t()).unwrap(), expected);
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let x = blobs(9_000, 5, 8);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| fit(&x, KMeans::params(6).n_init(2)))
    };
    let bits = |fit: &KMeansFit| -> Vec<u64> {
        let centroids = fit.model.centroids.iter().map(|value| value.to_bits());
        centroids
            .chain([fit.model.inertia.to_bits(), fit.model.n_iter])
            .collect()
    };
    let one = with(1);
    for threads in [2, 7] {
        let other = with(threads);
        assert_eq!(bits(&other), bits(&one), "{threads} threads");
        assert_eq!(other.labels, one.labels, "{threads} threads");
    }
}

#[test]
fn bad_rows_are_named() {
    let params = || KMeans::params(1);
    assert!(matches!(
        refusal(&Array2::zeros((0, 2)), params()),
        KMeansError::NoRows
    ));
    assert!(matches!(
        refusal(&Array2::zeros((2, 0)), params()),
        KMeansError::NoColumns
    ));
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = refusal(&array![[0.0, 0.0], [0.0, bad]], params());
        assert!(
            matches!(error, KMeansError::NonFinite { row: 1, column: 1 }),
            "{error}"
        );
    }
    let error = refusal(&array![[0.0], [-1e200]], params());
    assert!(
        matches!(
            error,
            KMeansError::TooLarge {
                row: 1,
                column: 0,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn more_clusters_than_distinct_rows_name_both_numbers() {
    let error = refusal(&array![[1.0], [2.0], [2.0], [1.0]], KMeans::params(3));
    assert!(
        matches!(
            error,
            KMeansError::TooFewDistinctRows {
                n_clusters: 3,
                distinct_rows: 2
            }
        ),
        "{error}"
    );
}

#[test]
fn precomputed_centroids_match_the_columns() {
    let error = refusal(&array![[1.0], [2.0]], from(array![[1.0, 2.0]]));
    assert!(
        matches!(
            error,
            KMeansError::InitColumns {
                expected: 1,
                found: 2
            }
        ),
        "{error}"
    );
}

#[test]
fn a_model_file_holds_plain_lists_and_predicts_the_same() {
    let model = KMeans {
        centroids: array![[0.5, 1.0], [8.0, 9.25]],
        inertia: 2.5,
        n_iter: 4,
    };
    let text = serde_json::to_string(&model).unwrap();
    assert_eq!(
        text,
        r#"{"centroids":[[0.5,1.0],[8.0,9.25]],"inertia":2.5,"n_iter":4}"#
    );
    assert_eq!(serde_json::from_str::<KMeans>(&text).unwrap(), model);
}

#[test]
fn it_composes_with_linfa() {
    let x = blobs(90, 2, 3);
    let expected = fit(&x, KMeans::params(3));
    let dataset = DatasetBase::from(x);
    // Unchecked parameters check themselves.
    let model = KMeans::params(3).fit(&dataset).unwrap();
    assert_eq!(model, expected.model);
    let labels: Vec<u32> = model
        .predict(&dataset)
        .iter()
        .map(|&label| label as u32)
        .collect();
    assert_eq!(labels, expected.labels);
    let refused = KMeans::params(0).fit(&dataset).unwrap_err();
    assert!(matches!(
        refused,
        KMeansError::Params(KMeansParamsError::NClusters(0))
    ));
}

#[test]
fn partials_of_parts_merge_to_the_partial_of_the_whole() {
    let x = blobs(5_000, 3, 4);
    let centroids = x.slice(ndarray::s![..4, ..]).to_owned();
    let (whole, labels) = KMeansPartial::of_rows(x.view(), centroids.view());
    let mut merged = KMeansPartial::zeros(4, 3);
    let mut parts = Vec::new();
    for rows in x.axis_chunks_iter(Axis(0), 700) {
        let (partial, labels) = KMeansPartial::of_rows(rows, centroids.view());
        merged.merge(&partial);
        parts.extend(labels);
    }
    assert_eq!(merged.counts, whole.counts);
    assert_eq!(parts, labels);
    assert_relative_eq!(merged.inertia, whole.inertia, max_relative = 1e-12);
    assert_relative_eq!(merged.sums, whole.sums, max_relative = 1e-12);
    // One merge and one division are one Lloyd iteration.
    let (expected, _, _) = plain_lloyd(x.view(), &centroids, 1);
    assert_relative_eq!(
        merged.means(centroids.view()),
        expected,
        max_relative = 1e-12
    );
}

#[test]
fn a_partial_keeps_the_centroid_of_an_empty_cluster() {
    let centroids = array![[0.0], [100.0]];
    let (partial, _) = KMeansPartial::of_rows(array![[1.0], [2.0]].view(), centroids.view());
    assert_eq!(partial.counts, [2, 0]);
    assert_eq!(partial.means(centroids.view()), array![[1.5], [100.0]]);
}

proptest! {
    #[test]
    fn the_kernel_equals_the_textbook(
        values in prop::collection::vec(-100.0..100.0_f64, 60..400),
        n_features in 1..6_usize,
        n_clusters in 1..7_usize,
        max_iter in 1..30_u64,
    ) {
        let n_rows = values.len() / n_features;
        let x = Array2::from_shape_vec((n_rows, n_features), values[..n_rows * n_features].to_vec())
            .unwrap();
        let start = x.slice(ndarray::s![..n_clusters, ..]).to_owned();
        let (centroids, labels, inertia) = plain_lloyd(x.view(), &start, max_iter);
        let every_cluster_kept_rows = (0..n_clusters as u32).all(|c| labels.contains(&c));
        prop_assume!(every_cluster_kept_rows);

        let found = fit(&x, from(start).max_iter(max_iter));
        prop_assert_eq!(&found.labels, &labels);
        prop_assert!((found.model.inertia - inertia).abs() <= 1e-10 * inertia.max(1.0));
        for (a, b) in found.model.centroids.iter().zip(&centroids) {
            prop_assert!((a - b).abs() <= 1e-10 * b.abs().max(1.0), "{a} is not {b}");
        }
    }

    #[test]
    fn one_pass_equals_the_textbook_bit_for_bit(
        values in prop::collection::vec(-3..3_i8, 20..200),
        n_clusters in 1..6_usize,
    ) {
        // Small integers: ties everywhere, and every sum exact.
        let n_rows = values.len() / 2;
        let x = Array2::from_shape_fn((n_rows, 2), |(i, j)| f64::from(values[2 * i + j]));
        let centroids = x.slice(ndarray::s![..n_clusters, ..]).to_owned();
        let (partial, labels) = KMeansPartial::of_rows(x.view(), centroids.view());
        let (expected, inertia) = plain_assign(x.view(), &centroids);
        prop_assert_eq!(labels, expected);
        prop_assert_eq!(partial.inertia, inertia);
    }

    #[test]
    fn an_unbounded_fit_leaves_no_cluster_empty_and_agrees_with_predict(
        values in prop::collection::vec(-4..4_i8, 10..120),
        n_clusters in 1..9_usize,
        seed in any::<u64>(),
    ) {
        let n_rows = values.len() / 2;
        let x = Array2::from_shape_fn((n_rows, 2), |(i, j)| f64::from(values[2 * i + j]));
        let params = KMeans::params(n_clusters).seed(seed).n_init(1).check().unwrap();
        match params.fit_rows(x.view()) {
            Ok(fit) => {
                prop_assert!(fit.cluster_sizes.iter().all(|&size| size > 0), "{fit:?}");
                prop_assert_eq!(fit.model.predict_rows(x.view()), fit.labels);
            }
            Err(KMeansError::TooFewDistinctRows { distinct_rows, .. }) => {
                prop_assert!(distinct_rows < n_clusters);
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}
