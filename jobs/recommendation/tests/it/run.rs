//! What a run finds and leaves.

use std::collections::{BTreeMap, BTreeSet};

use recommendation::Evaluation;
use recommendation::outcome::{Protocol, Recommender, Verdict};

use crate::support::{HEADER, Shop, two_tastes};

#[tokio::test]
async fn customers_are_recommended_what_those_of_their_taste_like() {
    let run = Shop::of_csv(&two_tastes()).run().await;
    let recommendations = run.rows("recommendations.parquet").await;
    assert_eq!(recommendations.len(), 80 * 5);
    let of_own_taste = recommendations.iter().filter(|row| {
        let user: u32 = row["user_id"].parse().unwrap();
        let own = if user <= 40 { 100..120 } else { 200..220 };
        own.contains(&row["product_id"].parse().unwrap())
    });
    let share = of_own_taste.count() as f64 / recommendations.len() as f64;
    assert!(
        share > 0.95,
        "{share} of the recommendations are of the customer's taste"
    );
    let outcome = &run.outcome;
    let quality = outcome.quality.as_ref().unwrap();
    assert!(matches!(quality.protocol, Protocol::Time { .. }));
    let ndcg = |recommender| quality.of(recommender).unwrap().ndcg_at_10.mean;
    assert!(
        ndcg(Recommender::Als) > 1.3 * ndcg(Recommender::Popularity),
        "{quality:?}"
    );
    assert!(ndcg(Recommender::ItemKnn) > ndcg(Recommender::Popularity));
    assert_eq!(quality.verdict, Verdict::Better);
    assert!(outcome.fit.losses.is_sorted_by(|a, b| a >= b));
    assert!(outcome.segments.is_none());
}

#[tokio::test]
async fn nobody_is_recommended_what_they_have_seen() {
    let run = Shop::of_csv(&two_tastes()).run().await;
    let pair = |row: &BTreeMap<String, String>| (row["user_id"].clone(), row["product_id"].clone());
    let seen: BTreeSet<_> = run
        .rows("interactions.parquet")
        .await
        .iter()
        .map(pair)
        .collect();
    let recommended = run.rows("recommendations.parquet").await;
    assert!(recommended.iter().all(|row| !seen.contains(&pair(row))));
    let mut ranks: BTreeMap<String, Vec<(i32, f32)>> = BTreeMap::new();
    for row in &recommended {
        let place = (row["rank"].parse().unwrap(), row["score"].parse().unwrap());
        ranks.entry(row["user_id"].clone()).or_default().push(place);
    }
    for list in ranks.values() {
        assert!(list.iter().map(|place| place.0).eq(1..=5));
        assert!(list.is_sorted_by(|a, b| a.1 >= b.1));
    }
}

#[tokio::test]
async fn pairs_hold_the_evidence_of_their_events() {
    let csv = format!(
        "{HEADER}
2024-01-01 00:00:00 UTC,view,1,10,,1,1.00,a,x
2024-01-02 00:00:00 UTC,cart,1,10,,1,1.00,a,x
2024-01-03 00:00:00 UTC,purchase,1,10,,1,2.00,b,x
2024-01-03 00:00:00 UTC,remove_from_cart,1,11,,1,1.00,,
2024-01-03 00:00:00 UTC,view,2,11,,1,1.00,,
2024-01-03 00:00:00 UTC,return,2,10,,1,1.00,,
2024-01-03 00:00:00 UTC,view,3,12,,1,1.00,,
2024-01-04 00:00:00 UTC,view,,12,,1,1.00,,
2024-01-09 00:00:00 UTC,view,3,12,,1,1.00,,
"
    );
    let mut shop = Shop::of_csv(&csv);
    shop.as_of = Some("2024-01-05T00:00:00Z");
    shop.settings.half_life_days = Some(1.0);
    shop.settings.folds = 0;
    shop.settings.max_score = 2.9;
    let run = shop.run().await;
    let rows = run.rows("interactions.parquet").await;
    let found: Vec<[&str; 5]> = rows
        .iter()
        .map(|row| {
            let cell = |name: &str| row[name].as_str();
            [
                cell("user_id"),
                cell("product_id"),
                cell("evidence"),
                cell("score"),
                cell("n_events"),
            ]
        })
        .collect();
    // 1/16 + 3/8 + 5/4 and so on: four, three and two half-lives.
    let expected = [
        ["1", "10", "1.687500", "1.6875", "3"],
        ["1", "11", "-0.500000", "-0.5", "1"],
        ["2", "10", "-1.000000", "-1.0", "1"],
        ["2", "11", "0.250000", "0.25", "1"],
        ["3", "12", "0.250000", "0.25", "1"],
    ];
    assert_eq!(found, expected);
    let products = run.rows("products.parquet").await;
    let ten = &products[0];
    assert_eq!(
        (ten["category_code"].as_str(), ten["unit_price"].as_str()),
        ("b", "1.0000")
    );
    assert_eq!(
        (ten["n_events"].as_str(), ten["n_users"].as_str()),
        ("4", "2")
    );
    assert_eq!(run.outcome.span.events_after_as_of, 1);
}

