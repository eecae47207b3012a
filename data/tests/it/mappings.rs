//! Mappings: built in, one's own, wrong ones.

use data::BUILT_IN_MAPPINGS;

use crate::support::{Bench, events, mapped};

const OWN: &str = r#"
name = "own"
[source]
delimiter = ";"
[columns]
event_time = "parse_utc(Day)"
event_type = "case when amount < '0' then 'return' else 'purchase' end"
user_id = "try_cast(Customer as bigint)"
product_id = "\"Item No\""
unit_price = "replace(AMOUNT, ',', '.')"
"#;

const SALES: &str = "Day;Customer;Item No;Amount\n2025-01-01;7;A1;9,90\n2025-01-02;;A2;1,00\n";

async fn told(mapping: &str, text: &str) -> String {
    let bench = Bench::new().await;
    let mapping = bench.file("own.toml", mapping);
    let file = bench.file("sales.csv", text);
    bench
        .stage(&mapped(&[&file], &mapping))
        .await
        .unwrap_err()
        .to_string()
}

fn assert_tells(error: &str, parts: &[&str]) {
    for part in parts {
        assert!(error.contains(part), "{part:?} is not in: {error}");
    }
}

#[tokio::test]
async fn a_mapping_of_ones_own_finds_columns_whatever_their_case() {
    let bench = Bench::new().await;
    let mapping = bench.file("own.toml", OWN);
    let file = bench.file("sales.csv", SALES);
    let staged = bench.stage(&mapped(&[&file], &mapping)).await.unwrap();
    assert_eq!((staged.mapping.as_str(), staged.account.used), ("own", 2));
    let rows = "select event_type, user_id, product_id, quantity, unit_price, order_id from events \
                order by product_id";
    assert_eq!(
        bench.rows(rows).await,
        [
            "purchase | 7 | A1 | 1 | 9.9000 | ",
            "purchase |  | A2 | 1 | 1.0000 | "
        ]
    );
}

#[tokio::test]
async fn an_absent_column_is_named_with_the_nearest_one() {
    let error = told(
        &OWN.replace("try_cast(Customer", "try_cast(Custmer_ID"),
        SALES,
    )
    .await;
    assert_tells(
        &error,
        &[
            "own",
            "user_id",
            "Custmer_ID",
            "sales.csv",
            "Day, Customer, Item No, Amount",
            "did you mean Customer.",
        ],
    );
    // In double quotes the name must be exact.
    let error = told(&OWN.replace("Item No", "item no"), SALES).await;
    assert_tells(&error, &["product_id", "item no", "did you mean Item No."]);
}

#[tokio::test]
async fn a_file_that_lacks_a_column_the_others_have_is_named() {
    let bench = Bench::new().await;
    let mapping = bench.file("own.toml", OWN);
    let one = bench.file("1.csv", SALES);
    let two = bench.file("2.csv", "Customer;Day;Item No\n7;2025-01-01;A1\n");
    let error = bench
        .stage(&mapped(&[&one, &two], &mapping))
        .await
        .unwrap_err()
        .to_string();
    assert_tells(
        &error,
        &["Amount", "2.csv does not have", "Customer, Day, Item No"],
    );
    // An empty file lacks nothing.
    std::fs::write(bench.path("2.csv"), "").unwrap();
    assert_eq!(
        bench
            .stage(&mapped(&[&one, &two], &mapping))
            .await
            .unwrap()
            .account
            .used,
        2
    );
}

