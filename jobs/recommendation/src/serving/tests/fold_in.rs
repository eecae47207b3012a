//! New events: the list is that of a refit of the customer's row.

use ndarray::{Array1, Array2};
use proptest::prelude::*;

use super::fixture::{Setup, Shop, asking, new_pair, wait};
use super::lists::deeds;
use crate::serving::{NewPair, Request, Source, recommend};

/// The row that minimises the implicit loss for given items, by plain elimination (alpha 2,
/// regularization 0.05 per positive score).
fn plain_row(items: &Array2<f32>, scores: &[(usize, f64)]) -> Array1<f64> {
    let items = items.mapv(f64::from);
    let k = items.ncols();
    let positive = scores.iter().filter(|(_, score)| *score > 0.0).count();
    let mut a = items.t().dot(&items) + Array2::<f64>::eye(k) * (0.05 * positive as f64);
    let mut b = Array1::<f64>::zeros(k);
    for (item, score) in scores {
        let row = items.row(*item);
        for (i, j) in (0..k * k).map(|at| (at / k, at % k)) {
            a[[i, j]] += 2.0 * score.abs() * row[i] * row[j];
        }
        if *score > 0.0 {
            b.scaled_add(1.0 + 2.0 * score, &row);
        }
    }
    for i in 0..k {
        for below in i + 1..k {
            let factor = a[[below, i]] / a[[i, i]];
            for j in i..k {
                a[[below, j]] -= factor * a[[i, j]];
            }
            b[below] -= factor * b[i];
        }
    }
    for i in (0..k).rev() {
        let known: f64 = (i + 1..k).map(|j| a[[i, j]] * b[j]).sum();
        b[i] = (b[i] - known) / a[[i, i]];
    }
    b
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Old and new evidence add up, the cap is applied to the sum, and the customer's row is solved
    /// anew; unknown products are named; nothing old or new is recommended.
    #[test]
    fn new_events_give_the_scores_of_a_refit(
        deeds in deeds(),
        factors in 1..4_usize,
        user in 0..10_i64,
        new in proptest::collection::btree_map(0..15_i64, -4_000_000..12_000_000_i64, 1..6),
    ) {
        let shop = wait(Shop::new(&deeds, Setup::implicit(factors)));
        let pairs = new.iter().map(|(product, sum)| new_pair(product, *sum as f64 / 1e6));
        let request = Request { new_events: Some(pairs.collect()), ..asking(user) };
        let answer = wait(recommend(&shop.output, &shop.run, &request)).unwrap();

        let mut sums: std::collections::BTreeMap<i64, i64> = new.clone();
        for ((of, product), (sum, _)) in &shop.sums {
            if *of == user {
                *sums.entry(*product).or_default() += sum;
            }
        }
        let known = shop.item_ids();
        let place = |product: &i64| known.iter().position(|id| id == product);
        let scores: Vec<(usize, f64)> = sums
            .iter()
            .filter_map(|(product, sum)| Some((place(product)?, *sum as f64 / 1e6)))
            .map(|(item, sum)| (item, sum.clamp(-10.0, 10.0)))
            .collect();
        for product in &answer.recommendations {
            prop_assert!(!sums.contains_key(&product.product_id.parse().unwrap()));
        }
        if !scores.iter().any(|(_, score)| *score > 0.0) {
            prop_assert_eq!(answer.source, Source::Popularity);
            return Ok(());
        }
        let unknown: std::collections::BTreeSet<String> = new
            .keys()
            .filter(|product| place(product).is_none())
            .map(i64::to_string)
            .collect();
        let expected = Source::FoldIn {
            products: scores.len(),
            unknown_products: unknown.into_iter().collect(),
        };
        let row = plain_row(&shop.factors.items.vectors, &scores);
        if answer.source == Source::Popularity {
            // Items that are all zero leave nothing to solve for.
            prop_assert!(row.iter().all(|value| value.abs() < 1e-6));
            return Ok(());
        }
        prop_assert_eq!(answer.source, expected);
        for product in &answer.recommendations {
            let item = place(&product.product_id.parse().unwrap()).unwrap();
            let score = shop.factors.items.vectors.row(item).mapv(f64::from).dot(&row);
            prop_assert!((score - product.score).abs() < 1e-4, "{score} {}", product.score);
        }
    }
}

#[tokio::test]
async fn new_ratings_give_the_row_of_all_ratings() {
    let deeds = [
        (1, 1, 5_000_000),
        (1, 2, 1_000_000),
        (2, 1, 4_000_000),
        (2, 3, 5_000_000),
        (3, 2, 4_000_000),
        (3, 3, 2_000_000),
        (3, 4, 3_000_000),
    ];
    let shop = Shop::new(&deeds, Setup::explicit(2)).await;
    let rated = |product: i64, score: f64| NewPair {
        score: Some(score),
        ..new_pair(product, score)
    };
    let request = Request {
        new_events: Some(vec![rated(2, 4.0), rated(3, 2.5)]),
        include_seen: true,
        ..asking(1)
    };
    let answer = recommend(&shop.output, &shop.run, &request).await.unwrap();
    let all = [(0, 5.0), (1, 4.0), (2, 2.5)];
    let mean = shop.model.global_mean;
    let fold_in = shop
        .model
        .params
        .fold_in(&shop.factors.items, mean)
        .unwrap();
    let row = fold_in.user(&all).unwrap();
    assert_eq!(answer.recommendations.len(), 4);
    for product in &answer.recommendations {
        let item = shop.items.index_of(&product.product_id).unwrap();
        let score = shop.factors.score_row(&row, item as usize);
        assert_eq!(product.score, f64::from(score));
    }
}

#[tokio::test]
async fn what_the_model_does_not_know_is_said() {
    let shop = Shop::new(
        &[(1, 1, 9_000_000), (1, 2, 9_000_000), (2, 2, 9_000_000)],
        Setup::implicit(2),
    )
    .await;
    let ask = async |new| {
        let request = Request {
            new_events: Some(new),
            ..asking(50)
        };
        recommend(&shop.output, &shop.run, &request).await.unwrap()
    };
    let answer = ask(vec![new_pair(1, 3.0), new_pair(77, 3.0)]).await;
    let Source::FoldIn {
        products,
        unknown_products,
    } = answer.source
    else {
        panic!("{:?}", answer.source);
    };
    assert_eq!((products, unknown_products), (1, vec!["77".to_owned()]));
    assert!(answer.notice.unwrap().contains("(77)"));
    let answer = ask(vec![new_pair(77, 3.0)]).await;
    assert_eq!(answer.source, Source::Popularity);
    let notice = answer.notice.unwrap();
    assert!(
        notice.contains("none of the products of the customer 50 (77)"),
        "{notice}"
    );
    let answer = ask(Vec::new()).await;
    assert!(
        answer
            .notice
            .unwrap()
            .starts_with("The new events have none of the customer 50.")
    );
}
