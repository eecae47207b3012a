//! Which rows are used, which are not, and why: given lines, expected rows.

use data::DataError;

use crate::support::{Bench, events, mapped};

/// The columns of the event log that a row needs.
const HEADER: &str = "event_time,event_type,user_id,product_id,order_id,quantity,unit_price\n";

/// The event log in its own columns, all ids integers.
fn integers() -> String {
    let (_, text) = data::BUILT_IN_MAPPINGS
        .iter()
        .find(|(name, _)| *name == "events")
        .unwrap();
    ["user_id", "product_id", "order_id"]
        .iter()
        .fold((*text).to_owned(), |text, id| {
            text.replace(
                &format!("\"{id}\""),
                &format!("\"try_cast({id} as bigint)\""),
            )
        })
}

async fn reasons(lines: &[&str]) -> Vec<String> {
    let bench = Bench::new().await;
    let file = bench.file("a.csv", format!("{HEADER}{}", lines.join("\n")));
    let mapping = bench.file("integers.toml", integers());
    let mut params = mapped(&[&file], &mapping);
    params.max_invalid = 1.0;
    bench.stage(&params).await.unwrap();
    bench
        .rows("select line, reason from rejected order by line")
        .await
}

#[tokio::test]
async fn every_rule_has_its_reason() {
    let good = "2025-01-01 00:00:00,view,1,2,3,1,9.99";
    let rejected = reasons(&[
        good,
        ",view,1,2,3,1,9.99",
        "soon,view,1,2,3,1,9.99",
        "2025-01-01,,1,2,3,1,9.99",
        "2025-01-01,looked,1,2,3,1,9.99",
        "2025-01-01,view,1,,3,1,9.99",
        "2025-01-01,view,1,x,3,1,9.99",
        "2025-01-01,view,x,2,3,1,9.99",
        "2025-01-01,view,1,2,x,1,9.99",
        "2025-01-01,view,1,2,3,many,9.99",
        "2025-01-01,purchase,1,2,3,,9.99",
        "2025-01-01,purchase,1,2,3,-1,9.99",
        "2025-01-01,purchase,1,2,3,0,9.99",
        "2025-01-01,view,1,2,3,1,dear",
        "2025-01-01,return,1,2,3,1,",
        "2025-01-01,purchase,1,2,3,1,-0.01",
        "2025-01-01,view,1,2,3,1",
        "2025-01-01,view,1,2,3,1,9.99,more",
    ])
    .await;
    assert_eq!(
        rejected,
        [
            "3 | missing_event_time",
            "4 | bad_event_time",
            "5 | missing_event_type",
            "6 | unknown_event_type",
            "7 | missing_product",
            "8 | bad_product",
            "9 | bad_user",
            "10 | bad_order",
            "11 | bad_quantity",
            "12 | missing_quantity",
            "13 | negative_quantity",
            "14 | zero_quantity",
            "15 | bad_price",
            "16 | missing_price",
            "17 | negative_price",
            "18 | truncated_line",
            "19 | too_many_fields",
        ]
    );
}

#[tokio::test]
async fn a_score_is_a_number_within_a_million_millions() {
    let header = HEADER.replace('\n', ",score\n");
    let scores = [
        "NaN",
        "-nan",
        "inf",
        "-Infinity",
        "1e13",
        "-1000000000001",
        "1e400",
        "good",
        "1e12",
        "-1e12",
        "0",
        "-0.5",
        "",
        "1e-400",
    ];
    let line = |score: &&str| format!("2025-01-01,view,1,2,3,1,9.99,{score}\n");
    let lines: String = scores.iter().map(line).collect();
    let bench = Bench::new().await;
    let file = bench.file("a.csv", format!("{header}{lines}"));
    let mut params = events(&[&file]);
    params.max_invalid = 1.0;
    let account = bench.stage(&params).await.unwrap().account;
    let bad: Vec<String> = (2..=9).map(|line| format!("{line} | bad_score")).collect();
    let rejected = "select line, reason from rejected order by line";
    assert_eq!(bench.rows(rejected).await, bad);
    assert_eq!((account.used, account.missing["score"]), (6, 1));
    let kept = "select score from events where score is not null order by score";
    let kept = bench.rows(kept).await;
    assert_eq!(
        kept,
        ["-1000000000000.0", "-0.5", "0.0", "0.0", "1000000000000.0"]
    );
}

