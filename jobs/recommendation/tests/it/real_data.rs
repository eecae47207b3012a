//! Real ratings and real events, when they are here.

use std::collections::BTreeMap;
use std::sync::Arc;

use recommendation::outcome::{Protocol, Recommender};
use tempfile::TempDir;

use crate::support::{Shop, dataset};

/// MovieLens-100k as an event log. A rating's fold is the official test set it is in: of two (three
/// ratings are in u4 and u5) the first, none for the three ratings that are in no test set.
fn movielens() -> Option<String> {
    let folder = dataset("movielens-100k")?;
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let mut folds: BTreeMap<String, u32> = BTreeMap::new();
    for fold in (1..=5).rev() {
        let test = read(&format!("u{fold}.test"));
        folds.extend(test.lines().map(|line| (line.to_owned(), fold)));
    }
    let mut csv = String::from(
        "event_time,event_type,user_id,product_id,order_id,quantity,unit_price,score,fold\n",
    );
    for line in read("u.data").lines() {
        let [user, item, score, seconds] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let at = chrono::DateTime::from_timestamp(seconds.parse().unwrap(), 0).unwrap();
        let at = at.format("%Y-%m-%d %H:%M:%S UTC");
        let fold = folds.get(line).map_or_else(String::new, u32::to_string);
        csv.push_str(&format!("{at},view,{user},{item},,1,,{score},{fold}\n"));
    }
    Some(csv)
}

#[tokio::test]
async fn ratings_of_movies_are_predicted_well_on_the_official_folds() {
    let Some(csv) = movielens() else { return };
    let mut shop = Shop::of_csv(&csv);
    shop.settings.explicit.factors = vec![32];
    shop.settings.explicit.regularization = vec![1.3];
    shop.settings.explicit.regularization_exponent = 0.5;
    shop.settings.iterations = 30;
    let run = shop.run().await;
    let outcome = &run.outcome;
    let learned = &outcome.learned;
    assert_eq!(
        (learned.users, learned.products, learned.pairs),
        (943, 1682, 100_000)
    );
    assert!(outcome.choice.folds_given && outcome.choice.n_folds == 5);
    let mean = outcome.choice.chosen().unwrap().mean.unwrap();
    assert!(mean.mean.rmse <= 0.915, "{mean:?}");
    assert!(mean.mean.mae <= 0.73, "{}", mean.mean.mae);
    let quality = outcome.quality.as_ref().unwrap();
    assert!(matches!(quality.protocol, Protocol::Time { .. }));
}

#[tokio::test]
async fn evidence_of_a_cosmetics_shop_equals_a_count_by_hand() {
    let Some(folder) = dataset("rees46-cosmetics") else {
        return;
    };
    let shop = Shop::of_files(
        Arc::new(TempDir::new().unwrap()),
        &folder.join("data_*.csv"),
        "rees46-cosmetics",
    );
    let run = shop.run().await;
    // Rows that are equal in all columns are one event, as the mapping says.
    let mut lines: Vec<(String, String, String)> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("data_") {
            continue;
        }
        let mut reader = csv::Reader::from_path(&path).unwrap();
        let headers = reader.headers().unwrap().clone();
        let place = |name: &str| headers.iter().position(|header| header == name).unwrap();
        let (kind, user, product) = (place("event_type"), place("user_id"), place("product_id"));
        for record in reader.records() {
            let record = record.unwrap();
            if seen.insert(record.iter().map(str::to_owned).collect::<Vec<_>>()) {
                let cell = |place: usize| record[place].to_owned();
                lines.push((cell(user), cell(product), cell(kind)));
            }
        }
    }
    let mut expected: BTreeMap<(String, String), i64> = BTreeMap::new();
    for (user, product, kind) in lines {
        let weight = match kind.as_str() {
            "view" => 1,
            "cart" => 3,
            "purchase" => 5,
            "remove_from_cart" => -2,
            other => panic!("{other}"),
        };
        *expected.entry((user, product)).or_default() += weight;
    }
    let found: BTreeMap<(String, String), i64> = run
        .rows("interactions.parquet")
        .await
        .iter()
        .map(|row| {
            let evidence: f64 = row["evidence"].parse().unwrap();
            let pair = (row["user_id"].clone(), row["product_id"].clone());
            (pair, evidence as i64)
        })
        .collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn shoppers_of_a_real_shop_come_back_to_what_the_model_says() {
    let Some(folder) = dataset("uci-online-retail") else {
        return;
    };
    let files = folder.join("by-day");
    let mut shop = Shop::of_files(Arc::new(TempDir::new().unwrap()), &files, "online-retail");
    shop.settings.implicit.factors = vec![32];
    shop.settings.folds = 0;
    let run = shop.run().await;
    let quality = run.outcome.quality.as_ref().unwrap();
    let ndcg = |recommender| quality.of(recommender).unwrap().ndcg_at_10.mean;
    assert!(quality.n_users > 1000);
    assert!(
        ndcg(Recommender::Als) > ndcg(Recommender::Popularity),
        "{quality:?}"
    );
    assert!(ndcg(Recommender::Popularity) > 5.0 * ndcg(Recommender::Random));
}
