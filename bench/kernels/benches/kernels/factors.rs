//! Alternating least squares and the search for the best items.

use std::hint::black_box;

use algorithms::als::{Als, AlsValidParams, Factors, Interactions, WarmStart};
use algorithms::topn::TopN;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use linfa::ParamGuard;
use ndarray::{Array2, s};

use crate::data::{buyers, shop, uniform};

/// Times an iteration from users that have been learned before, items and users.
fn time_iteration(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: String,
    params: &AlsValidParams,
    interactions: &Interactions,
) {
    let warm = params.fit(interactions).expect("the fit is regular");
    group.bench_function(name, |b| {
        b.iter(|| {
            let start = WarmStart::Users(warm.model.users.clone());
            params.fit_from(black_box(interactions), start)
        });
    });
}

/// One iteration with many factors; and with few on the shape of a shop, whose customers are many and
/// have few scores each.
pub(crate) fn als(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("als");
    let (n_users, n_items) = (20_000, 5_000);
    let interactions = Interactions::from_triples(n_users, n_items, &shop(n_users, n_items))
        .expect("the scores lie within the shop");
    let n = interactions.len();
    for factors in [64, 128] {
        for (kind, params) in [
            ("implicit", Als::implicit(factors).alpha(10.0)),
            ("explicit", Als::explicit(factors)),
        ] {
            let params = params.regularization(0.05).tol(0.0).iterations(1);
            let params = params.check().expect("the parameters are valid");
            let size = format!("users={n_users},items={n_items},entries={n},factors={factors}");
            let name = format!("{kind}_iteration/{size}");
            time_iteration(&mut group, name, &params, &interactions);
        }
    }
    let (n_users, n_items) = (200_000, 20_000);
    let interactions = Interactions::from_triples(n_users, n_items, &buyers(n_users, n_items))
        .expect("the scores lie within the shop");
    let thousands = interactions.len().div_ceil(1_000);
    for factors in [16, 32] {
        let params = Als::implicit(factors).alpha(10.0).regularization(0.05);
        let params = params.tol(0.0).iterations(1).check();
        let params = params.expect("the parameters are valid");
        let name = format!("{factors}x{thousands}k");
        time_iteration(&mut group, name, &params, &interactions);
    }
    group.finish();
}

/// The row of one user who is not in the model, by the number of the user's scores.
pub(crate) fn fold_in(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fold_in");
    let n_items = 20_000;
    for factors in [16, 64, 128] {
        let mut unit = uniform(17);
        let items = Factors {
            vectors: Array2::from_shape_fn((n_items, factors), |_| (unit() - 0.5) as f32),
            biases: None,
        };
        let params = Als::implicit(factors).alpha(10.0).check();
        let params = params.expect("the parameters are valid");
        let fold_in = params.fold_in(&items, 0.0).expect("the items are finite");
        for n in [5, 50, 500] {
            let part = (n_items / n) as f64;
            let scores: Vec<(u32, f32)> = (0..n)
                .map(|entry| (((entry as f64 + unit()) * part) as u32, 1.0))
                .collect();
            let size = format!("items={n_items},entries={n},factors={factors}");
            group.bench_function(size, |b| b.iter(|| fold_in.user(black_box(&scores))));
        }
    }
    group.finish();
}

/// Iterations in which every row is a small system: the dual solve.
pub(crate) fn small_systems(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("small_systems");
    let (n_users, n_items, entries) = (20_000, 20_000, 4);
    let mut unit = uniform(11);
    let triples: Vec<(u32, u32, f32)> = (0..n_users as u32)
        .flat_map(|user| (0..entries).map(move |entry| (user, entry)))
        .map(|(user, entry)| {
            let part = n_items as f64 / f64::from(entries);
            (user, ((f64::from(entry) + unit()) * part) as u32, 1.0)
        })
        .collect();
    let interactions = Interactions::from_triples(n_users, n_items, &triples)
        .expect("the scores lie within the shop");
    for factors in [64, 128] {
        let params = Als::implicit(factors).alpha(10.0).tol(0.0).iterations(1);
        let params = params.check().expect("the parameters are valid");
        let size = format!("rows={n_users}+{n_items},entries_per_row={entries},factors={factors}");
        group.bench_function(format!("implicit_iteration/{size}"), |b| {
            b.iter(|| params.fit(black_box(&interactions)));
        });
    }
    group.finish();
}

/// The ten best of all items for each user, seen items left out.
pub(crate) fn topn(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("topn");
    let (n_users, n_items, n) = (20_000, 20_000, 10);
    let interactions = Interactions::from_triples(n_users, n_items, &shop(n_users, n_items))
        .expect("the scores lie within the shop");
    for factors in [64, 128] {
        let mut unit = uniform(13);
        let mut random = |rows: usize| Factors {
            vectors: Array2::from_shape_fn((rows, factors), |_| (unit() - 0.5) as f32),
            biases: None,
        };
        let (users, items) = (random(n_users), random(n_items));
        let some = Factors {
            vectors: users.vectors.slice(s![..2_000, ..]).to_owned(),
            biases: None,
        };
        let search = TopN::new(&items, 0.0, None).expect("one bias per item");
        for users in [&some, &users] {
            let size = format!(
                "users={},items={n_items},factors={factors},n={n}",
                users.len()
            );
            group.bench_function(size, |b| {
                b.iter(|| {
                    search.of_users(black_box(users), n, |user| interactions.user(user).indices)
                });
            });
        }
    }
    group.finish();
}