#[tokio::test]
async fn a_score_of_parquet_that_is_no_number_is_bad() {
    for kind in ["double", "float"] {
        let bench = Bench::new().await;
        let query = format!(
            "select cast('2025-01-01' as timestamp) as event_time, 'view' as event_type, \
             1 as user_id, column1 as product_id, 1 as order_id, 1 as quantity, \
             1.5 as unit_price, cast(column2 as {kind}) as score \
             from (values (1, 'NaN'), (2, '-NaN'), (3, 'inf'), (4, '-inf'), (5, '2e12'), \
             (6, '4.5'), (7, null))"
        );
        let url = bench.path("in/");
        let made = bench.engine.materialise("made", &query, &[], &url).await;
        assert_eq!(made.unwrap().rows, 7);
        let mut params = events(&[&url]);
        params.max_invalid = 1.0;
        let account = bench.stage(&params).await.unwrap().account;
        assert_eq!(account.quarantined["bad_score"], 5, "{kind}");
        let used = "select product_id, score from events order by product_id";
        assert_eq!(bench.rows(used).await, ["6 | 4.5", "7 | "], "{kind}");
    }
}

#[tokio::test]
async fn what_may_be_missing_is_not_held_against_a_row() {
    let bench = Bench::new().await;
    let file = bench.file(
        "a.csv",
        format!(
            "{HEADER}2025-01-01 10:00:00,view,,2,,,\n2025-01-01 11:00:00+01:00,cart,1,2,3,4,0\n\n"
        ),
    );
    let staged = bench.stage(&events(&[&file])).await.unwrap();
    assert_eq!((staged.account.rows_read, staged.account.used), (2, 2));
    assert_eq!(
        (staged.account.anonymous, staged.account.zero_price),
        (1, 1)
    );
    let query = "select event_time, event_type, user_id, product_id, order_id, quantity, unit_price \
                 from events order by user_id";
    assert_eq!(
        bench.rows(query).await,
        [
            "2025-01-01T10:00:00Z | cart | 1 | 2 | 3 | 4 | 0.0000",
            "2025-01-01T10:00:00Z | view |  | 2 |  | 1 | ",
        ]
    );
}

#[tokio::test]
async fn the_quarantine_shows_the_line_or_the_row_as_json() {
    let bench = Bench::new().await;
    let text = format!("{HEADER}\"2025\n01\",view,\"a \"\"b\"\" \\c\",2,,1,9.99\n2025-01-01,vi\n");
    let file = bench.file("a.csv", text);
    let mut params = mapped(&[&file], "events");
    params.max_invalid = 1.0;
    let account = bench.stage(&params).await.unwrap().account;
    let row = &account.examples["bad_event_time"];
    let json: serde_json::Value = serde_json::from_str(&row.text).unwrap();
    assert_eq!((row.line, &json["event_time"]), (2, &"2025\n01".into()));
    assert_eq!(
        (&json["user_id"], &json["order_id"]),
        (&"a \"b\" \\c".into(), &().into())
    );
    let line = &account.examples["truncated_line"];
    assert_eq!((line.line, line.text.as_str()), (4, "2025-01-01,vi"));
    let rejected = bench
        .rows("select file, line, reason, raw from rejected order by line")
        .await;
    assert_eq!(
        rejected[1],
        format!("{} | 4 | truncated_line | 2025-01-01,vi", line.file)
    );
    assert!(line.file.starts_with("file:///") && line.file.ends_with("/a.csv"));
}

