//! Every way to fail says what, why and what to do, with the right kind, and leaves nothing.

use pipeline::FailureKind;

use crate::support::{Shop, sixty_users};

/// Runs, expects this kind of failure with all these words, and an output without a trace of it.
async fn fails(shop: &Shop, kind: FailureKind, words: &[&str]) {
    let failure = shop
        .try_run()
        .await
        .err()
        .expect("the run should have failed");
    let text = failure.paragraph();
    assert_eq!(failure.kind, kind, "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in: {text}");
    }
    assert!(!text.contains('\n'), "more than one paragraph: {text}");
    let output = shop.folder.path().join("out");
    assert!(!output.exists(), "something was left in the output");
}

/// The lines of the shop whose user passes.
fn only(keep: impl Fn(i64) -> bool) -> String {
    let csv = sixty_users();
    let mut lines = csv.lines();
    let header = lines.next().unwrap();
    let kept = lines.filter(|line| keep(line.split(',').nth(2).unwrap().parse().unwrap()));
    let lines: Vec<&str> = std::iter::once(header).chain(kept).collect();
    lines.join("\n") + "\n"
}

#[tokio::test]
async fn fewer_than_fifty_customers() {
    let shop = Shop::of_csv(&only(|user| user > 20));
    fails(
        &shop,
        FailureKind::BadInput,
        &["only 40 customers", "50", "min_customers"],
    )
    .await;
}

#[tokio::test]
async fn nobody_bought() {
    let views: Vec<String> = sixty_users()
        .lines()
        .filter(|l| !l.contains("purchase"))
        .map(str::to_owned)
        .collect();
    let shop = Shop::of_csv(&(views.join("\n") + "\n"));
    fails(
        &shop,
        FailureKind::BadInput,
        &["none of the 60 customers has a purchase"],
    )
    .await;
}

#[tokio::test]
async fn one_distinct_recency_frequency_or_monetary_value() {
    let header = "event_time,event_type,user_id,product_id,order_id,quantity,unit_price\n";
    let shop = |line: &dyn Fn(i64) -> String| {
        let lines: Vec<String> = (1..=60).map(line).collect();
        Shop::of_csv(&format!("{header}{}\n", lines.join("\n")))
    };
    let same_day = shop(&|u| format!("2024-01-05 10:00:00 UTC,purchase,{u},1,o{u},1,{u}.00"));
    let words = [
        "all 60 buyers have the same recency",
        "0 days",
        "--rfm-model",
    ];
    fails(&same_day, FailureKind::BadInput, &words).await;
    let day = |u: i64| format!("2024-01-{:02} 10:00:00 UTC", 1 + u % 20);
    let one_order = shop(&|u| format!("{},purchase,{u},1,o{u},1,{u}.00", day(u)));
    let words = ["the same frequency (1 order(s))", "order_id"];
    fails(&one_order, FailureKind::BadInput, &words).await;
    let two = |u: i64, price: &str| {
        let mut text = format!("{},purchase,{u},1,o{u},1,{price}", day(u));
        if u % 2 == 0 {
            text += &format!("\n{},purchase,{u},1,p{u},1,{price}", day(u));
        }
        text
    };
    let no_price = shop(&|u| two(u, "0"));
    let words = ["the same monetary value (0.0000)", "unit_price"];
    fails(&no_price, FailureKind::BadInput, &words).await;
}

#[tokio::test]
async fn more_clusters_than_different_customers() {
    let mut shop = Shop::of_csv(&sixty_users());
    shop.settings.k = "2..10".parse().unwrap();
    shop.settings.columns = vec!["n_orders".into()];
    let words = [
        "10 clusters were asked for",
        "only 7 different behaviours",
        "--k 2..7",
    ];
    fails(&shop, FailureKind::BadInput, &words).await;
}

#[tokio::test]
async fn columns_that_are_empty_for_everybody() {
    let mut shop = Shop::of_csv(&sixty_users());
    shop.settings.columns = vec!["n_removes".into()];
    fails(
        &shop,
        FailureKind::BadInput,
        &["n_removes", "the same for every customer"],
    )
    .await;
}

#[tokio::test]
async fn an_as_of_before_the_first_event() {
    let mut shop = Shop::of_csv(&sixty_users());
    shop.as_of = Some("2020-01-01T00:00:00Z");
    let words = ["before 2020-01-01", "2024-01-29", "later --as-of"];
    fails(&shop, FailureKind::BadInput, &words).await;
}

#[tokio::test]
async fn a_log_without_a_usable_event() {
    let csv = sixty_users();
    let mut shop = Shop::of_csv(csv.lines().next().unwrap());
    shop.events.max_invalid = 1.0;
    fails(&shop, FailureKind::BadInput, &["no usable event"]).await;
}

#[tokio::test]
async fn a_missing_input_file() {
    let mut shop = Shop::of_csv(&sixty_users());
    shop.events.events = vec!["/no/such/events.csv".to_owned()];
    fails(&shop, FailureKind::BadInput, &["/no/such/events.csv"]).await;
}

#[tokio::test]
async fn settings_that_make_no_sense() {
    let mut shop = Shop::of_csv(&sixty_users());
    shop.settings.n_init = 0;
    fails(&shop, FailureKind::Usage, &["n_init is 0"]).await;
}

#[tokio::test]
async fn a_segment_table_that_is_incomplete_or_overlaps() {
    let mut shop = Shop::of_csv(&sixty_users());
    let table = shop.folder.path().join("mine.toml");
    let file = table.to_str().unwrap().to_owned();
    shop.settings.rfm_segments = Some(file.clone());
    let text = "[[segments]]\nname = \"A\"\ncells = [{ r = \"1-5\", f = \"1-5\", m = \"1-4\" }]\n\
                [[segments]]\nname = \"B\"\ncells = [{ r = \"3\", f = \"2\", m = \"3-5\" }]";
    std::fs::write(&table, text).unwrap();
    let words = [
        file.as_str(),
        "3-2-3, 3-2-4 are covered by both A and B",
        "covered by none",
    ];
    fails(&shop, FailureKind::Usage, &words).await;
    std::fs::write(&table, "segments = 3").unwrap();
    fails(&shop, FailureKind::Usage, &["it is not a segment table"]).await;
}

#[tokio::test]
async fn a_fusion_table_that_is_wrong() {
    let mut shop = Shop::of_csv(&sixty_users());
    let table = shop.folder.path().join("fusion.toml");
    shop.settings.fusion_rules = Some(table.to_str().unwrap().to_owned());
    let text = "[[rules]]\nfused = \"X\"\nsegments = [\"Champions\"]\ntiers = [\"high\"]";
    std::fs::write(&table, text).unwrap();
    fails(
        &shop,
        FailureKind::Usage,
        &["Champions-low", "covered by none"],
    )
    .await;
}

#[tokio::test]
async fn an_rfm_model_that_is_missing_or_something_else() {
    let mut shop = Shop::of_csv(&sixty_users());
    shop.settings.rfm_model = Some("/no/such/rfm_model.json".to_owned());
    let words = ["/no/such/rfm_model.json", "no such file"];
    fails(&shop, FailureKind::Usage, &words).await;
    let file = shop.folder.path().join("other.json");
    std::fs::write(&file, "{\"format\": \"other\", \"version\": 1}").unwrap();
    shop.settings.rfm_model = Some(file.to_str().unwrap().to_owned());
    let words = [
        "other.json",
        "format \"other\"",
        "rfm_model.json of an earlier run",
    ];
    fails(&shop, FailureKind::Usage, &words).await;
}
