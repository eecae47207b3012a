use algorithms::als::{Als, Factors};
use algorithms::topn::TopN;
use arrow::array::{AsArray, Int64Array, StringArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{Float32Type, Int32Type};
use ndarray::Array2;

use super::lists::{batch, lists, schema};
use crate::IdMap;
use crate::interactions::{Pair, PairTable};

/// Customers `u0000`… who have each seen one product, and a model of them; the second customer has
/// zero factors.
fn shop(n_users: usize, n_items: usize) -> (PairTable, Als) {
    let users = (0..n_users).map(|user| format!("u{user:04}"));
    let users = IdMap::from_sorted(&StringArray::from_iter_values(users)).unwrap();
    let items = Int64Array::from_iter_values((0..n_items as i64).map(|item| item * 10));
    let items = IdMap::from_sorted(&items).unwrap();
    let pair = |user: usize| Pair {
        user: user as u32,
        item: (user % n_items) as u32,
        score: 1.0,
        fold: None,
        last_event_at: 0,
    };
    let pairs = PairTable {
        users,
        items,
        pairs: (0..n_users).map(pair).collect(),
    };
    let values = |n: usize, seed: usize| {
        Array2::from_shape_fn((n, 3), |(row, factor)| {
            ((row * 7 + factor * 3 + seed) % 11) as f32 - 5.0
        })
    };
    let mut of_users = values(n_users, 1);
    of_users.row_mut(1).fill(0.0);
    let factors = |vectors| Factors {
        vectors,
        biases: None,
    };
    let model = Als {
        users: factors(of_users),
        items: factors(values(n_items, 4)),
        global_mean: 0.0,
    };
    (pairs, model)
}

#[test]
fn lists_made_in_blocks_are_those_of_all_customers_at_once() {
    let (pairs, model) = shop(4100, 13);
    let seen: Vec<[u32; 1]> = pairs.pairs.iter().map(|pair| [pair.item]).collect();
    let seen = |user: usize| seen[user].as_slice();
    let top = TopN::new(&model.items, 0.0, None).unwrap();
    let mut whole = model.top_n(5, seen).unwrap();
    whole[1].clear();
    let mut found = lists(&top, &model.users, 0, seen, 5).unwrap();
    assert_eq!(found.len(), 4096);
    found.extend(lists(&top, &model.users, 4096, seen, 5).unwrap());
    assert_eq!(found, whole);

    let schema = schema(&pairs);
    let blocks: Vec<_> = [(0, &whole[..4096]), (4096, &whole[4096..])]
        .map(|(first, lists)| batch(&schema, &pairs, first, lists).unwrap())
        .into();
    let table = concat_batches(&schema, &blocks).unwrap();
    assert_eq!(table.num_rows(), 4099 * 5);
    let last = table.num_rows() - 1;
    assert_eq!(table.column(0).as_string::<i32>().value(5), "u0002");
    assert_eq!(table.column(0).as_string::<i32>().value(last), "u4099");
    assert_eq!(table.column(1).as_primitive::<Int32Type>().value(last), 5);
    let scores = table.column(3).as_primitive::<Float32Type>();
    assert_eq!(scores.value(last), whole[4099][4].score);
}