#[tokio::test]
async fn of_equal_rows_one_is_used_when_the_mapping_says_so() {
    let row = "2019-10-01 00:00:00 UTC,view,1,2,,a,35.79,7,s";
    let other = "2019-10-01 00:00:00 UTC,view,1,2,,a,35.790,7,s";
    let header = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,\
                  user_session";
    let bench = Bench::new().await;
    let one = bench.file(
        "1.csv",
        format!("{header}\n{row}\n{row}\nx,view\nx,view\n{other}\n"),
    );
    let two = bench.file("2.csv", format!("{header}\n{row}"));
    let mut params = events(&[&one, &two]);
    params.max_invalid = 0.5;
    let account = bench.stage(&params).await.unwrap().account;
    assert_eq!(
        (account.rows_read, account.used, account.duplicates),
        (6, 2, 2)
    );
    assert_eq!(account.quarantined["truncated_line"], 2);
    assert_eq!(account.events["view"], 4);
    assert_eq!(bench.rows("select count(*) from events").await, ["2"]);
}

#[tokio::test]
async fn too_many_unusable_rows_are_an_error_with_reasons_and_examples() {
    let bench = Bench::new().await;
    let good = "2025-01-01,view,1,2,3,1,9.99\n";
    let bad = "then,view,1,2,3,1,9.99\n";
    let file = bench.file("a.csv", format!("{HEADER}{}{bad}{bad}x\n", good.repeat(9)));
    let mut params = events(&[&file]);
    params.max_invalid = 0.25;
    bench.stage(&params).await.unwrap();
    params.max_invalid = 0.24;
    let error = bench.stage(&params).await.unwrap_err();
    assert!(matches!(
        error,
        DataError::TooManyInvalid {
            quarantined: 3,
            rows_read: 12,
            ..
        }
    ));
    let told = error.to_string();
    for part in [
        "25.0 %",
        "24.0 %",
        "bad_event_time (2 rows, as in line 11",
        "truncated_line (1",
    ] {
        assert!(told.contains(part), "{told}");
    }
    assert_eq!(bench.check(&params).await.unwrap().quarantined_rows(), 3);
}

#[tokio::test]
async fn cancelled_invoices_are_returns_and_other_negative_quantities_are_not() {
    let header =
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
    let lines = [
        "536365,85123A,\"LANTERN, WHITE\",6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom",
        "536365,85123A,\"LANTERN, WHITE\",6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom",
        "C536379,D,Discount,-1,2010-12-01 09:41:00,27.50,14527.0,France",
        "536589,21777,,-10,2010-12-01 16:50:00,0.0,,United Kingdom",
        "C536380,22632,odd,3,2010-12-01 09:41:00,1,14527.0,France",
        "A563187,B,Adjust bad debt,1,2011-08-12 14:51:00,-11062.06,,United Kingdom",
        "536370,22728,CLOCK,1,2010-12-01 08:45:00,0,12583.5,France",
    ];
    let bench = Bench::new().await;
    let file = bench.file("a.csv", format!("{header}\n{}\n", lines.join("\n")));
    let mut params = events(&[&file]);
    params.max_invalid = 1.0;
    let account = bench.check(&params).await.unwrap();
    let query = "select event_type, user_id, product_id, order_id, quantity, unit_price from events \
                 order by event_time";
    assert_eq!(
        bench.rows(query).await,
        [
            "purchase | 17850 | 85123A | 536365 | 6 | 2.5500",
            "purchase | 17850 | 85123A | 536365 | 6 | 2.5500",
            "return | 14527 | D | C536379 | 1 | 27.5000",
        ]
    );
    assert_eq!(
        bench
            .rows("select line, reason from rejected order by line")
            .await,
        [
            "5 | negative_quantity",
            "6 | negative_quantity",
            "7 | negative_price",
            "8 | bad_user"
        ]
    );
    assert_eq!((account.duplicates_kept, account.anonymous), (Some(1), 2));
    assert_eq!(account.distinct["Country"], 2);
}
