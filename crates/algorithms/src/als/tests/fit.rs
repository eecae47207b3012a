//! Whole fits.

use proptest::prelude::*;

use super::*;
use crate::als::half_step::HalfStep;
use crate::als::loss::Dots;
use crate::als::schedule::Scheduled;
use crate::isa::{Isa, run_on};

fn fit(params: AlsParams, interactions: &Interactions) -> AlsFit {
    checked(params).fit(interactions).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_loss_is_that_of_the_definition_and_never_rises_between_half_iterations(
        seed in 0_u64..1000, k in 1_usize..9, objective in 0_usize..6, non_negative: bool
    ) {
        let params = objectives(k)[objective].clone();
        let params = checked(params.arithmetic(Arithmetic::F64).non_negative(non_negative));
        let data = interactions(20, 15, &shop(seed, 20, 15));
        prop_assume!(!data.is_empty());
        let mean = if params.has_biases() { data.mean_score() as f32 } else { 0.0 };
        let mut users = factors(seed, 20, k, params.has_biases());
        if non_negative {
            // The start must be allowed, or the first step back to what is may raise the loss.
            users.vectors.mapv_inplace(f32::abs);
        }
        let mut model = Als {
            users,
            items: factors(seed, 15, k, params.has_biases()),
            global_mean: mean,
        };
        let mut previous = f64::INFINITY;
        for half in 0..8 {
            if half % 2 == 0 {
                let users = &model.users;
                let by_item = params.scheduled::<f64>(Side::Item, &data);
                // What is left of an earlier half-step must not be seen in a later one.
                let room = Some(model.items.clone());
                let items = params.half_step(&by_item, users, None, mean, room);
                model.items = items.unwrap();
            } else {
                let items = &model.items;
                let by_user = params.scheduled::<f64>(Side::User, &data);
                let room = Some(model.users.clone());
                let users = params.half_step(&by_user, items, None, mean, room);
                model.users = users.unwrap();
            }
            let grams = params.gram_of(&model.users).zip(params.gram_of(&model.items));
            let grams = grams.as_ref().map(|(x, y)| (&x[..], &y[..]));
            let loss = params.loss(&data, &model, grams);
            let expected = plain::loss(&params, &data, &model);
            prop_assert!((loss - expected).abs() <= 1e-9 * expected.abs().max(1.0));
            // Rounding factors to f32 may cost a few parts in 1e7.
            prop_assert!(loss <= previous * (1.0 + 1e-6), "{half}: {previous} {loss}");
            previous = loss;
        }
    }
}

