//! Ranking and error measures against Spark MLlib 3.5, on Spark's own recommendations.

use algorithms::ranking::{
    BootstrapParams, Metric, NothingRelevant, bootstrap_mean, mae, rmse, user_values,
};
use serde::Deserialize;

use crate::als_spark::Case;
use crate::compare::assert_close;
use crate::fixtures::read;

#[derive(Deserialize)]
struct Measured {
    #[serde(flatten)]
    case: Case,
    error: Errors,
    recommended: Vec<Vec<u32>>,
    relevant: Vec<Vec<u32>>,
    ranking: Ranking,
}

#[derive(Deserialize)]
struct Errors {
    rmse: f64,
    mae: f64,
}

#[derive(Deserialize)]
struct Ranking {
    k: Vec<usize>,
    precision: Vec<f64>,
    recall: Vec<f64>,
    ndcg: Vec<f64>,
    map_at: Vec<f64>,
    map: f64,
}

#[test]
fn ranking_measures_are_those_of_spark() {
    for measured in read::<Vec<Measured>>("als.json") {
        let name = &measured.case.name;
        let mean = |metric| {
            let (lists, relevant) = (&measured.recommended, &measured.relevant);
            let values = user_values(metric, lists, relevant, NothingRelevant::Zero).unwrap();
            bootstrap_mean(&values, &BootstrapParams::default())
                .unwrap()
                .mean
        };
        let expected = &measured.ranking;
        assert!(expected.k.contains(&10) && expected.map > 0.0);
        for (i, &k) in expected.k.iter().enumerate() {
            for (metric, expected) in [
                (Metric::Precision(k), expected.precision[i]),
                (Metric::Recall(k), expected.recall[i]),
                (Metric::Ndcg(k), expected.ndcg[i]),
                (Metric::Map(k), expected.map_at[i]),
            ] {
                assert_close(&format!("{name}: {metric:?}"), mean(metric), expected);
            }
        }
        // Without a limit: longer than any list and any set of relevant items.
        assert_close(name, mean(Metric::Map(1000)), expected.map);
    }
}

#[test]
fn errors_of_predictions_are_those_of_spark() {
    for measured in read::<Vec<Measured>>("als.json") {
        let case = &measured.case;
        let actual: Vec<f32> = case
            .test
            .iter()
            .map(|&(_, _, score)| score as f32)
            .collect();
        let found = rmse(&case.predictions, &actual).unwrap();
        assert_close(&format!("{}: rmse", case.name), found, measured.error.rmse);
        let found = mae(&case.predictions, &actual).unwrap();
        assert_close(&format!("{}: mae", case.name), found, measured.error.mae);
    }
}
