use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use engine::QueryResult;

use super::sample::{Habits, customers, feature_rows};
use super::*;

fn habits(id: i64) -> Habits {
    Habits {
        id,
        n_orders: id % 5,
        net_revenue: 10 * id,
        ..Habits::default()
    }
}

#[test]
fn customers_are_sorted_whatever_the_order_and_the_batches() {
    let forward = feature_rows(&(0..50).map(habits).collect::<Vec<_>>());
    let mut backward = feature_rows(&(0..50).rev().map(habits).collect::<Vec<_>>());
    let whole = backward.batches.remove(0);
    backward.batches = (0..5).map(|part| whole.slice(part * 10, 10)).collect();
    let one = Customers::from_result(forward).unwrap();
    let other = Customers::from_result(backward).unwrap();
    assert_eq!(one, other);
    let ids: Vec<i64> = one.ids().as_primitive::<Int64Type>().values().to_vec();
    assert_eq!(ids, (0..50).collect::<Vec<_>>());
    assert_eq!(one.money("net_revenue").unwrap()[7].to_string(), "70.0000");
}

#[test]
fn an_empty_table_keeps_its_columns() {
    let mut features = feature_rows(&[]);
    features.batches.clear();
    let n_columns = features.schema.fields().len();
    let empty = Customers::from_result(features).unwrap();
    assert!(empty.is_empty());
    assert_eq!(empty.batch().num_columns(), n_columns);
}

#[test]
fn every_behaviour_column_is_a_number_of_the_table() {
    let customers = customers(&[habits(1)]);
    for column in BehaviourColumn::ALL {
        assert_eq!(
            customers.floats(column.name).unwrap().len(),
            1,
            "{}",
            column.name
        );
    }
}

#[test]
fn a_missing_column_is_an_error_that_names_it() {
    let features = feature_rows(&[habits(1)]);
    let names = features
        .schema
        .fields()
        .iter()
        .map(|field| field.name().as_str());
    let kept: Vec<usize> = names
        .enumerate()
        .filter(|(_, n)| *n != "units")
        .map(|(i, _)| i)
        .collect();
    let batch = features.batches[0].project(&kept).unwrap();
    let without = QueryResult {
        schema: batch.schema(),
        batches: vec![batch],
    };
    let error = Customers::from_result(without).unwrap_err();
    assert!(error.to_string().contains("units"), "{error}");
}
