use super::matrix::BehaviourMatrix;
use super::*;
use crate::error::SegmentationError;
use crate::features::sample::{Habits, customers, three_kinds};
use crate::fusion::{Tier, TierBounds};
use crate::outcome::ClusterOutcome;
use crate::settings::{Algorithm, DEFAULT_SETTINGS, Scale, SegmentationSettings};

fn settings(k: &str) -> SegmentationSettings {
    let mut settings: SegmentationSettings = toml::from_str(DEFAULT_SETTINGS).unwrap();
    settings.k = k.parse().unwrap();
    settings.columns = ["n_orders", "n_views", "net_revenue", "return_rate"]
        .map(String::from)
        .into();
    settings
}

fn clustered(settings: &SegmentationSettings) -> ClusterOutcome {
    analyse(
        &customers(&three_kinds()),
        settings,
        TierBounds::DEFAULT,
        42,
    )
    .unwrap()
}

#[test]
fn three_kinds_of_customers_are_found_and_named() {
    let outcome = clustered(&settings("2..5"));
    assert_eq!(outcome.n_clusters, 3, "{}", outcome.reason);
    let sizes: Vec<u64> = outcome.clusters.iter().map(|c| c.size.customers).collect();
    assert_eq!(sizes, [20, 20, 20]);
    let of = |row: usize| &outcome.clusters[outcome.labels[row] as usize];
    assert!((0..60).all(|row| outcome.labels[row] == outcome.labels[row % 3]));
    assert!(of(0).name.starts_with("Window shoppers"), "{}", of(0).name);
    assert_eq!(of(2).name, "Frequent buyers, heavy browsers");
    assert_eq!(
        (of(0).tier, of(1).tier, of(2).tier),
        (Tier::Low, Tier::Low, Tier::High)
    );
    assert_eq!((of(0).buyer_share, of(2).buyer_share), (0.0, 1.0));
}

#[test]
fn every_number_of_clusters_has_its_measures() {
    let outcome = clustered(&settings("2..5"));
    let numbers: Vec<usize> = outcome.candidates.iter().map(|c| c.n_clusters).collect();
    assert_eq!(numbers, [2, 3, 4, 5]);
    for candidate in &outcome.candidates {
        assert!((-1.0..=1.0).contains(&candidate.silhouette));
        assert!(candidate.inertia > 0.0 && candidate.stability.unwrap() <= 1.0);
    }
    assert!(outcome.chosen().unwrap().stability.unwrap() > 0.95);
    let mut without = settings("3");
    without.stability_samples = 0;
    assert_eq!(clustered(&without).candidates[0].stability, None);
}

#[test]
fn a_number_of_clusters_does_not_depend_on_the_range_it_is_tried_in() {
    let (narrow, wide) = (clustered(&settings("3")), clustered(&settings("2..6")));
    assert_eq!(narrow.candidates[0], wide.candidates[1]);
    assert_eq!(narrow.labels, wide.labels);
}

#[test]
fn a_habit_nobody_has_is_named_and_does_not_count() {
    let with = clustered(&settings("3"));
    assert_eq!(with.constant_columns, ["return_rate"]);
    assert_eq!(with.undefined_columns, ["return_rate"]);
    let mut settings = settings("3");
    settings.columns.pop();
    let without = clustered(&settings);
    assert_eq!(with.labels, without.labels);
    assert!(without.constant_columns.is_empty());
}

#[test]
fn a_profile_is_the_members_mean_and_a_typical_member() {
    let outcome = clustered(&settings("3"));
    for cluster in &outcome.clusters {
        assert_eq!(outcome.labels[cluster.medoid], cluster.cluster);
        assert_eq!(cluster.medoid_user_id, cluster.medoid.to_string());
    }
    let regulars = &outcome.clusters[outcome.labels[2] as usize];
    let orders = three_kinds()
        .iter()
        .skip(2)
        .step_by(3)
        .map(|h| h.n_orders as f64)
        .sum::<f64>();
    assert!((regulars.means[0] - orders / 20.0).abs() < 1e-12);
    assert!(regulars.z_scores[0] > 1.0);
    assert_eq!(regulars.z_scores[3], 0.0);
}

