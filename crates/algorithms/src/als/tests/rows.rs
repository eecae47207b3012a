//! Single rows against the plain definition.

use proptest::prelude::*;

use super::*;
use crate::als::design::Scratch;
use crate::als::half_step::HalfStep;
use crate::als::schedule::Scheduled;
use crate::als::solve::Real;

/// The user's row as the half-iteration solves it; `rotated` asks for the dual one.
fn row<T: Real>(
    params: &AlsValidParams,
    items: &Factors,
    scores: &[(u32, f32)],
    mean: f32,
    rotated: bool,
) -> Vec<f64> {
    let gram = params.gram_of(items);
    let step = HalfStep::<T>::new(params, mean, items, gram.as_deref(), rotated);
    let (indices, scores): (Vec<u32>, Vec<f32>) = scores.iter().copied().unzip();
    let row = Row {
        indices: &indices,
        scores: &scores,
    };
    let solved = step.solve_alone(row, &mut Scratch::default()).unwrap();
    let bias = params.has_biases().then_some(f64::from(solved.bias));
    let vector = solved.vector.iter().map(|&v| f64::from(v));
    bias.into_iter().chain(vector).collect()
}

/// The rows of all users as a half-iteration solves them.
fn side<T: Real>(
    params: &AlsValidParams,
    items: &Factors,
    all: &Interactions,
    mean: f32,
    rotated: bool,
) -> Vec<Vec<f64>> {
    let gram = params.gram_of(items);
    let step = HalfStep::<T>::new(params, mean, items, gram.as_deref(), rotated);
    let users = Scheduled::<T>::with(params, Side::User, &all.by_user, all.n_items(), rotated);
    let users = step.solve_all(&users, None).unwrap();
    let row = |user: usize| {
        let bias = params.has_biases().then_some(f64::from(users.bias(user)));
        let vector = users.vectors.row(user).to_vec();
        bias.into_iter()
            .chain(vector.into_iter().map(f64::from))
            .collect()
    };
    (0..users.len()).map(row).collect()
}

fn furthest(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let size = expected.iter().fold(1e-6, |m: f64, v| m.max(v.abs()));
    let gaps = found
        .iter()
        .zip(expected)
        .map(|(f, e)| (f - e).abs() / size);
    gaps.fold(0.0, f64::max)
}

const N_ITEMS: usize = 40;

/// Some items in rising order, with scores; few or many.
fn scores() -> impl Strategy<Value = Vec<(u32, f32)>> {
    let score = prop_oneof![4 => 1_u8..6, 1 => Just(0_u8)].prop_map(f32::from);
    let signed = (score, prop::bool::weighted(0.2)).prop_map(|(s, n)| if n { -s } else { s });
    let map = prop::collection::btree_map(0..N_ITEMS as u32, signed, 1..N_ITEMS);
    map.prop_map(|map| map.into_iter().collect())
}

