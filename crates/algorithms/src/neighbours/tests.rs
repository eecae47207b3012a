use approx::assert_abs_diff_eq;
use proptest::prelude::*;

use super::*;

const SHRINKAGE: f64 = 1.5;

/// The similarity of two items, user by user.
fn similarity(scores: &[Vec<f32>], a: usize, b: usize, shrinkage: f64) -> f64 {
    let fans = |item: usize| scores.iter().filter(|row| row[item] > 0.0).count() as f64;
    let both = scores.iter().filter(|row| row[a] > 0.0 && row[b] > 0.0);
    match both.count() {
        0 => 0.0,
        both => both as f64 / ((fans(a) * fans(b)).sqrt() + shrinkage),
    }
}

fn interactions(scores: &[Vec<f32>], n_items: usize) -> Interactions {
    let mut triples = Vec::new();
    for (user, row) in (0_u32..).zip(scores) {
        for (item, &score) in (0_u32..).zip(row) {
            if score != 0.0 {
                triples.push((user, item, score));
            }
        }
    }
    Interactions::from_triples(scores.len(), n_items, &triples).unwrap()
}

fn shop() -> impl Strategy<Value = Vec<Vec<f32>>> {
    let score = prop_oneof![3 => Just(0_i8), 1 => Just(-1), 2 => 1_i8..4].prop_map(f32::from);
    (2_usize..7).prop_flat_map(move |n_items| {
        prop::collection::vec(prop::collection::vec(score.clone(), n_items), 1..9)
    })
}

proptest! {
    #[test]
    fn neighbours_are_those_of_the_whole_matrix(scores in shop(), n in 0_usize..6) {
        let n_items = scores[0].len();
        let found = ItemNeighbours::fit(&interactions(&scores, n_items), n, SHRINKAGE);
        for item in 0..n_items {
            let mut expected: Vec<(u32, f64)> = (0..n_items)
                .filter(|&other| other != item)
                .map(|other| (other as u32, similarity(&scores, item, other, SHRINKAGE)))
                .filter(|&(_, near)| near > 0.0)
                .collect();
            expected.sort_by(|a, b| b.1.total_cmp(&a.1));
            prop_assert_eq!(found.of(item).len(), expected.len().min(n));
            for (place, &(other, near)) in found.of(item).iter().enumerate() {
                assert_abs_diff_eq!(f64::from(near), expected[place].1, epsilon = 1e-6);
                assert_abs_diff_eq!(f64::from(near), similarity(&scores, item, other as usize, SHRINKAGE), epsilon = 1e-6);
            }
        }
    }

    #[test]
    fn lists_are_the_sums_of_similarities_without_what_is_seen(scores in shop(), n in 1_usize..5) {
        let n_items = scores[0].len();
        let data = interactions(&scores, n_items);
        let allowed: Vec<bool> = (0..n_items).map(|item| item != 1).collect();
        let users: Vec<u32> = (0..scores.len() as u32).collect();
        let lists = ItemNeighbours::fit(&data, n_items, SHRINKAGE).of_users(&data, &users, n, &allowed);
        for (row, list) in scores.iter().zip(&lists) {
            let worth = |item: usize| -> f64 {
                let liked = (0..n_items).filter(|&other| row[other] > 0.0 && other != item);
                liked.map(|other| similarity(&scores, other, item, SHRINKAGE)).sum()
            };
            let mut expected: Vec<f64> = (0..n_items)
                .filter(|&item| row[item] == 0.0 && item != 1)
                .map(worth)
                .filter(|&worth| worth > 0.0)
                .collect();
            expected.sort_by(|a, b| b.total_cmp(a));
            prop_assert_eq!(list.len(), expected.len().min(n));
            for (place, found) in list.iter().enumerate() {
                prop_assert!(row[found.item as usize] == 0.0 && found.item != 1);
                assert_abs_diff_eq!(f64::from(found.score), expected[place], epsilon = 1e-5);
            }
        }
    }
}

#[test]
fn equal_neighbours_go_by_index_and_dislikes_count_for_nothing() {
    let scores = vec![vec![1.0, 1.0, 1.0, -2.0]];
    let data = interactions(&scores, 4);
    let found = ItemNeighbours::fit(&data, 2, 0.0);
    assert_eq!(found.of(2), [(0, 1.0), (1, 1.0)]);
    assert!(found.of(3).is_empty());
}
