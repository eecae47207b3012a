use ndarray::array;
use proptest::prelude::*;

use super::*;
use crate::isa::{Isa, run_on};
use crate::random;

/// Factors that are small whole numbers, so that many scores are equal.
fn factors(seed: u64, n: usize, k: usize, biases: bool) -> Factors {
    let mut rng = random::stream(seed, &[n as u64]);
    let mut draw = || random::index(&mut rng, 5) as f32 - 2.0;
    Factors {
        vectors: Array2::from_shape_fn((n, k), |_| draw()),
        biases: biases.then(|| (0..n).map(|_| 0.5 * draw()).collect()),
    }
}

/// Every item scored, and all of them sorted.
fn brute_force(
    model: &Als,
    user: usize,
    n: usize,
    seen: &[u32],
    allowed: &[bool],
) -> Vec<Recommendation> {
    let mut all: Vec<Recommendation> = (0..model.items.len() as u32)
        .filter(|item| !seen.contains(item) && allowed[*item as usize])
        .map(|item| Recommendation {
            item,
            score: model.score(user, item as usize),
        })
        .collect();
    // Stable: equal scores stay in the order of the items.
    all.sort_by(|a, b| b.score.partial_cmp(&a.score).unwrap());
    all.truncate(n);
    all
}

fn model(seed: u64, n_users: usize, n_items: usize, k: usize, biases: bool) -> Als {
    Als {
        users: factors(seed, n_users, k, biases),
        items: factors(seed ^ 1, n_items, k, biases),
        global_mean: 0.25,
    }
}

/// Scales each row by a power of ten, and moves its numbers off the whole ones.
fn spread(model: &mut Als, seed: u64, decades: u32) {
    let mut rng = random::stream(seed, &[9]);
    for vectors in [&mut model.users.vectors, &mut model.items.vectors] {
        for mut row in vectors.rows_mut() {
            let decade = random::index(&mut rng, decades as usize + 1) as i32;
            let scale = 10_f32.powi(-decade);
            let mut noise = || 1.0 + random::unit(&mut rng) as f32 / 8.0;
            row.mapv_inplace(|value| value * noise() * scale);
        }
    }
}

/// What the search hands on: user, tile and the bits of its items' scores.
type Taken = (usize, usize, Vec<u32>);

/// Lists of one group of users, found on one instruction set, tile by tile up to one and from there
/// on; and all that was handed on.
fn search_on(
    isa: Isa,
    model: &Als,
    n: usize,
    cut: usize,
    seen: &[Vec<u32>],
) -> (Vec<Vec<Recommendation>>, Vec<Taken>) {
    let packed = Packed::new(&model.items, None);
    let (k, n_users) = (packed.n_factors(), model.users.len());
    let n_tiles = model.items.len().div_ceil(LANES);
    let (vectors, cut) = (model.users.values(), cut.min(n_tiles));
    let mut reaches = [0.0; USERS];
    let mut offsets = [0.0; USERS];
    let mut lists = Vec::new();
    for user in 0..n_users {
        reaches[user] = reach(&vectors[user * k..][..k]);
        offsets[user] = model.global_mean + model.users.bias(user);
        lists.push(Best::new(n, offsets[user], reaches[user], &seen[user]));
    }
    let mut taken = Vec::new();
    for tiles in [0..cut, cut..n_tiles] {
        let mut thresholds = [f32::INFINITY; USERS];
        for (threshold, list) in thresholds.iter_mut().zip(&lists) {
            *threshold = list.threshold();
        }
        let search = Search {
            packed: &packed,
            tiles,
            users: &pack_users(&vectors, k),
            reaches,
            offsets,
            thresholds,
            dots: &mut [[0.0; LANES]; USERS],
            take: |user: usize, tile, scores: &[f32; LANES]| {
                let items = packed.items(tile);
                let bits = scores[..items.len()].iter().map(|score| score.to_bits());
                taken.push((user, tile, bits.collect()));
                lists[user].offer(items, scores)
            },
        };
        run_on(isa, search);
    }
    (lists.into_iter().map(Best::into_list).collect(), taken)
}

