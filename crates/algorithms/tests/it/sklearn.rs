//! Against scikit-learn.

use algorithms::kmeans::{KMeans, KMeansFit, KMeansInit};
use algorithms::scale::StandardScaler;
use algorithms::silhouette::{silhouette_samples, silhouette_score};
use linfa::ParamGuard;
use ndarray::{Array2, ArrayView2};

use crate::compare::{assert_all_close, assert_close};
use crate::fixtures::{Sklearn, cases};

/// Lloyd from given centroids until no label changes.
pub(crate) fn fit_from(x: ArrayView2<f64>, start: Array2<f64>) -> KMeansFit {
    let params = KMeans::params(start.nrows()).tol(0.0).max_iter(1000);
    params
        .init(KMeansInit::Precomputed(start))
        .check()
        .unwrap()
        .fit_rows(x)
        .unwrap()
}

#[test]
fn k_means_from_the_same_start_ends_in_the_same_place() {
    for (points, expected) in cases::<Sklearn>("sklearn.json") {
        let name = &points.name;
        let found = fit_from(points.x().view(), points.start());
        assert_eq!(found.labels, expected.labels, "{name}: labels");
        assert_eq!(found.model.n_iter, expected.n_iter, "{name}: iterations");
        assert_close(
            &format!("{name}: inertia"),
            found.model.inertia,
            expected.inertia,
        );
        assert_all_close(
            &format!("{name}: centroids"),
            &found.model.centroids,
            expected.centroids.iter().flatten(),
            1.0,
        );
    }
}

#[test]
fn the_silhouette_is_the_same() {
    for (points, expected) in cases::<Sklearn>("sklearn.json") {
        let name = &points.name;
        let samples = silhouette_samples(points.x().view(), &expected.labels).unwrap();
        // scikit-learn expands the square, so values near 0 carry its rounding.
        assert_all_close(
            &format!("{name}: samples"),
            &samples,
            &expected.silhouette_samples,
            1.0,
        );
        let score = silhouette_score(points.x().view(), &expected.labels).unwrap();
        assert_close(&format!("{name}: score"), score, expected.silhouette_score);
    }
}

#[test]
fn the_scaler_with_the_sample_deviation_is_the_same() {
    for (points, expected) in cases::<Sklearn>("sklearn.json") {
        let name = &points.name;
        let scaler = StandardScaler::fit(points.x().view()).unwrap();
        assert_all_close(&format!("{name}: mean"), &scaler.mean, &expected.mean, 1.0);
        assert_all_close(
            &format!("{name}: deviation"),
            &scaler.std,
            &expected.std,
            0.0,
        );
        let scaled = scaler.transform(points.x().view()).unwrap();
        assert_all_close(
            &format!("{name}: scaled"),
            &scaled,
            expected.scaled.iter().flatten(),
            1.0,
        );
    }
}
