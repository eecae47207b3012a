//! What goes wrong says what, where, why and what to do.

use pipeline::FailureKind;

use crate::support::{HEADER, Shop, two_tastes};

async fn refused(shop: &Shop, kind: FailureKind, words: &[&str]) {
    let failure = shop.failure().await;
    let text = failure.paragraph();
    assert_eq!(failure.kind, kind, "{text}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
    let runs = shop.output().runs(None).await.unwrap();
    assert!(runs.is_empty(), "something was left behind");
}

#[tokio::test]
async fn one_customer_or_one_product_is_too_few() {
    let events = |kind: &str| {
        format!(
            "{HEADER}\n2024-01-01 00:00:00 UTC,{kind}\n2024-01-02 00:00:00 UTC,view,1,11,,1,1.00,,\n"
        )
    };
    let one_user = Shop::of_csv(&events("view,1,10,,1,1.00,,"));
    refused(
        &one_user,
        FailureKind::BadInput,
        &["1 customers and 2 products", "at least two"],
    )
    .await;
    let one_product = Shop::of_csv(&events("view,2,11,,1,1.00,,"));
    refused(
        &one_product,
        FailureKind::BadInput,
        &["2 customers and 1 products"],
    )
    .await;
}

#[tokio::test]
async fn dislikes_alone_teach_nothing() {
    let csv = two_tastes()
        .replace(",view,", ",return,")
        .replace(",purchase,", ",return,");
    refused(
        &Shop::of_csv(&csv),
        FailureKind::BadInput,
        &["score above 0", "weights"],
    )
    .await;
}

#[tokio::test]
async fn a_look_back_to_before_the_log_says_so() {
    let mut shop = Shop::of_csv(&two_tastes());
    shop.as_of = Some("2020-01-01T00:00:00Z");
    refused(
        &shop,
        FailureKind::BadInput,
        &["2020-01-01", "later --as-of"],
    )
    .await;
}

#[tokio::test]
async fn settings_that_make_no_sense_are_named() {
    let mut shop = Shop::of_csv(&two_tastes());
    shop.settings.folds = 0;
    shop.settings.implicit.factors = vec![2, 4];
    refused(&shop, FailureKind::Usage, &["2 settings", "--folds"]).await;
    shop.settings.folds = 2;
    shop.settings.top_n = 0;
    refused(&shop, FailureKind::Usage, &["top_n is 0"]).await;
    shop.settings.top_n = 5;
    shop.settings.fold_source = recommendation::FoldChoice::Column;
    refused(&shop, FailureKind::Usage, &["fold_source", "random"]).await;
    shop.settings.fold_source = recommendation::FoldChoice::Auto;
    shop.settings.warm_start = Some("latest".to_owned());
    refused(
        &shop,
        FailureKind::Usage,
        &["warm-start", "no finished run"],
    )
    .await;
}

#[tokio::test]
async fn a_score_that_is_no_number_is_set_aside() {
    let mut csv = String::from(
        "event_time,event_type,user_id,product_id,order_id,quantity,unit_price,score\n",
    );
    for user in 0..6 {
        for item in 0..6 {
            let score = if (user, item) == (2, 3) {
                "NaN".to_owned()
            } else {
                (1 + user).to_string()
            };
            csv.push_str(&format!(
                "2024-01-0{} 00:00:00 UTC,view,{user},{item},,1,,{score}\n",
                1 + item
            ));
        }
    }
    let run = Shop::of_csv(&csv).run().await;
    assert_eq!(run.outcome.account.quarantined["bad_score"], 1);
    assert_eq!(run.outcome.learned.pairs, 35);
}

#[tokio::test]
async fn a_run_can_start_from_the_factors_of_another() {
    let mut shop = Shop::of_csv(&two_tastes());
    let cold = shop.run().await;
    shop.settings.warm_start = Some("latest".to_owned());
    let warm = shop.run().await;
    let (cold, warm) = (&cold.outcome.fit, &warm.outcome.fit);
    assert!(warm.warm_start.is_some() && cold.warm_start.is_none());
    // It begins where the other ended.
    assert!(warm.losses[0] <= cold.losses[cold.losses.len() - 1] * (1.0 + 1e-6));
    shop.settings.implicit.factors = vec![3];
    let failure = shop.failure().await.paragraph();
    assert!(
        failure.contains("4 factors") && failure.contains("--factors 4"),
        "{failure}"
    );
}
