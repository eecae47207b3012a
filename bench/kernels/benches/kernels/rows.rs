//! K-Means, the silhouette and the scan over numbers of clusters.

use std::hint::black_box;

use algorithms::kmeans::{KMeans, KMeansInit, KMeansPartial, fit_many};
use algorithms::points::Points;
use algorithms::silhouette::silhouette_of_points;
use criterion::Criterion;
use linfa::ParamGuard;
use ndarray::s;

use crate::data::customers;

/// Iterations of the fits that are timed per iteration.
const ITERATIONS: u64 = 20;

/// Twenty iterations from the same start, and one pass that looks at every row.
pub(crate) fn kmeans(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("kmeans");
    for (n, d, k) in [(100_000, 3, 8), (1_000_000, 3, 8), (1_000_000, 12, 8)] {
        let x = customers(n, d);
        let points = Points::new(x.view()).expect("the rows are finite");
        let start = x.slice(s![..k, ..]).to_owned();
        let params = KMeans::params(k)
            .init(KMeansInit::Precomputed(start.clone()))
            .tol(0.0)
            .max_iter(ITERATIONS)
            .check()
            .expect("the parameters are valid");
        group.bench_function(format!("{ITERATIONS}_iterations/n={n},d={d},k={k}"), |b| {
            b.iter(|| params.fit_points(black_box(&points)));
        });
        group.bench_function(format!("pass_with_layout/n={n},d={d},k={k}"), |b| {
            b.iter(|| KMeansPartial::of_rows(black_box(x.view()), start.view()));
        });
        group.bench_function(format!("layout/n={n},d={d}"), |b| {
            b.iter(|| Points::new(black_box(x.view())));
        });
    }
    group.finish();
}

/// The nearest centroid of each row, from rows as they come and from rows laid out before.
pub(crate) fn predict(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("predict");
    for (n, d, k) in [(1_000_000, 3, 8), (1_000_000, 12, 8), (1_000_000, 12, 50)] {
        let x = customers(n, d);
        let points = Points::new(x.view()).expect("the rows are finite");
        let model = KMeans {
            centroids: x.slice(s![..k, ..]).to_owned(),
            inertia: 0.0,
            n_iter: 0,
        };
        group.bench_function(format!("rows/n={n},d={d},k={k}"), |b| {
            b.iter(|| model.predict_rows(black_box(x.view())));
        });
        group.bench_function(format!("points/n={n},d={d},k={k}"), |b| {
            b.iter(|| model.predict_points(black_box(&points)));
        });
    }
    group.finish();
}

/// The score of one clustering.
pub(crate) fn silhouette(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("silhouette");
    for (n, d, k) in [(100_000, 3, 8), (1_000_000, 3, 8), (1_000_000, 12, 8)] {
        let x = customers(n, d);
        let points = Points::new(x.view()).expect("the rows are finite");
        let (_, labels) = KMeansPartial::of_rows(x.view(), x.slice(s![..k, ..]));
        group.bench_function(format!("n={n},d={d},k={k}"), |b| {
            b.iter(|| silhouette_of_points(black_box(&points), &labels));
        });
    }
    group.finish();
}

/// All fits of 2 to 10 clusters with four starts each, and their silhouettes.
pub(crate) fn choose_k(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("choose_k");
    for (n, d) in [(20_000, 12), (100_000, 12)] {
        let x = customers(n, d);
        let params: Vec<_> = (2..=10)
            .map(|k| KMeans::params(k).n_init(4).check())
            .collect::<Result<_, _>>()
            .expect("the parameters are valid");
        group.bench_function(format!("n={n},d={d},k=2..10,n_init=4"), |b| {
            b.iter(|| {
                let points = Points::new(black_box(x.view())).expect("the rows are finite");
                let fits = fit_many(&params, &points).into_iter().flatten();
                fits.map(|fit| silhouette_of_points(&points, &fit.labels))
                    .collect::<Vec<_>>()
            });
        });
    }
    group.finish();
}
