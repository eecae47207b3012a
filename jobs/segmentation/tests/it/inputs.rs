//! Ids that are text, rows that cannot be used, rows without a user, other clusterers.

use segmentation::{Algorithm, Scale, lookup};

use crate::support::{Shop, sixty_users};

/// The shop with ids such as `c7` instead of `7`.
fn text_ids() -> String {
    let csv = sixty_users();
    let mut lines = csv.lines();
    let mut text = vec![lines.next().unwrap().to_owned()];
    for line in lines {
        let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        fields[2].insert(0, 'c');
        text.push(fields.join(","));
    }
    text.join("\n") + "\n"
}

#[tokio::test]
async fn text_ids_give_the_same_segments_sorted_as_text() {
    let run = Shop::of_csv(&text_ids()).run().await;
    assert_eq!(
        run.text("segments.csv").await,
        include_str!("../golden/segments.csv")
    );
    let ids = run.outcome.customers.ids();
    assert_eq!(ids.data_type(), &arrow::datatypes::DataType::Utf8);
    let ids: Vec<String> = (0..60)
        .map(|row| run.outcome.customers.id(row).unwrap())
        .collect();
    assert_eq!(ids[..3], ["c1", "c10", "c11"]);
    assert!(ids.is_sorted());
    let profile = lookup(&run.reader, "c40").await.unwrap().unwrap();
    assert_eq!(
        (profile.frequency, profile.monetary.as_str()),
        (5, "102.0000")
    );
}

#[tokio::test]
async fn buyers_are_followed_through_the_months() {
    for csv in [sixty_users(), text_ids()] {
        let run = Shop::of_csv(&csv).run().await;
        let months = run.outcome.months.as_ref().unwrap();
        let labels: Vec<String> = months.months.iter().map(ToString::to_string).collect();
        assert_eq!(labels, ["2023-12-01", "2024-01-01"]);
        let bought = |month: usize| {
            months
                .buyers
                .iter()
                .map(|segment| segment[month])
                .sum::<u64>()
        };
        // All 48 buyers bought in January; who ordered early enough also did in December.
        assert_eq!(bought(1), 48);
        let december = (13..=60)
            .filter(|user| 88 - user % 20 - 7 * (user % 6) < 61)
            .count();
        assert_eq!(bought(0), december as u64);
        let paid: segmentation::Money = months.revenue.iter().flatten().copied().sum();
        assert_eq!(paid, run.outcome.totals.gross_revenue);
    }
}

#[tokio::test]
async fn unusable_rows_are_kept_apart_and_rows_without_a_user_are_counted() {
    let mut csv = sixty_users();
    csv.push_str("2024-01-05 10:00:00 UTC,view,,100,v,1,1.50,cat1,b0\n");
    csv.push_str("yesterday,view,13,100,v,1,1.50,cat1,b0\n");
    let run = Shop::of_csv(&csv).run().await;
    assert_eq!(
        run.text("segments.csv").await,
        include_str!("../golden/segments.csv")
    );
    let (_, rejected) = run.reader.read_table("quarantine.parquet").await.unwrap();
    assert_eq!(
        rejected.iter().map(|batch| batch.num_rows()).sum::<usize>(),
        1
    );
    let account: serde_json::Value =
        serde_json::from_str(&run.text("data_quality.json").await).unwrap();
    assert_eq!(account["anonymous"], 1);
    let rows = csv.lines().count() - 1;
    assert_eq!(
        (&account["rows_read"], &account["used"]),
        (&rows.into(), &(rows - 1).into())
    );
}

#[tokio::test]
async fn a_mixture_and_raw_values_are_alternatives() {
    let mut shop = Shop::of_csv(&sixty_users());
    let by_kmeans = shop.run().await.customers().await;
    shop.settings.scale = Scale::Raw;
    let raw = shop.run().await;
    shop.settings.scale = Scale::Log;
    shop.settings.algorithm = Algorithm::Gmm;
    let by_mixture = shop.run().await;
    for run in [&raw, &by_mixture] {
        let customers = run.customers().await;
        for (user, customer) in &customers {
            for column in [
                "r_score",
                "f_score",
                "m_score",
                "rfm_segment",
                "net_revenue",
            ] {
                assert_eq!(
                    customer[column], by_kmeans[user][column],
                    "{column} of {user}"
                );
            }
        }
    }
    let metrics: serde_json::Value =
        serde_json::from_str(&by_mixture.text("metrics.json").await).unwrap();
    assert_eq!(metrics["algorithm"], "gmm");
    let selection = by_mixture.text("k_selection.csv").await;
    assert!(
        selection.lines().skip(1).all(|line| line.ends_with(",,")),
        "{selection}"
    );
}
