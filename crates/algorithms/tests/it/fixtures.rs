//! The committed fixtures.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ndarray::Array2;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Points, and the centroids to start from.
#[derive(Deserialize)]
pub(crate) struct Points {
    pub(crate) name: String,
    x: Vec<Vec<f64>>,
    start: Vec<Vec<f64>>,
}

impl Points {
    pub(crate) fn x(&self) -> Array2<f64> {
        matrix(&self.x)
    }

    pub(crate) fn start(&self) -> Array2<f64> {
        matrix(&self.start)
    }
}

/// What scikit-learn makes of the points.
#[derive(Deserialize)]
pub(crate) struct Sklearn {
    pub(crate) labels: Vec<u32>,
    pub(crate) centroids: Vec<Vec<f64>>,
    pub(crate) inertia: f64,
    pub(crate) n_iter: u64,
    pub(crate) silhouette_samples: Vec<f64>,
    pub(crate) silhouette_score: f64,
    pub(crate) mean: Vec<f64>,
    pub(crate) std: Vec<f64>,
    pub(crate) scaled: Vec<Vec<f64>>,
}

/// What Spark MLlib makes of the points.
#[derive(Deserialize)]
pub(crate) struct Spark {
    pub(crate) labels: Vec<u32>,
    pub(crate) centroids: Vec<Vec<f64>>,
    pub(crate) cost: f64,
    pub(crate) silhouette_score: f64,
    pub(crate) scaled: Vec<Vec<f64>>,
}

/// What scikit-learn makes of two groupings.
#[derive(Deserialize)]
pub(crate) struct Groupings {
    pub(crate) a: Vec<u32>,
    pub(crate) b: Vec<u32>,
    pub(crate) adjusted_rand_index: f64,
    pub(crate) normalized_mutual_information: f64,
}

/// What scikit-learn makes of a public dataset, started from some of its rows.
#[derive(Deserialize)]
pub(crate) struct RealData {
    pub(crate) name: String,
    pub(crate) rows: usize,
    pub(crate) initial_rows: Vec<usize>,
    pub(crate) cluster_sizes: Vec<usize>,
    pub(crate) centroids: Vec<Vec<f64>>,
    pub(crate) inertia: f64,
    pub(crate) n_iter: u64,
    pub(crate) silhouette_score: f64,
}

pub(crate) fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name);
    let text = fs::read_to_string(&path).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The points together with what one implementation makes of them.
pub(crate) fn cases<T: DeserializeOwned>(name: &str) -> Vec<(Points, T)> {
    let mut expected: BTreeMap<String, T> = read(name);
    let points: Vec<Points> = read("points.json");
    let cases: Vec<(Points, T)> = points
        .into_iter()
        .filter_map(|points| expected.remove(&points.name).map(|case| (points, case)))
        .collect();
    assert!(expected.is_empty(), "{name} holds cases without points");
    assert!(cases.len() >= 4, "{name} holds only {} cases", cases.len());
    cases
}

pub(crate) fn matrix(rows: &[Vec<f64>]) -> Array2<f64> {
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
}
