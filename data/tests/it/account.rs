//! The account adds up.

use crate::support::{Bench, events};

#[tokio::test]
async fn a_sample_of_users_leaves_the_account_whole() {
    let mut text =
        "event_time,event_type,user_id,product_id,order_id,quantity,unit_price\n".to_owned();
    for row in 0..3_000 {
        let user = if row % 10 == 0 {
            String::new()
        } else {
            (row % 500).to_string()
        };
        text.push_str(&format!(
            "2025-01-01,purchase,{user},{},{row},1,1.50\n",
            row % 7
        ));
    }
    text.push_str("never,purchase,1,1,1,1,1\n");
    let bench = Bench::new().await;
    let file = bench.file("a.csv", text);
    let mut params = events(&[&file]);
    let all = bench.stage(&params).await.unwrap();
    assert_eq!(
        (
            all.account.used,
            all.account.not_sampled,
            all.account.anonymous
        ),
        (3_000, 0, 300)
    );
    params.quick = Some(0.3);
    let some = bench.stage(&params).await.unwrap();
    let account = &some.account;
    assert_eq!(
        (account.rows_read, account.anonymous, account.users),
        (3_001, 300, 450)
    );
    assert_eq!(account.used + account.not_sampled, 3_000);
    assert_eq!(
        bench.rows("select count(*) from events").await,
        [account.used.to_string()]
    );
    let users = bench
        .rows("select user_id from events group by user_id order by user_id")
        .await;
    assert!((90..180).contains(&users.len()), "{}", users.len());
    let kept = "select count(*) from events where unit_hash(user_id, 42) >= 0.3";
    assert_eq!(bench.rows(kept).await, ["0"]);
    params.seed = 43;
    bench.stage(&params).await.unwrap();
    let others = bench
        .rows("select user_id from events group by user_id order by user_id")
        .await;
    assert_ne!(users, others);
    assert_eq!(all.fingerprint, some.fingerprint);
}

#[tokio::test]
async fn the_fingerprint_follows_the_files_and_the_mapping() {
    let bench = Bench::new().await;
    let text = "event_time,event_type,user_id,product_id,order_id,quantity,unit_price\n\
                2025-01-01,view,1,2,3,1,1\n";
    let file = bench.file("a.csv", text);
    let first = bench.stage(&events(&[&file])).await.unwrap().fingerprint;
    assert_eq!(first.len(), 64);
    assert_eq!(
        bench.stage(&events(&[&file])).await.unwrap().fingerprint,
        first
    );
    bench.file("a.csv", format!("{text}2025-01-02,view,1,2,3,1,1\n"));
    assert_ne!(
        bench.stage(&events(&[&file])).await.unwrap().fingerprint,
        first
    );
}

#[tokio::test]
async fn parameters_out_of_range_are_refused() {
    let bench = Bench::new().await;
    let file = bench.file("a.csv", "x\n1\n");
    for (max_invalid, quick, told) in [
        (1.5, None, "--max-invalid 1.5"),
        (0.2, Some(0.0), "--quick 0"),
        (0.2, Some(2.0), "--quick 2"),
    ] {
        let mut params = events(&[&file]);
        (params.max_invalid, params.quick) = (max_invalid, quick);
        let error = bench.stage(&params).await.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[tokio::test]
async fn every_line_of_a_hostile_file_is_accounted_for() {
    let lines: [&[u8]; 12] = [
        b"2025-01-01,view,1,2,3,1,1",
        b"2025-01-01,view,1,2,3,1,1",
        b"\"2025-01-01,view,1,2,3,1,1",
        b"\xff\xfe,view,1,2,3,1,1",
        b"\0\0\0,view,1,2,3,1,1",
        b",,,,,,",
        b"\"\",\"\",\"\",\"\",\"\",\"\",\"\"",
        b"2025-01-01,view,1,'; drop table events; --,3,1,1",
        b"99999999999999999999,view,1,2,3,99999999999999999999,1e400",
        b"2025-01-01,VIEW,1,2,3,1,1",
        b"2025-01-01,view,1,2,3,1,1,,,,",
        b"\"",
    ];
    let header = b"event_time,event_type,user_id,product_id,order_id,quantity,unit_price\r\n";
    let bench = Bench::new().await;
    let file = bench.file(
        "a.csv",
        [header.as_slice(), &lines.join(b"\r\n".as_slice())].concat(),
    );
    let mut params = events(&[&file]);
    params.max_invalid = 1.0;
    let account = bench.check(&params).await.unwrap();
    assert_eq!((account.rows_read, account.used), (12, 3));
    assert_eq!(account.duplicates_kept, Some(2));
    assert_eq!(account.quarantined_rows(), 9);
    let expected = [
        ("bad_event_time", 2),
        ("invalid_utf8", 1),
        ("missing_event_time", 2),
        ("too_many_fields", 1),
        ("unknown_event_type", 1),
        ("unterminated_quote", 2),
    ];
    let reasons: Vec<(&str, u64)> = account
        .quarantined
        .iter()
        .map(|(reason, rows)| (reason.as_str(), *rows))
        .collect();
    assert_eq!(reasons, expected);
}

#[tokio::test]
async fn the_sample_is_a_shop_to_try_things_out_with() {
    let sample = crate::support::workspace().join("data/samples/shop.csv");
    let bench = Bench::new().await;
    let staged = bench
        .stage(&events(&[sample.to_str().unwrap()]))
        .await
        .unwrap();
    assert_eq!(staged.mapping, "events");
    assert_eq!(staged.account.used, staged.account.rows_read);
    assert!(staged.account.users >= 100, "{}", staged.account.users);
    assert!(
        staged.account.events["purchase"] >= 50,
        "{:?}",
        staged.account.events
    );
}