#[tokio::test]
async fn evidence_is_capped_and_small_customers_are_left_out() {
    let mut csv = two_tastes();
    for _ in 0..30 {
        csv.push_str("2024-01-20 00:00:00 UTC,purchase,1,101,,1,1.00,,\n");
    }
    csv.push_str("2024-01-20 00:00:00 UTC,view,999,101,,1,1.00,,\n");
    csv.push_str("2024-01-20 00:00:00 UTC,view,1,777,,1,1.00,,\n");
    let mut shop = Shop::of_csv(&csv);
    shop.settings.max_score = 20.0;
    shop.settings.min_user_events = 2;
    shop.settings.min_product_events = 2;
    let run = shop.run().await;
    let learned = &run.outcome.learned;
    assert_eq!((learned.users_left_out, learned.products_left_out), (1, 1));
    assert_eq!((learned.pairs_left_out, learned.capped_pairs), (2, 1));
    assert_eq!(learned.max_score, 20.0);
    let unused = run.rows("interactions.parquet").await;
    let unused: Vec<_> = unused.iter().filter(|row| row["used"] == "false").collect();
    assert_eq!(unused.len(), 2);
    let users = run.rows("user_factors.parquet").await;
    assert!(users.iter().all(|row| row["user_id"] != "999"));
}

#[tokio::test]
async fn ratings_are_learned_as_they_are_and_the_latest_counts() {
    let mut csv = String::from(
        "event_time,event_type,user_id,product_id,order_id,quantity,unit_price,score,fold\n",
    );
    for user in 0..30_u32 {
        for item in 0..12_u32 {
            if (user + item) % 3 == 0 {
                continue;
            }
            let score = 1 + (user % 3 + item % 3);
            csv.push_str(&format!(
                "2024-01-{:02} 00:00:00 UTC,view,u{user:02},p{item:02},,1,,{score},{}\n",
                1 + (user + item) % 28,
                1 + (user * 5 + item) % 2,
            ));
        }
    }
    csv.push_str("2024-01-29 00:00:00 UTC,view,u00,p01,,1,,4.5,1\n");
    let mut shop = Shop::of_csv(&csv);
    shop.settings.explicit.regularization = vec![0.01, 0.1];
    let run = shop.run().await;
    let outcome = &run.outcome;
    assert!(outcome.scores_given && outcome.choice.folds_given);
    assert_eq!(
        (outcome.choice.select_by, outcome.choice.n_folds),
        ("rmse", 2)
    );
    assert!(outcome.choice.chosen().unwrap().mean.unwrap().mean.rmse < 0.5);
    let rows = run.rows("interactions.parquet").await;
    assert_eq!(rows[0]["user_id"], "u00");
    assert_eq!(
        (rows[0]["score"].as_str(), rows[0]["fold"].as_str()),
        ("4.5", "1")
    );
    let cv = run.text("cv.csv").await;
    // Two settings on two folds, and the test of the chosen one.
    assert_eq!(cv.lines().count(), 1 + 4 + 1, "{cv}");
}

#[tokio::test]
async fn lists_need_not_be_evaluated() {
    let mut shop = Shop::of_csv(&two_tastes());
    shop.settings.evaluation = Evaluation::Errors;
    let run = shop.run().await;
    assert_eq!(
        (run.outcome.choice.select_by, &run.outcome.quality),
        ("rmse", &None)
    );
    let cv = run.text("cv.csv").await;
    let first: Vec<&str> = cv.lines().nth(1).unwrap().split(',').collect();
    let place = |name| {
        cv.lines()
            .next()
            .unwrap()
            .split(',')
            .position(|n| n == name)
            .unwrap()
    };
    assert!(
        !first[place("rmse")].is_empty() && first[place("ndcg_at_10")].is_empty(),
        "{cv}"
    );
    assert!(
        run.text("report.html")
            .await
            .contains("only errors of predictions were to be measured")
    );
}

#[tokio::test]
async fn a_log_of_one_moment_is_tested_on_a_fold() {
    let csv = two_tastes();
    let same: Vec<String> = csv
        .lines()
        .enumerate()
        .map(|(place, line)| match line.split_once(',') {
            Some((_, rest)) if place > 0 => format!("2024-01-01 00:00:00 UTC,{rest}"),
            _ => line.to_owned(),
        })
        .collect();
    let run = Shop::of_csv(&(same.join("\n") + "\n")).run().await;
    let quality = run.outcome.quality.as_ref().unwrap();
    assert_eq!(quality.protocol, Protocol::Fold { fold: "1".into() });
}
