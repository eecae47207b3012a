//! What an expression may say.

use super::expression::ExpressionError;
use super::{Expression, nearest, row_json};
use datafusion::arrow::datatypes::{DataType, Field};

fn columns() -> Vec<String> {
    [
        "Day",
        "customer",
        "CUSTOMER",
        "Item No",
        "catalogue.brand",
        "say \"x\"",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn read(text: &str) -> Result<Expression, ExpressionError> {
    Expression::read(text, &columns())
}

#[test]
fn names_become_exact_and_everything_else_stays() {
    for (text, sql, named) in [
        ("day", "\"Day\"", vec!["Day"]),
        ("'Day'", "'Day'", vec![]),
        ("1.50", "1.50", vec![]),
        (
            "CASE WHEN Day > 'x' THEN -try_cast(\"Item No\" AS bigint) END",
            "CASE WHEN \"Day\" > 'x' THEN -TRY_CAST(\"Item No\" AS BIGINT) END",
            vec!["Day", "Item No"],
        ),
        (
            "Catalogue.Brand",
            "\"catalogue.brand\"",
            vec!["catalogue.brand"],
        ),
        ("concat(Day, DAY)", "concat(\"Day\", \"Day\")", vec!["Day"]),
        ("\"say \"\"x\"\"\"", "\"say \"\"x\"\"\"", vec!["say \"x\""]),
        ("customer", "\"customer\"", vec!["customer"]),
    ] {
        let expression = read(text).unwrap();
        assert_eq!(
            (expression.sql.as_str(), expression.columns),
            (sql, named.into_iter().map(str::to_owned).collect())
        );
    }
}

#[test]
fn a_name_that_could_be_two_columns_is_none() {
    assert_eq!(
        read("Customer"),
        Err(ExpressionError::Absent("Customer".to_owned()))
    );
    assert_eq!(
        read("\"day\""),
        Err(ExpressionError::Absent("day".to_owned()))
    );
    assert_eq!(
        read("shop.Day"),
        Err(ExpressionError::Absent("shop.Day".to_owned()))
    );
}

#[test]
fn nulls_on_purpose_are_known() {
    assert!(read("nullif(Day, '0')").unwrap().nulls_on_purpose);
    assert!(
        read("case when Day = '0' then null else Day end")
            .unwrap()
            .nulls_on_purpose
    );
    assert!(!read("try_cast(Day as bigint)").unwrap().nulls_on_purpose);
}

#[test]
fn only_one_expression_without_queries_is_one() {
    for text in [
        "",
        "Day Day",
        "Day; drop table x",
        "(select 1)",
        "Day in (select 1)",
        "Day -- x\n,",
    ] {
        assert!(
            matches!(read(text), Err(ExpressionError::Invalid(_))),
            "{text}: {:?}",
            read(text)
        );
    }
}

#[test]
fn the_nearest_name_is_found_when_there_is_one_near() {
    let names = ["CustomerID", "InvoiceNo", "Country"].map(str::to_owned);
    assert_eq!(nearest("customer_id", &names), Some("CustomerID"));
    assert_eq!(nearest("Contry", &names), Some("Country"));
    assert_eq!(nearest("price", &names), None);
}

#[test]
fn a_row_is_written_as_json_column_by_column() {
    let fields = [
        Field::new("it's", DataType::Utf8, true),
        Field::new("n", DataType::Int64, true),
    ];
    let sql = row_json(&fields);
    assert!(
        sql.starts_with("concat('{', '\"it''s\":', coalesce('\"' || replace("),
        "{sql}"
    );
    assert!(
        sql.ends_with("',\"n\":', coalesce(arrow_cast(src_1, 'Utf8'), 'null'), '}')"),
        "{sql}"
    );
}
