//! Fold-in and explanations.

use super::*;

fn scores_of(data: &Interactions, user: usize) -> Vec<(u32, f32)> {
    data.user(user).iter().collect()
}

#[test]
fn folding_in_a_user_of_the_fit_gives_the_row_of_the_fit() {
    let data = interactions(300, 30, &shop(11, 300, 30));
    for non_negative in [false, true] {
        for params in objectives(8) {
            let params = params.non_negative(non_negative).iterations(3);
            let params = checked(params.arithmetic(Arithmetic::F64));
            let model = params.fit(&data).unwrap().model;
            let fold_in = params.fold_in(&model.items, model.global_mean).unwrap();
            for user in 0..300 {
                let mut scores = scores_of(&data, user);
                scores.reverse();
                let found = fold_in.user(&scores).unwrap();
                let row = model.users.vectors.row(user);
                let size = row.iter().fold(1e-3_f32, |m, v| m.max(v.abs()));
                for (f, e) in found.vector.iter().zip(row) {
                    assert!((f - e).abs() <= 1e-5 * size, "{f} {e}");
                }
                assert!((found.bias - model.users.bias(user)).abs() < 1e-5);
                let item = user % 30;
                let gap = model.score_row(&found, item) - model.score(user, item);
                assert!(gap.abs() < 1e-4);
            }
        }
    }
}

#[test]
fn a_kept_gram_matrix_saves_the_work_and_changes_nothing() {
    let data = interactions(50, 12, &shop(12, 50, 12));
    let params = checked(Als::implicit(5).alpha(4.0));
    let model = params.fit(&data).unwrap().model;
    let gram = params.item_gram(&model.items).unwrap();
    assert_eq!(gram.dim(), (5, 5));
    let kept = params
        .fold_in_with_gram(&model.items, model.global_mean, gram.view())
        .unwrap();
    let computed = params.fold_in(&model.items, 0.0).unwrap();
    let scores = scores_of(&data, 3);
    assert_eq!(kept.user(&scores), computed.user(&scores));
    let refused = params.fold_in_with_gram(&model.items, 0.0, Array2::zeros((4, 5)).view());
    assert!(matches!(refused.err(), Some(AlsError::Shape { .. })));
}

#[test]
fn contributions_add_up_to_the_score() {
    let data = interactions(200, 25, &shop(13, 200, 25));
    for non_negative in [false, true] {
        for params in objectives(6) {
            let params = checked(
                params
                    .non_negative(non_negative)
                    .arithmetic(Arithmetic::F64),
            );
            let model = params.fit(&data).unwrap().model;
            let fold_in = params.fold_in(&model.items, model.global_mean).unwrap();
            for (user, item) in [(0, 3), (17, 24), (42, 0)] {
                let scores = scores_of(&data, user);
                let found = fold_in.explain(&scores, item).unwrap();
                let score = f64::from(model.score(user, item as usize));
                assert!(
                    (found.score - score).abs() < 1e-4,
                    "{} {score}",
                    found.score
                );
                let sum: f64 = found.contributions.iter().map(|c| c.contribution).sum();
                assert!((found.baseline + sum - found.score).abs() < 1e-9);
                assert_eq!(found.contributions.len(), scores.len());
                let sorted = |a: &Contribution, b: &Contribution| a.contribution >= b.contribution;
                assert!(found.contributions.is_sorted_by(sorted));
            }
        }
    }
}

#[test]
fn what_goes_with_an_item_explains_it_best() {
    // Items 0 and 1 are bought together, items 2 and 3 too; user 0 bought 0 and 2.
    let mut triples = vec![(0, 0, 1.0), (0, 2, 1.0)];
    triples.extend((1..20).flat_map(|u| {
        let first = if u % 2 == 0 { 0 } else { 2 };
        [(u, first, 1.0), (u, first + 1, 1.0)]
    }));
    let params = checked(Als::implicit(2).alpha(10.0).regularization(0.01));
    let model = params.fit(&interactions(20, 4, &triples)).unwrap().model;
    let fold_in = params.fold_in(&model.items, 0.0).unwrap();
    for (item, because) in [(1, 0), (3, 2)] {
        let found = fold_in.explain(&[(0, 1.0), (2, 1.0)], item).unwrap();
        assert_eq!(found.contributions[0].item, because);
        assert!(found.contributions[0].contribution > 2.0 * found.contributions[1].contribution);
    }
}

#[test]
fn a_user_without_scores_gets_zeros_and_bad_scores_are_named() {
    let data = interactions(50, 12, &shop(14, 50, 12));
    let params = checked(Als::explicit(3));
    let model = params.fit(&data).unwrap().model;
    let fold_in = params.fold_in(&model.items, model.global_mean).unwrap();
    let nobody = fold_in.user(&[]).unwrap();
    assert_eq!((nobody.vector, nobody.bias), (vec![0.0; 3], 0.0));
    let explained = fold_in.explain(&[], 2).unwrap();
    assert_eq!(explained.score, explained.baseline);
    assert!(explained.contributions.is_empty());
    assert_eq!(
        fold_in.user(&[(12, 1.0)]).unwrap_err(),
        AlsError::OutOfRange {
            side: Side::Item,
            index: 12,
            n: 12
        }
    );
    assert_eq!(
        fold_in.user(&[(3, f32::NAN)]).unwrap_err(),
        AlsError::NonFiniteFoldIn { item: 3 }
    );
    assert!(fold_in.explain(&[(0, 1.0)], 12).is_err());
}
