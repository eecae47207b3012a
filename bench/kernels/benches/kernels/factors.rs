//! Alternating least squares and the search for the best items.

use std::hint::black_box;

use algorithms::als::{Als, Factors, Interactions, WarmStart};
use algorithms::topn::TopN;
use criterion::Criterion;
use linfa::ParamGuard;
use ndarray::{Array2, s};

use crate::data::{shop, uniform};

/// One iteration, items and users, from users that have been learned before.
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
            let warm = params.fit(&interactions).expect("the fit is regular");
            let size = format!("users={n_users},items={n_items},entries={n},factors={factors}");
            group.bench_function(format!("{kind}_iteration/{size}"), |b| {
                b.iter(|| {
                    let start = WarmStart::Users(warm.model.users.clone());
                    params.fit_from(black_box(&interactions), start)
                });
            });
        }
    }
    group.finish();
}

/// Iterations in which every row is a small system: the dual solve.
pub(crate) fn fold_in(criterion: &mut Criterion) {
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