/// About a third of all items for each user, sorted.
fn seen_lists(seed: u64, n_users: usize, n_items: usize) -> Vec<Vec<u32>> {
    let mut rng = random::stream(seed, &[7]);
    let mut list = || {
        (0..n_items as u32)
            .filter(|_| random::index(&mut rng, 3) == 0)
            .collect()
    };
    (0..n_users).map(|_| list()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_lists_are_those_of_brute_force(
        seed: u64, n_users in 1_usize..80, n_items in 1_usize..70, k in 1_usize..7,
        n in 0_usize..12, biases: bool, filtered: bool
    ) {
        let model = model(seed, n_users, n_items, k, biases);
        let seen = seen_lists(seed, n_users, n_items);
        let mut rng = random::stream(seed, &[8]);
        let allowed: Vec<bool> = (0..n_items)
            .map(|_| !filtered || random::index(&mut rng, 4) > 0)
            .collect();
        let search = TopN::new(&model.items, model.global_mean, Some(&allowed)).unwrap();
        let lists = search.of_users(&model.users, n, |user| &seen[user]).unwrap();
        prop_assert_eq!(lists.len(), n_users);
        for (user, list) in lists.iter().enumerate() {
            prop_assert_eq!(list, &brute_force(&model, user, n, &seen[user], &allowed));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Lengths over many orders of magnitude, down to where products of two numbers are no longer
    /// exact and then zero: most searches end long before the last item.
    #[test]
    fn a_search_that_ends_early_loses_nothing(
        seed: u64, n_items in 1_usize..400, k in 1_usize..20, n in 1_usize..9, biases: bool,
        decades in 0_u32..45
    ) {
        let mut model = model(seed, 20, n_items, k, biases);
        spread(&mut model, seed, decades);
        let seen = seen_lists(seed, 20, n_items);
        let lists = model.top_n(n, |user| &seen[user]).unwrap();
        let allowed = vec![true; n_items];
        for (user, list) in lists.iter().enumerate() {
            prop_assert_eq!(list, &brute_force(&model, user, n, &seen[user], &allowed));
        }
    }

    /// One group, not always full, whose thresholds rise as its lists fill.
    #[test]
    fn every_instruction_set_finds_the_lists_of_brute_force(
        seed: u64, n_users in 1..=USERS, n_items in 1_usize..400, k in 1_usize..20, n in 1_usize..9,
        biases: bool, decades in 0_u32..9, cut in 0_usize..25
    ) {
        let mut model = model(seed, n_users, n_items, k, biases);
        spread(&mut model, seed, decades);
        let seen = seen_lists(seed, n_users, n_items);
        let (portable, taken) = search_on(Isa::Portable, &model, n, cut, &seen);
        let allowed = vec![true; n_items];
        for (user, list) in portable.iter().enumerate() {
            prop_assert_eq!(list, &brute_force(&model, user, n, &seen[user], &allowed));
        }
        for &isa in Isa::ALL {
            let found = search_on(isa, &model, n, cut, &seen);
            prop_assert_eq!(&found, &(portable.clone(), taken.clone()));
        }
    }
}

/// Items of which only the first tile can reach the thresholds: the scores left in the buffer are its.
#[test]
fn a_search_ends_at_the_first_tile_that_nobody_needs() {
    let vectors = |n: usize, value: fn(usize) -> f32| Factors {
        vectors: Array2::from_shape_fn((n, 1), |(row, _)| value(row)),
        biases: None,
    };
    let items = vectors(5 * LANES, |item| if item < LANES { 4.0 } else { 0.5 });
    let (users, packed) = (vectors(USERS, |_| 1.0), Packed::new(&items, None));
    for &isa in Isa::ALL {
        let (mut dots, mut taken) = ([[f32::NAN; LANES]; USERS], Vec::new());
        let search = Search {
            packed: &packed,
            tiles: 0..5,
            users: &pack_users(&users.values(), 1),
            reaches: [reach(&[1.0]); USERS],
            offsets: [0.0; USERS],
            thresholds: [1.0; USERS],
            dots: &mut dots,
            take: |user: usize, tile, _: &[f32; LANES]| {
                taken.push((user, tile));
                1.0
            },
        };
        run_on(isa, search);
        assert_eq!(dots, [[4.0; LANES]; USERS], "{isa:?}");
        let expected: Vec<_> = (0..USERS).map(|user| (user, 0)).collect();
        assert_eq!(taken, expected, "{isa:?}");
    }
}

#[test]
fn scores_have_the_bits_of_the_model_over_several_panels() {
    let (n_users, n_items, k) = (9, 3_000, 33);
    let mut rng = random::stream(1, &[]);
    let mut draw = |n| Factors {
        vectors: Array2::from_shape_fn((n, k), |_| random::unit(&mut rng) as f32 - 0.5),
        biases: None,
    };
    let model = Als {
        users: draw(n_users),
        items: draw(n_items),
        global_mean: 0.0,
    };
    let lists = model.top_n(50, |_| &[]).unwrap();
    for (user, list) in lists.iter().enumerate() {
        assert_eq!(
            list,
            &brute_force(&model, user, 50, &[], &vec![true; n_items])
        );
    }
}

#[test]
fn every_instruction_set_gives_the_bits_of_a_plain_sum() {
    for (k, n_items) in [(1, 1), (5, 16), (33, 50)] {
        let mut rng = random::stream(2, &[k as u64]);
        let mut draw = |n| Factors {
            vectors: Array2::from_shape_fn((n, k), |_| random::unit(&mut rng) as f32 - 0.5),
            biases: None,
        };
        let (users, items) = (draw(USERS), draw(n_items));
        let model = Als {
            users,
            items,
            global_mean: 0.5,
        };
        let packed = Packed::new(&model.items, None);
        let vectors = model.users.values();
        for &isa in Isa::ALL {
            let mut found = vec![[f32::NAN; USERS]; n_items];
            run_on(
                isa,
                Search {
                    packed: &packed,
                    tiles: 0..n_items.div_ceil(LANES),
                    users: &pack_users(&vectors, k),
                    reaches: [0.0; USERS],
                    offsets: [0.5; USERS],
                    thresholds: [f32::NEG_INFINITY; USERS],
                    dots: &mut [[0.0; LANES]; USERS],
                    take: |user: usize, tile, scores: &[f32; LANES]| {
                        for (&item, &score) in packed.items(tile).iter().zip(scores) {
                            found[item as usize][user] = score;
                        }
                        f32::NEG_INFINITY
                    },
                },
            );
            for (item, scores) in found.iter().enumerate() {
                for (user, score) in scores.iter().enumerate() {
                    assert_eq!(score.to_bits(), model.score(user, item).to_bits());
                }
            }
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_lists() {
    let model = model(3, 500, 300, 6, true);
    let seen = seen_lists(3, 500, 300);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        pool.install(|| model.top_n(10, |user| &seen[user]).unwrap())
    };
    let one = with(1);
    assert_eq!(one, with(2));
    assert_eq!(one, with(7));
}

#[test]
fn equal_scores_go_to_the_lower_item() {
    let model = Als {
        users: Factors {
            vectors: array![[0.0]],
            biases: None,
        },
        items: factors(1, 30, 1, false),
        global_mean: 0.0,
    };
    let items: Vec<u32> = model.top_n(3, |_| &[0, 2]).unwrap()[0]
        .iter()
        .map(|r| r.item)
        .collect();
    assert_eq!(items, [1, 3, 4]);
}

#[test]
fn a_score_that_is_not_a_number_is_never_recommended() {
    let model = Als {
        users: Factors {
            vectors: array![[1.0]],
            biases: None,
        },
        items: Factors {
            vectors: array![[f32::NAN], [1.0], [f32::NEG_INFINITY]],
            biases: None,
        },
        global_mean: 0.0,
    };
    let expected = Recommendation {
        item: 1,
        score: 1.0,
    };
    assert_eq!(model.top_n(3, |_| &[]).unwrap(), [[expected]]);
}

#[test]
fn unit_rows_have_length_one_or_zero() {
    assert_eq!(
        unit_rows(array![[3.0, 4.0], [0.0, 0.0], [0.0, -2.0]].view()),
        array![[0.6, 0.8], [0.0, 0.0], [0.0, -1.0]]
    );
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let items = factors(1, 4, 3, false);
    let search = TopN::new(&items, 0.0, None).unwrap();
    let refused = search.of_users(&factors(1, 2, 2, false), 1, |_| &[]);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "users have 2 factors, but items have 3"
    );
    let refused = TopN::new(&items, 0.0, Some(&[true, false]));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "there are 2 filter values for 4 rows"
    );
    let mut users = factors(1, 2, 3, true);
    users.biases = Some(vec![0.0]);
    assert!(search.of_users(&users, 1, |_| &[]).is_err());
}
