//! A small shop whose answer is written down.

use crate::support::{Shop, sixty_users};

#[tokio::test]
async fn a_small_shop_gives_what_was_worked_out_for_it() {
    let run = Shop::of_csv(&sixty_users()).run().await;
    assert_eq!(
        run.outcome.span.as_of.to_rfc3339(),
        "2024-01-30T00:00:00+00:00"
    );
    assert_eq!(
        run.text("segments.csv").await,
        include_str!("../golden/segments.csv")
    );

    let customers = run.customers().await;
    assert_eq!(customers.len(), 60);
    let prospect = &customers["3"];
    for column in [
        "recency_days",
        "r_score",
        "f_score",
        "m_score",
        "mean_basket",
    ] {
        assert_eq!(prospect[column], "", "{column} of a prospect");
    }
    assert_eq!(
        (
            prospect["frequency"].as_str(),
            prospect["monetary"].as_str()
        ),
        ("0", "0.0000")
    );
    assert_eq!(prospect["rfm_segment"], "Prospect");

    // User 40 ordered five times (40 % 6 = 4) for 25.50 each and sent one unit back; the last
    // order was on day 88 of the shop, 28 January, and is 1 whole day old at midnight of the 30th.
    let forty = &customers["40"];
    let expected = [
        ("n_orders", "5"),
        ("frequency", "5"),
        ("monetary", "102.0000"),
        ("gross_revenue", "127.5000"),
        ("returned_revenue", "25.5000"),
        ("recency_days", "1"),
        ("days_between_orders", "7.0"),
        ("return_rate", "0.2"),
        ("n_views", "6"),
        ("tenure_days", "29"),
    ];
    for (column, value) in expected {
        assert_eq!(forty[column], value, "{column} of user 40");
    }
}

#[tokio::test]
async fn a_run_has_every_file_and_they_agree_with_each_other() {
    let run = Shop::of_csv(&sixty_users()).run().await;
    let files: Vec<&str> = run
        .reader
        .manifest()
        .files
        .iter()
        .map(|file| file.name.as_str())
        .collect();
    for file in [
        "customers.parquet",
        "segments.csv",
        "clusters.csv",
        "affinity.csv",
        "k_selection.csv",
        "rfm_model.json",
        "kmeans_model.json",
        "data_quality.json",
        "quarantine.parquet",
        "metrics.json",
        "charts/silhouette_curve.svg",
        "charts/silhouette_curve.png",
        "charts/segment_by_month.svg",
    ] {
        assert!(files.contains(&file), "{file} is missing among {files:?}");
    }
    let sum = |text: String, column: &str| -> u64 {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let place = reader
            .headers()
            .unwrap()
            .iter()
            .position(|name| name == column)
            .unwrap();
        reader
            .records()
            .map(|record| record.unwrap()[place].parse::<u64>().unwrap())
            .sum()
    };
    for file in ["segments.csv", "clusters.csv", "affinity.csv"] {
        assert_eq!(sum(run.text(file).await, "customers"), 60, "{file}");
    }
    let metrics: serde_json::Value = serde_json::from_str(&run.text("metrics.json").await).unwrap();
    assert_eq!(
        (&metrics["customers"], &metrics["buyers"]),
        (&60.into(), &48.into())
    );
    let fused = metrics["fused_segments"].as_array().unwrap().iter();
    assert_eq!(
        fused
            .map(|fused| fused["customers"].as_u64().unwrap())
            .sum::<u64>(),
        60
    );
    assert_eq!(run.text("k_selection.csv").await.lines().count(), 3);
}

#[tokio::test]
async fn a_look_back_leaves_later_events_aside() {
    let mut shop = Shop::of_csv(&sixty_users());
    shop.as_of = Some("2024-01-10T00:00:00Z");
    let run = shop.run().await;
    assert!(run.outcome.span.events_after_as_of > 0);
    assert!(
        run.outcome
            .notes
            .iter()
            .any(|note| note.contains("were left aside"))
    );
    let customers = run.customers().await;
    assert!(customers.values().all(|customer| {
        customer["last_event_at"].as_str() < "2024-01-10"
            && customer["recency_days"].parse::<i64>().unwrap_or(0) >= 0
    }));
}
