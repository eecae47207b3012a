//! Lists of the model and lists of popular products.

use std::collections::{BTreeSet, HashSet};

use proptest::prelude::*;

use super::fixture::{Deed, Setup, Shop, asking, begin, finish, memory, segment, wait};
use crate::serving::{AllowedProducts, Answer, Request, ServingError, Source, recommend, similar};
use crate::tables::{factor_row, read_items};
use crate::{MODEL, USER_FACTORS};

/// Deeds of a few customers with a few products; somebody likes something.
pub(super) fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = (0..8_i64, 0..12_i64, -4_000_000..12_000_000_i64);
    let deeds = proptest::collection::vec(deed, 1..40);
    deeds.prop_map(|mut deeds| {
        deeds.push((3, 5, 20_000_000));
        deeds
    })
}

fn ids(answer: &Answer) -> Vec<i64> {
    let products = answer.recommendations.iter();
    products
        .map(|product| product.product_id.parse().unwrap())
        .collect()
}

fn allowed(products: &BTreeSet<i64>) -> AllowedProducts {
    AllowedProducts(products.iter().map(i64::to_string).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// The list is what scoring every product and sorting gives; nothing that is seen or does not
    /// pass the filter is in it, whatever it is made from.
    #[test]
    fn lists_are_exact_and_filters_hold(
        deeds in deeds(),
        factors in 1..5_usize,
        user in 0..10_i64,
        n in 1..15_usize,
        include_seen: bool,
        filter in proptest::option::of(proptest::collection::btree_set(0..14_i64, 0..10)),
        explicit: bool,
        min_user_events in 1..4_u64,
    ) {
        let setup = match explicit {
            true => Setup::explicit(factors),
            false => Setup::implicit(factors),
        };
        // Somebody must be left to learn from.
        let mut deeds = deeds;
        deeds.extend([(3, 5, 1_000_000), (3, 6, 1_000_000), (3, 7, 1_000_000)]);
        let shop = wait(Shop::new(&deeds, Setup { min_user_events, ..setup }));
        let request = Request {
            n,
            include_seen,
            allowed: filter.as_ref().map(allowed),
            ..asking(user)
        };
        let answer = wait(recommend(&shop.output, &shop.run, &request)).unwrap();
        let seen = shop.seen(user);
        let admitted = |product: &i64| {
            (include_seen || !seen.contains(product))
                && filter.as_ref().is_none_or(|filter| filter.contains(product))
        };
        let admissible = shop.item_ids().iter().filter(|id| admitted(id)).count();
        let found = ids(&answer);
        prop_assert_eq!(found.len(), n.min(admissible));
        prop_assert!(found.iter().all(admitted));
        prop_assert_eq!(found.iter().collect::<HashSet<_>>().len(), found.len());
        let short = answer.notice.as_ref().is_some_and(|text| text.contains("can be shown"));
        prop_assert_eq!(short, found.len() < n);
        let ranks: Vec<u32> = answer.recommendations.iter().map(|product| product.rank).collect();
        prop_assert_eq!(ranks, (1..=found.len() as u32).collect::<Vec<_>>());

        let row = shop.users.index_of(&user.to_string()).map(|row| row as usize);
        let blank = row.is_none_or(|row| {
            shop.factors.users.bias(row) == 0.0
                && shop.factors.users.vectors.row(row).iter().all(|value| *value == 0.0)
        });
        if blank {
            prop_assert_eq!(answer.source, Source::Popularity);
            prop_assert!(answer.notice.unwrap().contains("most popular products of the shop"));
            return Ok(());
        }
        prop_assert_eq!(answer.source, Source::Model);
        let mut expected: Vec<(i64, f32)> = (0..)
            .zip(shop.item_ids())
            .filter(|(_, id)| admitted(id))
            .map(|(item, id)| (id, shop.factors.score(row.unwrap(), item)))
            .collect();
        expected.sort_by(|a, b| b.1.total_cmp(&a.1));
        expected.truncate(n);
        let scores = answer.recommendations.iter().map(|product| product.score as f32);
        prop_assert_eq!(found.into_iter().zip(scores).collect::<Vec<_>>(), expected);
    }

    /// Similar products are those with the largest cosines.
    #[test]
    fn similar_products_are_exact(deeds in deeds(), n in 1..15_usize, least in 0..8_i64) {
        let shop = wait(Shop::new(&deeds, Setup::implicit(3)));
        let filter = allowed(&(least..14).collect());
        let answer = wait(similar(&shop.run, "5", n, Some(&filter))).unwrap();
        let vectors = &shop.factors.items.vectors;
        let asked = shop.items.index_of("5").unwrap() as usize;
        let cosine = |item: usize| {
            let dot = |a: usize, b: usize| -> f64 {
                let pairs = vectors.row(a).to_vec().into_iter().zip(vectors.row(b).to_vec());
                pairs.map(|(x, y)| f64::from(x) * f64::from(y)).sum()
            };
            let lengths = (dot(asked, asked) * dot(item, item)).sqrt();
            if lengths > 0.0 { dot(asked, item) / lengths } else { 0.0 }
        };
        let others = (0..).zip(shop.item_ids()).filter(|(_, id)| *id >= least && *id != 5);
        let mut expected: Vec<f64> = others.map(|(item, _)| cosine(item)).collect();
        expected.sort_by(|a, b| b.total_cmp(a));
        expected.truncate(n);
        prop_assert_eq!(answer.similar.len(), expected.len());
        for (product, expected) in answer.similar.iter().zip(expected) {
            prop_assert!((product.score - expected).abs() < 1e-5, "{} {expected}", product.score);
            prop_assert!(filter.contains(&product.product_id));
            prop_assert!(product.product_id != "5");
        }
    }
}

#[tokio::test]
async fn a_model_reads_back_with_the_biases_it_has() {
    let deeds: Vec<Deed> = (0..40)
        .map(|i| (i % 7, i * i % 11, i % 5 * 1_000_000))
        .collect();
    for setup in [Setup::implicit(3), Setup::explicit(2)] {
        let shop = Shop::new(&deeds, setup).await;
        let read = read_items(&shop.run).await.unwrap();
        assert_eq!(read.ids, shop.items);
        assert_eq!(read.factors, shop.factors.items);
        let row = shop.run.find_row(USER_FACTORS, "user_id", "3").await;
        let row = row.unwrap().unwrap();
        let row = factor_row(USER_FACTORS, row, &shop.model.params).unwrap();
        let user = shop.users.index_of("3").unwrap() as usize;
        assert_eq!(row.vector, shop.factors.users.vectors.row(user).to_vec());
        assert_eq!(row.bias, shop.factors.users.bias(user));
    }
}

#[tokio::test]
async fn products_come_with_what_the_log_says_of_them() {
    let shop = Shop::new(
        &[(1, 1, 1), (2, 1, 9_000_000), (2, 6, 5_000_000), (2, 7, 1)],
        Setup::implicit(2),
    )
    .await;
    let answer = recommend(&shop.output, &shop.run, &asking(1))
        .await
        .unwrap();
    let product = |id: &str| {
        let mut all = answer.recommendations.iter();
        all.find(|product| product.product_id == id).unwrap()
    };
    assert_eq!(product("6").category.as_deref(), Some("c6"));
    assert_eq!(product("6").brand, None);
    assert_eq!(product("6").price.as_deref(), Some("7.5000"));
    assert_eq!(product("7").category.as_deref(), Some("toys.7"));
    assert_eq!(product("7").brand.as_deref(), Some("acme"));
}

#[tokio::test]
async fn an_explanation_names_what_speaks_for_a_product() {
    let shop = Shop::new(
        &[
            (1, 1, 9_000_000),
            (1, 2, 1_000_000),
            (1, 4, -5_000_000),
            (2, 1, 9_000_000),
            (2, 3, 9_000_000),
            (3, 2, 1_000_000),
            (3, 4, 1_000_000),
        ],
        Setup::implicit(3),
    )
    .await;
    let request = Request {
        explain: true,
        ..asking(1)
    };
    let answer = recommend(&shop.output, &shop.run, &request).await.unwrap();
    let first = &answer.recommendations[0];
    assert_eq!(first.product_id, "3");
    assert_eq!(first.because[0].product_id, "1");
    assert_eq!(first.because[0].score, 9.0);
    let shares: f64 = first.because.iter().map(|part| part.share).sum();
    assert!((shares - 1.0).abs() < 1e-9, "{:?}", first.because);
    let sum: f64 = first.because.iter().map(|part| part.contribution).sum();
    // What counts against the product is not told, so the sum is at least the score.
    assert!(sum > first.score - 1e-4, "{sum} {}", first.score);
    let plain = recommend(&shop.output, &shop.run, &asking(1))
        .await
        .unwrap();
    assert!(plain.recommendations.iter().all(|p| p.because.is_empty()));
}

#[tokio::test]
async fn unknown_customers_get_the_list_of_their_segment() {
    let deeds = [
        (1, 1, 9_000_000),
        (2, 1, 9_000_000),
        (2, 2, 9_000_000),
        (1, 3, 1_000_000),
        (1, 4, 1_000_000),
        (7, 4, -1_000_000),
    ];
    let shop = Shop::in_output(memory(), &deeds, Setup::implicit(2)).await;
    let ask = async |user: i64| {
        recommend(&shop.output, &shop.run, &asking(user))
            .await
            .unwrap()
    };

    let answer = ask(50).await;
    assert_eq!(answer.source, Source::Popularity);
    assert_eq!(ids(&answer), [1, 2, 3, 4]);
    assert_eq!(answer.recommendations[0].score, 2.0);
    let notice = answer.notice.unwrap();
    assert!(notice.contains("customer 50 has no events"), "{notice}");
    assert!(
        notice.contains("The last 2 are from all products"),
        "{notice}"
    );
    assert!(notice.contains("Only 4 of the 10"), "{notice}");

    segment(
        &shop.output,
        &[(7, "Champions"), (8, "Lost"), (50, "Champions")],
    )
    .await;
    let answer = ask(50).await;
    let champions = Source::SegmentPopularity {
        segment: "Champions".to_owned(),
    };
    assert_eq!(answer.source, champions);
    assert_eq!(ids(&answer), [4, 1, 2, 3]);
    let notice = answer.notice.unwrap();
    assert!(notice.contains("RFM segment (Champions)"), "{notice}");
    assert!(
        notice.contains("The last 3 are from the whole shop"),
        "{notice}"
    );

    // Only dislikes are known of 7, and the only product of the segment is the disliked one.
    let answer = ask(7).await;
    assert_eq!(answer.source, Source::Popularity);
    assert_eq!(ids(&answer), [1, 2, 3]);
    let notice = answer.notice.unwrap();
    assert!(notice.contains("speaks for no product"), "{notice}");

    // A segment without a list, and a customer who was segmented elsewhere.
    assert_eq!(ask(8).await.source, Source::Popularity);
    assert_eq!(ask(51).await.source, Source::Popularity);
}

#[tokio::test]
async fn a_model_of_another_version_is_refused() {
    let output = memory();
    let run = begin(&output, "recommendation").await;
    let shop = Shop::new(&[(1, 1, 9_000_000)], Setup::implicit(1)).await;
    let model = String::from_utf8(shop.model.to_json("tests").unwrap()).unwrap();
    let later = model.replacen("\"version\": 1", "\"version\": 2", 1);
    assert_ne!(model, later);
    run.write_bytes(MODEL, later).await.unwrap();
    let run = finish(run, &output).await;
    let error = similar(&run, "1", 5, None).await.unwrap_err();
    assert!(error.to_string().contains("version"), "{error}");
    assert_eq!(pipeline::Failure::from(error).exit_code(), 3);
}

#[tokio::test]
async fn errors_say_what_is_wrong() {
    let setup = Setup {
        min_user_events: 2,
        ..Setup::implicit(2)
    };
    let deeds = [(1, 1, 9_000_000), (1, 2, 1_000_000), (2, 3, 1_000_000)];
    let shop = Shop::new(&deeds, setup).await;
    let error = similar(&shop.run, "77", 5, None).await.unwrap_err();
    assert!(
        matches!(error, ServingError::UnknownProduct { .. }),
        "{error}"
    );
    let error = similar(&shop.run, "abc", 5, None).await.unwrap_err();
    assert!(
        matches!(error, ServingError::UnknownProduct { .. }),
        "{error}"
    );
    let error = similar(&shop.run, "3", 5, None).await.unwrap_err();
    assert!(
        matches!(error, ServingError::TooFewEvents { .. }),
        "{error}"
    );
    let error = similar(&shop.run, "1", 0, None).await.unwrap_err();
    assert!(matches!(error, ServingError::NoProducts), "{error}");
    let none = Request { n: 0, ..asking(1) };
    let error = recommend(&shop.output, &shop.run, &none).await.unwrap_err();
    assert_eq!(pipeline::Failure::from(error).exit_code(), 2);

    let answer = recommend(&shop.output, &shop.run, &asking(2))
        .await
        .unwrap();
    assert!(answer.notice.unwrap().contains("too new"));
}
