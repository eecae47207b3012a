//! One customer of a finished run.

use segmentation::lookup;

use crate::support::{Shop, sixty_users};

#[tokio::test]
async fn a_customer_is_found_with_scores_segments_and_habits() {
    let run = Shop::of_csv(&sixty_users()).run().await;
    let profile = lookup(&run.reader, "40").await.unwrap().unwrap();
    let row = &run.customers().await["40"];
    assert_eq!(profile.user_id, "40");
    assert_eq!(profile.rfm_segment, row["rfm_segment"]);
    assert_eq!(profile.fused_segment, row["fused_segment"]);
    assert_eq!(profile.cluster.to_string(), row["cluster"]);
    let cluster = &run.outcome.clusters.clusters[profile.cluster as usize];
    assert_eq!(profile.cluster_name, cluster.name);
    assert!(!profile.advice.is_empty());
    assert_eq!((profile.recency_days, profile.frequency), (Some(1), 5));
    assert_eq!(profile.monetary, "102.0000");
    assert_eq!(profile.scores.unwrap()[1].to_string(), row["f_score"]);
    assert_eq!(profile.habits["n_views"], 6);
    assert_eq!(profile.habits["return_rate"], 0.2);
    assert_eq!(profile.habits["top_category"], "cat1");
    assert!(!profile.habits.contains_key("rfm_segment"));
}

#[tokio::test]
async fn a_prospect_has_no_scores_and_a_stranger_is_not_found() {
    let run = Shop::of_csv(&sixty_users()).run().await;
    let prospect = lookup(&run.reader, "3").await.unwrap().unwrap();
    assert_eq!((prospect.scores, prospect.recency_days), (None, None));
    assert_eq!(prospect.rfm_segment, "Prospect");
    assert_eq!(prospect.habits["mean_basket"], serde_json::Value::Null);
    assert_eq!(lookup(&run.reader, "999").await.unwrap(), None);
}
