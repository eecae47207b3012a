//! Scoring with the models of an earlier run.

use segmentation::clusters::ClusterModel;

use crate::support::{Shop, sixty_users};

#[tokio::test]
async fn frozen_cut_points_give_the_same_scores_again() {
    let mut shop = Shop::of_csv(&sixty_users());
    let first = shop.run().await;
    shop.settings.rfm_model = Some(first.reader.file_url("rfm_model.json").unwrap());
    let second = shop.run().await;
    assert!(second.outcome.rfm.frozen && !first.outcome.rfm.frozen);
    assert_eq!(first.customers().await, second.customers().await);
    assert_eq!(
        first.text("rfm_model.json").await,
        second.text("rfm_model.json").await
    );
    assert!(
        second
            .outcome
            .notes
            .iter()
            .any(|note| note.contains("cut points"))
    );
}

#[tokio::test]
async fn frozen_cut_points_score_customers_who_could_not_be_scored_alone() {
    let shop = Shop::of_csv(&sixty_users());
    let model = shop.run().await.reader.file_url("rfm_model.json").unwrap();
    // Only users with one order each: their frequency alone has one value.
    let one_order = |line: &&str| {
        line.split(',')
            .nth(2)
            .is_none_or(|user| user.parse::<i64>().is_ok_and(|u| u % 6 == 0))
            || line.starts_with("event_time")
    };
    let csv: Vec<String> = sixty_users()
        .lines()
        .filter(one_order)
        .map(str::to_owned)
        .collect();
    let mut few = Shop::of_csv(&(csv.join("\n") + "\n"));
    few.settings.min_customers = 5;
    few.settings.k = "2".parse().unwrap();
    let failure = few.try_run().await.err().unwrap();
    assert!(
        failure.to_string().contains("the same frequency"),
        "{failure}"
    );
    few.settings.rfm_model = Some(model);
    let customers = few.run().await.customers().await;
    assert_eq!(customers["18"]["f_score"], "1");
}

#[tokio::test]
async fn the_cluster_model_of_a_run_assigns_its_customers() {
    let run = Shop::of_csv(&sixty_users()).run().await;
    let model = ClusterModel::from_json(&run.text("kmeans_model.json").await).unwrap();
    let outcome = &run.outcome;
    assert_eq!(
        model.assign(&outcome.customers).unwrap(),
        outcome.clusters.labels
    );
}

#[tokio::test]
async fn a_segment_table_of_ones_own_is_used_throughout() {
    let mut shop = Shop::of_csv(&sixty_users());
    let table = shop.folder.path().join("mine.toml");
    let text = "[[segments]]\nname = \"Lately\"\nadvice = \"thank them\"\n\
                cells = [{ r = \"3-5\", f = \"1-5\", m = \"1-5\" }]\n\
                [[segments]]\nname = \"Long ago\"\n\
                cells = [{ r = \"1-2\", f = \"1-5\", m = \"1-5\" }]";
    std::fs::write(&table, text).unwrap();
    shop.settings.rfm_segments = Some(table.to_str().unwrap().to_owned());
    let run = shop.run().await;
    let names: Vec<&str> = run
        .outcome
        .rfm
        .segments
        .iter()
        .map(|s| s.name.as_str())
        .collect();
    assert_eq!(names, ["Lately", "Long ago", "Prospect"]);
    for customer in run.customers().await.values() {
        let expected = match customer["r_score"].parse::<u8>() {
            Ok(3..=5) => "Lately",
            Ok(_) => "Long ago",
            Err(_) => "Prospect",
        };
        assert_eq!(customer["rfm_segment"], expected);
        assert!(
            customer["fused_segment"].starts_with(expected),
            "{customer:?}"
        );
    }
}