#[tokio::test]
async fn what_is_no_mapping_is_refused_with_its_place() {
    for (wrong, parts) in [
        (
            OWN.replace("user_id =", "usr_id ="),
            vec!["line 8", "unknown field `usr_id`", "user_id"],
        ),
        (
            OWN.replace("[columns]", "colour = 1\n[columns]"),
            vec!["line 5", "colour"],
        ),
        (OWN.replace("name = \"own\"", "name = "), vec!["line 2"]),
        (
            OWN.replace("\"parse_utc(Day)\"", "7"),
            vec!["event_time", "string"],
        ),
        (
            OWN.replace("event_time =", "#"),
            vec!["[columns] has no event_time"],
        ),
        (
            OWN.replace("\";\"", "\"--\""),
            vec!["delimiter", "one ASCII character"],
        ),
        (
            OWN.replace("parse_utc(Day)", "parse_utc(Day"),
            vec!["event_time", "not understood"],
        ),
        (
            OWN.replace("parse_utc(Day)", "parse_utc(Day) x"),
            vec!["event_time", "x follows"],
        ),
        (
            OWN.replace("parse_utc(Day)", "(select 1)"),
            vec!["event_time", "query inside"],
        ),
        (
            OWN.replace("parse_utc(Day)", "parse_date(Day)"),
            vec!["event_time", "parse_date"],
        ),
        (
            OWN.replace("parse_utc(Day)", "length(Day)"),
            vec!["event_time", "timestamp", "Int"],
        ),
        (
            OWN.replace("name", "profile = [\"Contry\"]\nname"),
            vec!["Contry"],
        ),
    ] {
        assert_tells(&told(&wrong, SALES).await, &parts);
    }
    let bench = Bench::new().await;
    let file = bench.file("a.csv", SALES);
    let error = bench
        .stage(&mapped(&[&file], "rees47"))
        .await
        .unwrap_err()
        .to_string();
    assert_tells(&error, &["rees47", "rees46-cosmetics", "TOML file"]);
}

#[tokio::test]
async fn without_a_mapping_the_columns_decide_and_otherwise_it_is_said_what_was_tried() {
    let bench = Bench::new().await;
    let file = bench.file("a.csv", SALES);
    let error = bench
        .stage(&events(&[&file]))
        .await
        .unwrap_err()
        .to_string();
    assert_tells(
        &error,
        &[
            "a.csv",
            "Day, Customer, Item No, Amount",
            "rees46 (misses",
            "online-retail (misses",
        ],
    );
    assert_tells(&error, &["--mapping", "data/README.md"]);
}

#[tokio::test]
async fn a_catalogue_is_joined_by_its_fullest_row_and_must_be_there() {
    let bench = Bench::new().await;
    let text = "event_time,event_type,product_id,price,user_id,user_session\n\
                2025-01-01 00:00:00 UTC,view,1,9.50,7,s\n\
                2025-01-01 00:00:01 UTC,view,2,9.50,7,s\n\
                2025-01-01 00:00:02 UTC,view,3,9.50,7,s\n";
    let catalogue = "product_id,category_id,category_code,brand\n\
                     1,5,,\n1,6,,b\n1,,,\n1,4,,c\n2,,,only\n";
    let file = bench.file("shop/data.csv", text);
    let error = bench
        .stage(&mapped(&[&file], "rees46-cosmetics"))
        .await
        .unwrap_err()
        .to_string();
    assert_tells(
        &error,
        &["the catalogue item.csv", "data.csv", "[catalogue]"],
    );
    bench.file("shop/item.csv", catalogue);
    let staged = bench.stage(&events(&[&bench.path("shop")])).await.unwrap();
    assert_eq!(
        (staged.mapping.as_str(), staged.account.used),
        ("rees46-cosmetics", 3)
    );
    let rows = "select product_id, category_id, brand from events order by product_id";
    assert_eq!(
        bench.rows(rows).await,
        ["1 | 4 | c", "2 |  | only", "3 |  | "]
    );
    assert_eq!(staged.account.missing["brand"], 1);
    let catalogue = staged.account.catalogue.unwrap();
    assert_eq!((catalogue.rows, catalogue.products), (5, 2));
}

#[test]
fn built_in_mappings_are_named_after_their_files() {
    let names: Vec<&str> = BUILT_IN_MAPPINGS.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        ["rees46", "rees46-cosmetics", "online-retail", "events"]
    );
    for (name, text) in BUILT_IN_MAPPINGS {
        assert!(text.contains(&format!("name = \"{name}\"")));
    }
}
