//! The same events in every format.

use std::io::Write as _;

use data::simulate::{FileFormat, ShopParams, write_shop};

use crate::support::{Bench, events};

const ROWS: &str = "select event_time, event_type, user_id, product_id, order_id, quantity, \
                    unit_price, category_id, brand from events \
                    order by event_time, user_id, product_id, event_type, order_id";

#[tokio::test]
async fn csv_gzip_json_lines_and_parquet_give_the_same_events() {
    let csv = "event_time,event_type,user_id,product_id,order_id,quantity,unit_price,brand\n\
               2025-01-01 10:00:00,purchase,7,85123A,5,2,1.10,\"b,c\"\n\
               2025-01-01 11:00:00,view,,85124,,,,\n";
    let json = r#"{"event_time":"2025-01-01 10:00:00","event_type":"purchase","user_id":7,"product_id":"85123A","order_id":5,"quantity":2,"unit_price":1.10,"brand":"b,c"}
{"event_type":"view","event_time":"2025-01-01T11:00:00Z","product_id":85124}
"#;
    let bench = Bench::new().await;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(csv.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut seen = Vec::new();
    for file in [
        bench.file("a.csv", csv),
        bench.file("b.csv.gz", gzip),
        bench.file("c.jsonl", json),
        bench.file("d.csv", csv.replace(',', ";").replace("\"b;c\"", "b,c")),
    ] {
        let staged = bench.stage(&events(&[&file])).await.unwrap();
        assert_eq!(
            (staged.mapping.as_str(), staged.account.used),
            ("events", 2),
            "{file}"
        );
        seen.push(bench.rows(ROWS).await);
    }
    assert_eq!(
        seen[0][0],
        "2025-01-01T10:00:00Z | purchase | 7 | 85123A | 5 | 2 | 1.1000 |  | b,c"
    );
    assert!(seen.iter().all(|rows| *rows == seen[0]), "{seen:#?}");
}

#[tokio::test]
async fn a_simulated_shop_reads_alike_from_parquet_and_csv() {
    let bench = Bench::new().await;
    let params = ShopParams {
        events: 5_000,
        users: 200,
        products: 100,
        seed: 1,
        threads: Some(1),
    };
    let mut seen = Vec::new();
    for (format, folder) in [(FileFormat::Parquet, "parquet"), (FileFormat::Csv, "csv")] {
        let path = bench.folder.path().join(folder);
        write_shop(&params, format, &path, &|_| true).unwrap();
        let staged = bench
            .stage(&events(&[path.to_str().unwrap()]))
            .await
            .unwrap();
        assert_eq!(staged.mapping, "events");
        assert_eq!(
            staged.account.quarantined_rows(),
            0,
            "{:?}",
            staged.account.examples
        );
        assert!(staged.account.rows_read > 4_000);
        let types = "select arrow_typeof(user_id), arrow_typeof(product_id), \
                     arrow_typeof(order_id), arrow_typeof(unit_price), arrow_typeof(event_time) \
                     from events limit 1";
        seen.push((
            staged.account.clone(),
            bench.rows(types).await,
            bench.rows(ROWS).await,
        ));
    }
    seen[0].0.files = seen[1].0.files;
    assert_eq!(seen[0], seen[1]);
    assert_eq!(
        seen[0].1,
        ["Int64 | Int64 | Int64 | Decimal128(18, 4) | Timestamp(µs, \"UTC\")"]
    );
}

#[tokio::test]
async fn parquet_rows_are_judged_like_lines() {
    let bench = Bench::new().await;
    let query = "select cast(column1 as timestamp) as event_time, column2 as event_type, \
                 column3 as user_id, column4 as product_id, 1 as order_id, column5 as quantity, \
                 cast(column6 as double) as unit_price \
                 from (values ('2025-01-01', 'view', 1, 2, 3, 4.5), (null, 'view', 1, 2, 3, 4.5), \
                 ('2025-01-01', 'purchase', null, 2, -3, 4.5))";
    let url = bench.path("in/");
    bench
        .engine
        .materialise("made", query, &[], &url)
        .await
        .unwrap();
    let mut params = events(&[&url]);
    params.max_invalid = 1.0;
    let account = bench.check(&params).await.unwrap();
    assert_eq!(
        (account.rows_read, account.used, account.anonymous),
        (3, 1, 1)
    );
    let row = &account.examples["negative_quantity"];
    let json: serde_json::Value = serde_json::from_str(&row.text).unwrap();
    assert_eq!(
        (row.line, &json["quantity"], &json["user_id"]),
        (3, &(-3).into(), &().into())
    );
    assert_eq!(account.examples["missing_event_time"].line, 2);
    assert_eq!(
        bench.rows("select unit_price from events").await,
        ["4.5000"]
    );
}
