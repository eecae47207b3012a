//! Alternating least squares against Spark MLlib 3.5, from Spark's own starting factors.

use algorithms::als::{Als, AlsFit, AlsParams, Arithmetic, Factors, Interactions, WarmStart};
use linfa::ParamGuard;
use ndarray::Array2;
use serde::Deserialize;

use crate::fixtures::read;

/// One set of scores and what Spark makes of it.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    n_users: usize,
    n_items: usize,
    rank: usize,
    regularization: f64,
    implicit: bool,
    alpha: f64,
    non_negative: bool,
    scores: Vec<(u32, u32, f32)>,
    initial: Both,
    after: Vec<After>,
    pub(crate) test: Vec<(usize, usize, f64)>,
    pub(crate) predictions: Vec<f32>,
}

#[derive(Deserialize)]
struct Both {
    user_factors: Vec<Vec<f32>>,
    item_factors: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct After {
    iterations: usize,
    #[serde(flatten)]
    factors: Both,
}

fn matrix(rows: &[Vec<f32>]) -> Array2<f32> {
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
}

impl Case {
    fn params(&self) -> AlsParams {
        let params = if self.implicit {
            Als::implicit(self.rank).alpha(self.alpha)
        } else {
            Als::explicit(self.rank).biases(false)
        };
        params
            .regularization(self.regularization)
            .non_negative(self.non_negative)
            .tol(0.0)
    }

    fn fit(&self, iterations: usize, arithmetic: Arithmetic) -> AlsFit {
        let data = Interactions::from_triples(self.n_users, self.n_items, &self.scores).unwrap();
        let start = WarmStart::Users(Factors {
            vectors: matrix(&self.initial.user_factors),
            biases: None,
        });
        let params = self.params().iterations(iterations).arithmetic(arithmetic);
        params.check().unwrap().fit_from(&data, start).unwrap()
    }
}

/// The largest difference, relative to the largest value.
fn gap(found: &Array2<f32>, expected: &Array2<f32>) -> f64 {
    assert_eq!(found.dim(), expected.dim());
    let size = expected.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
    let gaps = found.iter().zip(expected).map(|(f, e)| (f - e).abs());
    f64::from(gaps.fold(0.0, f32::max) / size)
}

fn compare(arithmetic: Arithmetic, tolerance: f64) {
    let cases: Vec<Case> = read("als.json");
    assert_eq!(cases.len(), 5);
    for case in &cases {
        // Spark stops its search for a non-negative solution a little before the minimum.
        let tolerance = if case.non_negative {
            tolerance.max(1e-4)
        } else {
            tolerance
        };
        for after in &case.after {
            let model = case.fit(after.iterations, arithmetic).model;
            let users = gap(&model.users.vectors, &matrix(&after.factors.user_factors));
            let items = gap(&model.items.vectors, &matrix(&after.factors.item_factors));
            let what = format!("{}, {} iterations", case.name, after.iterations);
            assert!(users <= tolerance, "{what}: users differ by {users:e}");
            assert!(items <= tolerance, "{what}: items differ by {items:e}");
            // The comparison is worth something: the fit has moved far from its start.
            let moved = gap(&model.users.vectors, &matrix(&case.initial.user_factors));
            assert!(moved > 0.1, "{what}: moved by {moved}");
        }
    }
}

#[test]
fn double_arithmetic_gives_the_factors_of_spark() {
    compare(Arithmetic::F64, 1e-6);
}

#[test]
fn single_arithmetic_gives_nearly_the_factors_of_spark() {
    compare(Arithmetic::F32, 1e-4);
}

#[test]
fn predictions_are_those_of_spark() {
    for case in read::<Vec<Case>>("als.json")
        .iter()
        .filter(|case| !case.non_negative)
    {
        let model = case.fit(5, Arithmetic::F64).model;
        for (&(user, item, _), &expected) in case.test.iter().zip(&case.predictions) {
            let found = model.score(user, item);
            let gap = (found - expected).abs();
            assert!(
                gap <= 1e-5 * expected.abs().max(1.0),
                "{}: {found} {expected}",
                case.name
            );
        }
    }
}