proptest! {
    #[test]
    fn a_row_solves_its_dense_equations(
        scores in scores(), seed: u64, k in 1_usize..14, objective in 0_usize..6
    ) {
        let params = objectives(k)[objective].clone();
        let params = checked(params.arithmetic(Arithmetic::F64));
        let items = factors(seed, N_ITEMS, k, params.has_biases());
        let (a, b) = plain::equations(&params, &scores, &items, 3.0);
        let expected = plain::solve(a, b);
        let primal = row::<f64>(&params, &items, &scores, 3.0, false);
        prop_assert!(furthest(&primal, &expected) < 1e-6, "{primal:?} {expected:?}");
        let dual = row::<f64>(&params, &items, &scores, 3.0, true);
        prop_assert!(furthest(&dual, &expected) < 1e-5, "{dual:?} {expected:?}");
        let single = row::<f32>(&params, &items, &scores, 3.0, false);
        prop_assert!(furthest(&single, &expected) < 2e-3, "{single:?} {expected:?}");
        let single = row::<f32>(&params, &items, &scores, 3.0, true);
        prop_assert!(furthest(&single, &expected) < 2e-3, "{single:?} {expected:?}");
    }

    /// Rows of all kinds in one half-step, short ones side by side.
    #[test]
    fn all_rows_of_a_side_are_solved_as_each_alone(
        rows in prop::collection::vec(scores(), 1..60), seed: u64, k in 1_usize..34,
        objective in 0_usize..6, rotated: bool
    ) {
        let params = objectives(k)[objective].clone();
        let params = checked(params.arithmetic(Arithmetic::F64));
        let items = factors(seed, N_ITEMS, k, params.has_biases());
        // Every third row is cut, so that more are short; every seventh has nothing.
        let rows: Vec<Vec<(u32, f32)>> = (0..).zip(rows).map(|(place, mut row)| {
            row.truncate(match place { p if p % 7 == 3 => 0, p if p % 3 == 0 => 4, _ => N_ITEMS });
            row
        }).collect();
        let triples: Vec<(u32, u32, f32)> = (0..)
            .zip(&rows)
            .flat_map(|(user, row)| row.iter().map(move |&(item, score)| (user, item, score)))
            .collect();
        let all = interactions(rows.len(), N_ITEMS, &triples);
        let found = side::<f64>(&params, &items, &all, 3.0, rotated);
        let single = side::<f32>(&params, &items, &all, 3.0, rotated);
        for (user, scores) in rows.iter().enumerate() {
            let expected = row::<f64>(&params, &items, scores, 3.0, rotated);
            prop_assert!(furthest(&found[user], &expected) < 1e-6, "{user}");
            prop_assert!(furthest(&single[user], &expected) < 2e-3, "{user}");
        }
    }

    #[test]
    fn a_non_negative_row_is_optimal_under_the_constraint(
        scores in scores(), seed: u64, k in 1_usize..8, objective in 0_usize..6
    ) {
        let params = objectives(k)[objective].clone();
        let params = checked(params.arithmetic(Arithmetic::F64).non_negative(true));
        let items = factors(seed, N_ITEMS, k, params.has_biases());
        let (a, b) = plain::equations(&params, &scores, &items, 3.0);
        let x = row::<f64>(&params, &items, &scores, 3.0, false);
        let n_free = x.len() - k;
        let largest = a.iter().chain(&b).fold(1.0_f64, |m, v| m.max(v.abs()));
        for i in 0..x.len() {
            let slope = (0..x.len()).map(|j| a[i * x.len() + j] * x[j]).sum::<f64>() - b[i];
            if i < n_free || x[i] > 0.0 {
                prop_assert!(slope.abs() < 1e-5 * largest, "{i}: {slope}");
            } else {
                prop_assert!(x[i] == 0.0 && slope > -1e-5 * largest, "{i}: {slope}");
            }
        }
    }
}

#[test]
fn a_row_longer_than_a_block_is_summed_block_by_block() {
    let n_items = 10_000;
    for params in [Als::explicit(3), Als::implicit(3).alpha(0.01)] {
        let params = checked(params.arithmetic(Arithmetic::F64));
        let items = factors(5, n_items, 3, params.has_biases());
        let scores: Vec<(u32, f32)> = (0..n_items as u32)
            .filter(|i| i % 11 != 0)
            .map(|i| (i, 1.0 + (i % 5) as f32))
            .collect();
        let (a, b) = plain::equations(&params, &scores, &items, 3.0);
        let found = row::<f64>(&params, &items, &scores, 3.0, false);
        assert!(furthest(&found, &plain::solve(a, b)) < 1e-6);
        let single = row::<f32>(&params, &items, &scores, 3.0, false);
        assert!(furthest(&single, &found) < 1e-4);
    }
}

/// So many rows that they are worked on in blocks of different and of the largest size.
#[test]
fn rows_of_many_blocks_are_found_in_their_places() {
    let params = checked(Als::implicit(3).arithmetic(Arithmetic::F64));
    let items = factors(5, N_ITEMS, 3, false);
    for (n_users, block_rows) in [(40_000, 312), (140_000, 1024)] {
        let row_of = |user: u32| {
            let (first, more) = (user % 20, user % 7);
            (first..=first + more).map(move |item| (item, (1 + user % 5) as f32))
        };
        let of_user = |user| row_of(user).map(move |(item, score)| (user, item, score));
        let triples: Vec<_> = (0..n_users).flat_map(of_user).collect();
        let all = interactions(n_users as usize, N_ITEMS, &triples);
        let users = Scheduled::<f64>::with(&params, Side::User, &all.by_user, N_ITEMS, true);
        assert_eq!(users.block_rows, block_rows);
        let found = side::<f64>(&params, &items, &all, 0.0, true);
        for user in (0..n_users).step_by(499).chain([n_users - 1]) {
            let scores: Vec<(u32, f32)> = row_of(user).collect();
            let expected = row::<f64>(&params, &items, &scores, 0.0, true);
            assert!(furthest(&found[user as usize], &expected) < 1e-6, "{user}");
        }
    }
}
