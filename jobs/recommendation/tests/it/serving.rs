//! Asking a finished run.

use std::collections::BTreeSet;

use algorithms::als::Als;
use data::EventsParams;
use engine::{Engine, EngineParams};
use recommendation::serving::{
    AllowedProducts, Request, ServingError, Source, allowed_products, new_events, recommend,
    similar,
};
use recommendation::{RecommendationModel, read_items};

use crate::support::{HEADER, Shop, two_tastes};

fn asking(user: &str, n: usize) -> Request {
    Request {
        user: user.to_owned(),
        n,
        ..Request::default()
    }
}

#[tokio::test]
async fn a_customer_is_told_what_the_table_says() {
    let shop = Shop::of_csv(&two_tastes());
    let run = shop.run().await;
    let table = run.rows("recommendations.parquet").await;
    for user in ["1", "17", "80"] {
        let answer = recommend(&shop.output(), &run.reader, &asking(user, 5)).await;
        let answer = answer.unwrap();
        assert_eq!(answer.source, Source::Model);
        let told: Vec<(String, f32)> = answer
            .recommendations
            .iter()
            .map(|product| (product.product_id.clone(), product.score as f32))
            .collect();
        let expected: Vec<(String, f32)> = table
            .iter()
            .filter(|row| row["user_id"] == user)
            .map(|row| (row["product_id"].clone(), row["score"].parse().unwrap()))
            .collect();
        assert_eq!(told, expected, "customer {user}");
        let first = &answer.recommendations[0];
        let category = format!("cat{}00", &first.product_id[..1]);
        assert_eq!(first.category, Some(category));
        assert!(first.price.as_ref().unwrap().ends_with(".5000"));
    }
    let answer = similar(&run.reader, "105", 5, None).await.unwrap();
    let own = |id: &str| (100..120).contains(&id.parse::<u32>().unwrap());
    assert!(
        answer
            .similar
            .iter()
            .all(|product| own(&product.product_id))
    );
}

#[tokio::test]
async fn new_events_give_what_a_refit_of_the_customer_gives() {
    // The customer 1 has had to do with some products before and since, with others only since.
    let all = two_tastes();
    let late = |line: &&str| line.contains(",1,1") && line < &"2024-01-15";
    let (since, before): (Vec<&str>, Vec<&str>) = all.lines().skip(1).partition(late);
    let of_lines = |lines: &[&str]| format!("{HEADER}\n{}\n", lines.join("\n"));
    assert!(since.len() > 4);
    let run = async |csv: &str| {
        let mut shop = Shop::of_csv(csv);
        shop.as_of = Some("2024-02-01T00:00:00Z");
        shop.settings.half_life_days = Some(10.0);
        shop.settings.max_score = 4.0;
        let run = shop.run().await;
        (shop, run)
    };
    let (shop, model_run) = run(&of_lines(&before)).await;
    let (_, whole_run) = run(&all).await;

    let file = shop.folder.path().join("since.csv");
    std::fs::write(&file, of_lines(&since)).unwrap();
    let events = EventsParams {
        events: vec![file.to_str().unwrap().to_owned()],
        mapping: Some("events".to_owned()),
        ..EventsParams::default()
    };
    let engine = Engine::open(EngineParams::default()).await.unwrap();
    let model = RecommendationModel::read(&model_run.reader).await.unwrap();
    let work = shop.folder.path().join("work");
    let new = new_events(&engine, &model, &events, "1", work.to_str().unwrap()).await;
    let request = Request {
        new_events: Some(new.unwrap()),
        ..asking("1", 8)
    };
    let answer = recommend(&shop.output(), &model_run.reader, &request).await;
    let answer = answer.unwrap();

    let items = read_items(&model_run.reader).await.unwrap();
    let whole = whole_run.rows("interactions.parquet").await;
    let of_customer: Vec<_> = whole.iter().filter(|row| row["user_id"] == "1").collect();
    let scores: Vec<(u32, f32)> = of_customer
        .iter()
        .filter_map(|row| {
            let item = items.ids.index_of(&row["product_id"])?;
            Some((item, row["score"].parse().unwrap()))
        })
        .collect();
    let fold_in = model.params.fold_in(&items.factors, model.global_mean);
    let row = fold_in.unwrap().user(&scores).unwrap();
    let seen: BTreeSet<u32> = scores.iter().map(|(item, _)| *item).collect();
    let refit = Als {
        users: items.factors.clone(),
        items: items.factors.clone(),
        global_mean: model.global_mean,
    };
    let mut expected: Vec<(u32, f32)> = (0..items.ids.len() as u32)
        .filter(|item| !seen.contains(item))
        .map(|item| (item, refit.score_row(&row, item as usize)))
        .collect();
    expected.sort_by(|a, b| b.1.total_cmp(&a.1));
    let expected: Vec<(String, f32)> = expected
        .into_iter()
        .take(8)
        .map(|(item, score)| (items.ids.text(item), score))
        .collect();
    let told: Vec<(String, f32)> = answer
        .recommendations
        .iter()
        .map(|product| (product.product_id.clone(), product.score as f32))
        .collect();
    assert_eq!(told, expected);
    let Source::FoldIn { products, .. } = answer.source else {
        panic!("{:?}", answer.source);
    };
    assert_eq!(products, scores.len());
}

#[tokio::test]
async fn strangers_get_what_is_popular_and_filters_hold() {
    let shop = Shop::of_csv(&two_tastes());
    let run = shop.run().await;
    let engine = Engine::open(EngineParams::default()).await.unwrap();
    let predicate = "category_code = 'cat200' and unit_price < 3";
    let allowed = allowed_products(&engine, &run.reader, predicate, None).await;
    let allowed: AllowedProducts = allowed.unwrap();
    let cheap = (200..220).filter(|product| product % 7 < 3).count();
    assert_eq!(allowed.len(), cheap);
    let request = Request {
        allowed: Some(allowed.clone()),
        ..asking("4711", 20)
    };
    let answer = recommend(&shop.output(), &run.reader, &request)
        .await
        .unwrap();
    assert_eq!(answer.source, Source::Popularity);
    assert_eq!(answer.recommendations.len(), cheap);
    for product in &answer.recommendations {
        assert!(allowed.contains(&product.product_id));
    }
    let notice = answer.notice.unwrap();
    assert!(notice.contains("customer 4711 has no events"), "{notice}");
    let error = similar(&run.reader, "4711", 5, None).await.unwrap_err();
    assert!(matches!(error, ServingError::UnknownProduct { .. }));
}