#[test]
fn columns_are_standardised_after_the_logarithm_or_without_it() {
    let columns = settings("2").check().unwrap();
    let rows = [1, 3, 7].map(|n_orders| Habits {
        id: n_orders,
        n_orders,
        ..Habits::default()
    });
    let orders = |scale| {
        let matrix = BehaviourMatrix::build(&customers(&rows), &columns, scale).unwrap();
        matrix.values.column(0).to_vec()
    };
    // log(1 + x) of 1, 3, 7 is 1, 2, 3 times log 2: standardised -1, 0, 1.
    let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
    assert!(close(&orders(Scale::Log), &[-1.0, 0.0, 1.0]));
    let std = (28.0_f64 / 3.0).sqrt();
    let raw = [-8.0 / 3.0 / std, -2.0 / 3.0 / std, 10.0 / 3.0 / std];
    assert!(close(&orders(Scale::Raw), &raw), "{:?}", orders(Scale::Raw));
}

#[test]
fn the_model_file_puts_the_same_customers_into_the_same_clusters() {
    for scale in [Scale::Log, Scale::Raw] {
        let mut settings = settings("2..4");
        settings.scale = scale;
        let outcome = clustered(&settings);
        let model = ClusterModel::from_json(&outcome.model.to_json().unwrap()).unwrap();
        assert_eq!(
            model.assign(&customers(&three_kinds())).unwrap(),
            outcome.labels
        );
        assert_eq!(model.is_logarithmic("n_orders"), scale == Scale::Log);
        let one = model.assign(&customers(&three_kinds()[4..5])).unwrap();
        assert_eq!(one, outcome.labels[4..5]);
    }
}

#[test]
fn files_that_are_no_cluster_model_are_told_apart() {
    let good = clustered(&settings("2")).model.to_json().unwrap();
    let error = |text: &str| ClusterModel::from_json(text).unwrap_err().to_string();
    assert!(error("{}").starts_with("it is not a cluster model"));
    assert!(error(&good.replace("\"version\": 1", "\"version\": 9")).contains("version 9"));
    let mut short = ClusterModel::from_json(&good).unwrap();
    short.clusters[0].centroid.pop();
    assert!(error(&short.to_json().unwrap()).contains("another number of values"));
}

#[test]
fn a_gaussian_mixture_can_take_the_place_of_kmeans() {
    let mut settings = settings("2..3");
    settings.algorithm = Algorithm::Gmm;
    settings.columns.pop();
    let outcome = clustered(&settings);
    assert_eq!(outcome.labels.len(), 60);
    assert!(
        outcome
            .candidates
            .iter()
            .all(|c| c.n_iter.is_none() && c.stability.is_none())
    );
    let members: u64 = outcome
        .clusters
        .iter()
        .map(|cluster| cluster.size.customers)
        .sum();
    assert_eq!(members, 60);
}

fn refusal(rows: &[Habits], k: &str) -> SegmentationError {
    analyse(&customers(rows), &settings(k), TierBounds::DEFAULT, 42).unwrap_err()
}

#[test]
fn more_clusters_than_different_customers_is_an_error() {
    let rows: Vec<Habits> = (0..60)
        .map(|id| Habits {
            id,
            n_orders: id % 4,
            ..Habits::default()
        })
        .collect();
    let error = refusal(&rows, "2..10");
    assert!(
        matches!(
            error,
            SegmentationError::TooManyClusters { k: 10, distinct: 4 }
        ),
        "{error}"
    );
}

#[test]
fn customers_who_are_all_alike_are_an_error() {
    let rows: Vec<Habits> = (0..60)
        .map(|id| Habits {
            id,
            ..Habits::default()
        })
        .collect();
    assert!(matches!(
        refusal(&rows, "2..3"),
        SegmentationError::NoBehaviour { .. }
    ));
}
