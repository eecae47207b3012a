//! What is skipped, and what is done together, changes no bit.

use ndarray::{Array2, ArrayView2};
use proptest::prelude::*;

use super::*;

/// One look at every row by the order of sums that [`KMeansPartial`] documents, without tiles,
/// threads or vector instructions.
pub(in crate::kmeans) fn plain_pass(x: ArrayView2<f64>, centroids: &Array2<f64>) -> KMeansPartial {
    let (n_clusters, n_features) = centroids.dim();
    let (labels, _) = plain_assign(x, centroids);
    let block_rows = if n_clusters <= 64 { 256 } else { 2048 };
    let mut total = KMeansPartial::zeros(n_clusters, n_features);
    for chunk in (0..x.nrows()).step_by(2048) {
        let mut sums = KMeansPartial::zeros(n_clusters, n_features);
        let chunk_end = x.nrows().min(chunk + 2048);
        for block in (chunk..chunk_end).step_by(block_rows) {
            let mut lanes = vec![KMeansPartial::zeros(n_clusters, n_features); 8];
            for row in block..chunk_end.min(block + block_rows) {
                let (lane, cluster) = (&mut lanes[(row - block) % 8], labels[row] as usize);
                let mut sum = lane.sums.row_mut(cluster);
                sum += &x.row(row);
                lane.counts[cluster] += 1;
                let centroid = centroids.row(cluster);
                let differences = x.row(row).into_iter().zip(centroid);
                lane.inertia += differences.fold(0.0, |sum, (a, b)| (a - b).mul_add(a - b, sum));
            }
            let mut of_block = KMeansPartial::zeros(n_clusters, n_features);
            lanes.iter().for_each(|lane| of_block.merge(lane));
            sums.merge(&of_block);
        }
        total.merge(&sums);
    }
    total
}

/// Lloyd's iteration that looks at every row every time; `None` if a cluster loses all its rows.
fn plain_fit(
    x: ArrayView2<f64>,
    start: &Array2<f64>,
    tol: f64,
    max_iter: u64,
) -> Option<KMeansFit> {
    let mut centroids = start.clone();
    let mut previous = Vec::new();
    let (mut n_iter, mut settled) = (0, false);
    loop {
        let partial = plain_pass(x, &centroids);
        if partial.counts.contains(&0) {
            return None;
        }
        let (labels, _) = plain_assign(x, &centroids);
        let unchanged = labels == previous;
        if settled || unchanged || n_iter == max_iter {
            n_iter += u64::from(unchanged && !settled && n_iter < max_iter);
            return Some(KMeansFit {
                model: KMeans {
                    centroids,
                    inertia: partial.inertia,
                    n_iter,
                },
                labels,
                cluster_sizes: partial.counts.iter().map(|&count| count as usize).collect(),
            });
        }
        let means = partial.means(centroids.view());
        let ways = means.rows().into_iter().zip(centroids.rows());
        let ways = ways.map(|(a, b)| {
            let differences = a.into_iter().zip(b);
            differences.fold(0.0, |sum, (a, b)| sum + (b - a) * (b - a))
        });
        settled = ways.fold(0.0_f64, f64::max).sqrt() <= tol;
        centroids = means;
        n_iter += 1;
        previous = labels;
    }
}

/// Overlapping clouds, with equal rows and rows in the middle of others.
pub(in crate::kmeans) fn crowd(
    n_rows: usize,
    n_features: usize,
    grid: f64,
    seed: u64,
) -> Array2<f64> {
    let mut rng = random::stream(seed, &[]);
    Array2::from_shape_fn((n_rows, n_features), |(i, _)| {
        let place = (i % 3) as f64 + 2.0 * random::unit(&mut rng) + random::unit(&mut rng);
        (place / grid).round() * grid
    })
}

#[test]
fn many_clusters_are_summed_by_chunks() {
    let x = crowd(3_000, 2, 1e-9, 1);
    let start = x.slice(ndarray::s![..70, ..]).to_owned();
    let found = fit(&x, from(start.clone()).max_iter(12));
    assert_eq!(Some(found), plain_fit(x.view(), &start, 0.0, 12));
}

#[test]
fn distances_at_the_ends_of_the_number_range_are_not_skipped_wrongly() {
    for scale in [1e-170, 1e-160, 1e-150, 1e140] {
        let x = crowd(900, 2, 0.01, 4) * scale;
        let start = x.slice(ndarray::s![..4, ..]).to_owned();
        let found = fit(&x, from(start.clone()).max_iter(30));
        if let Some(expected) = plain_fit(x.view(), &start, 0.0, 30) {
            assert_eq!(found, expected, "{scale:e}");
        }
    }
}

#[test]
fn fits_made_together_are_those_made_alone_whatever_the_number_of_threads() {
    let x = crowd(9_000, 3, 1e-3, 2);
    let mut params: Vec<_> = (1..8)
        .map(|k| {
            KMeans::params(k)
                .n_init(1 + k % 3)
                .seed(k as u64)
                .check()
                .unwrap()
        })
        .collect();
    let start = x.slice(ndarray::s![..5, ..]).to_owned();
    params.insert(3, from(start).check().unwrap());
    params.insert(5, KMeans::params(100_000).check().unwrap());
    for threads in [1, 2, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let fits = pool.build().unwrap().install(|| {
            let points = Points::new(x.view()).unwrap();
            fit_many(&params, &points)
        });
        for (found, params) in fits.into_iter().zip(&params) {
            match (found, params.fit_rows(x.view())) {
                (Ok(found), Ok(alone)) => assert_eq!(found, alone),
                (Err(found), Err(alone)) => assert_eq!(found.to_string(), alone.to_string()),
                other => panic!("{other:?}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn skipping_changes_no_bit(
        (n_rows, n_features, n_clusters) in (20..5_000_usize, 1..7_usize, 1..12_usize),
        (grid, tol) in (prop_oneof![Just(0.5), Just(1e-2), Just(1e-12)], prop_oneof![Just(0.0), Just(1e-3)]),
        max_iter in 1..60_u64,
        seed in any::<u64>(),
    ) {
        let x = crowd(n_rows, n_features, grid, seed);
        let start = x.slice(ndarray::s![..n_clusters, ..]).to_owned();
        let expected = plain_fit(x.view(), &start, tol, max_iter);
        prop_assume!(expected.is_some());
        let distinct = x.rows().into_iter().map(|row| row.to_vec()).fold(Vec::new(), |mut seen, row| {
            if seen.len() < n_clusters && !seen.contains(&row) {
                seen.push(row);
            }
            seen
        });
        prop_assume!(distinct.len() == n_clusters);
        let found = fit(&x, from(start).tol(tol).max_iter(max_iter));
        prop_assert_eq!(Some(found), expected);
    }
}
