//! Public datasets, where they are at hand, against recorded results of scikit-learn.

use std::env;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use algorithms::silhouette::silhouette_score;
use flate2::read::GzDecoder;
use ndarray::{Array2, Axis};

use crate::compare::{assert_all_close, assert_close};
use crate::fixtures::{RealData, read};
use crate::sklearn::fit_from;

/// The folder of a dataset, in `CLIENTELE_DATASETS`, or `../shared/datasets` beside the workspace.
pub(crate) fn datasets(name: &str) -> Option<PathBuf> {
    let folder = match env::var_os("CLIENTELE_DATASETS") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .find(|folder| folder.join("Cargo.lock").exists())?
            .parent()?
            .join("shared/datasets"),
    };
    let folder = folder.join(name);
    folder.is_dir().then_some(folder)
}

fn points(path: &Path) -> Array2<f64> {
    let mut text = String::new();
    GzDecoder::new(File::open(path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let values: Vec<f64> = lines
        .iter()
        .flat_map(|l| l.split_whitespace())
        .map(|v| v.parse().unwrap())
        .collect();
    Array2::from_shape_vec((lines.len(), values.len() / lines.len()), values).unwrap()
}

#[test]
fn k_means_and_silhouette_on_iris_wine_and_s1() {
    let Some(folder) = datasets("clustering") else {
        eprintln!("skipped: no clustering datasets (set CLIENTELE_DATASETS to their folder)");
        return;
    };
    for expected in read::<Vec<RealData>>("real.json") {
        let name = &expected.name;
        let x = points(&folder.join(format!("{name}.data.gz")));
        assert_eq!(x.nrows(), expected.rows, "{name}: rows");
        let found = fit_from(x.view(), x.select(Axis(0), &expected.initial_rows));
        assert_eq!(found.cluster_sizes, expected.cluster_sizes, "{name}: sizes");
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
            0.0,
        );
        let score = silhouette_score(x.view(), &found.labels).unwrap();
        assert_close(
            &format!("{name}: silhouette"),
            score,
            expected.silhouette_score,
        );
    }
}