proptest! {
    #[test]
    fn dot_products_have_the_same_bits_on_all_instruction_sets(
        seed: u64, k in 1_usize..40, n in 0_usize..30
    ) {
        let items = factors(seed, 10, k, false);
        let users = factors(seed ^ 1, 3, k, false);
        let vectors: Vec<f64> = users.vectors.iter().map(|&x| f64::from(x)).collect();
        let indices: Vec<u32> = (0..n as u32).map(|i| i * 7 % 10).collect();
        let lengths = [n / 3, 0, n - n / 3];
        let dots = |isa| {
            let mut dots = vec![0.0; 3];
            let (vectors, lengths, indices) = (&vectors[..], &lengths[..], &indices[..]);
            let items = items.vectors.as_slice().unwrap();
            run_on(isa, Dots { k, vectors, lengths, indices, items, dots: &mut dots });
            dots
        };
        let portable = dots(Isa::Portable);
        prop_assert_eq!(portable.len(), n);
        for (place, (&index, found)) in indices.iter().zip(&portable).enumerate() {
            let item = items.vectors.row(index as usize);
            let user = &vectors[if place < n / 3 { 0 } else { 2 * k }..];
            let expected: f64 = user.iter().zip(item).map(|(x, &y)| x * f64::from(y)).sum();
            prop_assert!((found - expected).abs() < 1e-13);
        }
        for &isa in Isa::ALL {
            prop_assert_eq!(&dots(isa), &portable);
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    // Item 0 has 9000 users: its equations are summed in three blocks. Most users have few items,
    // so that the eigenbasis is used.
    let mut triples: Vec<_> = (0..9_000).map(|u| (u, 0, 1.0 + (u % 4) as f32)).collect();
    triples.extend((0..9_000).map(|u| (u, 1 + (u * 7) % 60, 1.0)));
    let data = interactions(9_000, 61, &triples);
    for params in [
        Als::explicit(10),
        Als::implicit(10).alpha(3.0),
        Als::implicit(10).alpha(3.0).arithmetic(Arithmetic::F64),
    ] {
        let params = checked(params.iterations(2));
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build().unwrap().install(|| params.fit(&data).unwrap())
        };
        let one = with(1);
        assert_eq!(one, with(2));
        assert_eq!(one, with(7));
    }
}

#[test]
fn short_rows_in_the_eigenbasis_give_the_fit_without_it() {
    let data = interactions(400, 30, &shop(3, 400, 30));
    let params = checked(Als::implicit(24).alpha(5.0).arithmetic(Arithmetic::F64));
    let items = factors(1, 30, 24, false);
    let gram = params.gram_of(&items);
    let solve = |rotated| {
        let step = HalfStep::<f64>::new(&params, 0.0, &items, gram.as_deref(), rotated);
        assert_eq!(step.rotation.is_some(), rotated);
        let users = Scheduled::<f64>::with(&params, Side::User, &data.by_user, 30, rotated);
        step.solve_all(&users, None).unwrap().vectors
    };
    assert!(params.scheduled::<f64>(Side::User, &data).rotated);
    let (primal, dual) = (solve(false), solve(true));
    let size = primal.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
    for (p, d) in primal.iter().zip(&dual) {
        assert!((p - d).abs() <= 1e-5 * size);
    }
}

#[test]
fn single_arithmetic_stays_close_to_double() {
    let data = interactions(300, 40, &shop(4, 300, 40));
    for params in objectives(12) {
        let params = params.iterations(3).tol(0.0);
        let single = fit(params.clone(), &data).model;
        let double = fit(params.arithmetic(Arithmetic::F64), &data).model;
        for user in 0..300 {
            for item in 0..40 {
                let (s, d) = (single.score(user, item), double.score(user, item));
                assert!((s - d).abs() < 2e-3, "{s} {d}");
            }
        }
    }
}

#[test]
fn a_fit_stops_when_the_loss_settles() {
    let data = interactions(60, 20, &shop(5, 60, 20));
    let params = Als::implicit(3).alpha(5.0).iterations(200).tol(1e-3);
    let settled = fit(params.clone(), &data);
    assert!(settled.converged);
    assert!(settled.losses.len() > 2 && settled.losses.len() < 200);
    let cut = fit(params.iterations(2), &data);
    assert!(!cut.converged);
    assert_eq!(cut.losses, settled.losses[..2]);
    assert_eq!(
        (cut.iterations, settled.iterations),
        (2, settled.losses.len())
    );
}

#[test]
fn an_untraced_fit_is_the_same() {
    let data = interactions(60, 20, &shop(5, 60, 20));
    for params in objectives(3) {
        // At the minimum the loss neither falls nor rises but by rounding: no reason to stop.
        let all = params.clone().tol(0.0).iterations(60);
        let traced = fit(all.clone(), &data);
        let found = checked(all).untraced().fit(&data).unwrap();
        assert_eq!(found.model, traced.model);
        assert_eq!((found.iterations, found.converged), (60, false));
        assert_eq!((traced.losses.len(), found.losses.len()), (60, 0));
        // Where they decide when to stop they are computed.
        let settled = params.tol(1e-3).iterations(200);
        let found = checked(settled.clone()).untraced().fit(&data).unwrap();
        assert_eq!(found, fit(settled, &data));
    }
}

#[test]
fn a_warm_start_goes_on_where_the_first_fit_stopped() {
    let data = interactions(60, 20, &shop(6, 60, 20));
    for params in objectives(4) {
        let params = params.tol(0.0);
        let whole = fit(params.clone().iterations(5), &data);
        let first = fit(params.clone().iterations(2), &data).model;
        let rest = checked(params.clone().iterations(3))
            .fit_from(&data, WarmStart::Users(first.users.clone()))
            .unwrap();
        assert_eq!(rest.model, whole.model);
        assert_eq!(rest.losses, whole.losses[2..]);
        // From the items the users come out as they were, so the fit goes the same way.
        let from_items = checked(params.iterations(3))
            .fit_from(&data, WarmStart::Items(first.items))
            .unwrap();
        assert_eq!(from_items.model, whole.model);
    }
}

#[test]
fn a_fit_from_columns_is_one_in_rows() {
    let data = interactions(60, 20, &shop(6, 60, 20));
    let params = checked(Als::implicit(4));
    let rows = factors(1, 60, 4, false);
    let columns = Factors {
        vectors: rows
            .vectors
            .t()
            .as_standard_layout()
            .into_owned()
            .reversed_axes(),
        biases: None,
    };
    assert!(!columns.vectors.is_standard_layout());
    let from = |users| params.fit_from(&data, WarmStart::Users(users)).unwrap();
    let found = from(columns);
    assert_eq!(found, from(rows));
    assert!(found.model.users.vectors.is_standard_layout());
}

#[test]
fn users_and_items_without_scores_get_zeros() {
    let data = interactions(4, 3, &[(0, 0, 1.0), (1, 0, 2.0), (1, 1, 4.0), (3, 1, -2.0)]);
    for params in objectives(2) {
        let model = fit(params.clone(), &data).model;
        assert!(model.users.vectors.row(2).iter().all(|&v| v == 0.0));
        assert!(model.items.vectors.row(2).iter().all(|&v| v == 0.0));
        assert_eq!(model.users.bias(2), 0.0);
        if matches!(checked(params).feedback, Feedback::Implicit { .. }) {
            // User 3 likes nothing.
            assert!(model.users.vectors.row(3).iter().all(|&v| v == 0.0));
        }
    }
}

#[test]
fn one_user_and_one_item_are_enough() {
    let data = interactions(1, 1, &[(0, 0, 3.0)]);
    for params in objectives(3) {
        let explicit = matches!(checked(params.clone()).feedback, Feedback::Explicit { .. });
        let score = fit(params, &data).model.score(0, 0);
        let expected = if explicit { 1.0..=3.1 } else { 0.5..=1.0 };
        assert!(expected.contains(&score), "{score}");
    }
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let refusal = |params: AlsParams, triples: &[(u32, u32, f32)]| {
        checked(params)
            .fit(&interactions(2, 2, triples))
            .unwrap_err()
    };
    assert_eq!(refusal(Als::explicit(2), &[]), AlsError::NoInteractions);
    assert_eq!(
        refusal(Als::implicit(2), &[(0, 0, -1.0), (1, 1, 0.0)]),
        AlsError::NoPositiveScore
    );
    assert_eq!(
        refusal(
            Als::explicit(2).biases(false).regularization(0.0),
            &[(1, 0, 1.0)]
        ),
        AlsError::Singular {
            side: Side::Item,
            row: 0
        }
    );
}

#[test]
fn starting_factors_of_another_shape_are_refused() {
    let data = interactions(3, 2, &[(0, 0, 1.0)]);
    let params = checked(Als::explicit(2));
    let refusal = |start| params.fit_from(&data, start).unwrap_err();
    assert_eq!(
        refusal(WarmStart::Users(factors(1, 4, 2, true))).to_string(),
        "the given user factors are 4 x 2, but 3 x 2 are needed"
    );
    assert_eq!(
        refusal(WarmStart::Items(factors(1, 2, 2, false))).to_string(),
        "0 item biases were given, but 2 are needed"
    );
    let mut bad = factors(1, 2, 2, true);
    bad.vectors[[1, 0]] = f32::NAN;
    assert_eq!(
        refusal(WarmStart::Items(bad)),
        AlsError::NonFiniteFactor {
            side: Side::Item,
            row: 1
        }
    );
}
