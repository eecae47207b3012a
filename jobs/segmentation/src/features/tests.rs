use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::sample::{Habits, customers, feature_batch};
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
    let (schema, forward) = feature_batch(&(0..50).map(habits).collect::<Vec<_>>());
    let (_, backward) = feature_batch(&(0..50).rev().map(habits).collect::<Vec<_>>());
    let parts: Vec<_> = (0..5).map(|part| backward.slice(part * 10, 10)).collect();
    let one = Customers::from_batches(&schema, vec![forward]).unwrap();
    let other = Customers::from_batches(&schema, parts).unwrap();
    assert_eq!(one, other);
    let ids: Vec<i64> = one.ids().as_primitive::<Int64Type>().values().to_vec();
    assert_eq!(ids, (0..50).collect::<Vec<_>>());
    assert_eq!(one.money("net_revenue").unwrap()[7].to_string(), "70.0000");
}

#[test]
fn an_empty_table_keeps_its_columns() {
    let (schema, _) = feature_batch(&[]);
    let empty = Customers::from_batches(&schema, Vec::new()).unwrap();
    assert!(empty.is_empty());
    assert_eq!(empty.batch().num_columns(), schema.fields().len());
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
    let (_, batch) = feature_batch(&[habits(1)]);
    let names = batch
        .schema_ref()
        .fields()
        .iter()
        .map(|field| field.name().as_str());
    let kept: Vec<usize> = names
        .enumerate()
        .filter(|(_, n)| *n != "units")
        .map(|(i, _)| i)
        .collect();
    let batch = batch.project(&kept).unwrap();
    let error = Customers::from_batches(&batch.schema(), vec![batch]).unwrap_err();
    assert!(error.to_string().contains("units"), "{error}");
}
