//! Against Spark MLlib 3.5.

use algorithms::scale::StandardScaler;
use algorithms::silhouette::silhouette_score;

use crate::compare::{assert_all_close, assert_close};
use crate::fixtures::{Spark, cases};
use crate::sklearn::fit_from;

#[test]
fn k_means_from_the_same_start_ends_in_the_same_place() {
    for (points, expected) in cases::<Spark>("spark.json") {
        let name = &points.name;
        let found = fit_from(points.x().view(), points.start());
        assert_eq!(found.labels, expected.labels, "{name}: labels");
        assert_close(&format!("{name}: cost"), found.model.inertia, expected.cost);
        assert_all_close(
            &format!("{name}: centroids"),
            &found.model.centroids,
            expected.centroids.iter().flatten(),
            1.0,
        );
    }
}

#[test]
fn the_silhouette_is_that_of_the_clustering_evaluator() {
    for (points, expected) in cases::<Spark>("spark.json") {
        let score = silhouette_score(points.x().view(), &expected.labels).unwrap();
        assert_close(&points.name, score, expected.silhouette_score);
    }
}

#[test]
fn the_scaler_is_that_of_spark_with_mean_and_deviation() {
    for (points, expected) in cases::<Spark>("spark.json") {
        let x = points.x();
        let scaled = StandardScaler::fit(x.view())
            .unwrap()
            .transform(x.view())
            .unwrap();
        assert_all_close(&points.name, &scaled, expected.scaled.iter().flatten(), 1.0);
    }
}
