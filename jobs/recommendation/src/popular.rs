//! What most customers like: the list for those of whom nothing is known.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;

use crate::ids::{IdMap, ItemIndex};
use crate::interactions::PairTable;
use crate::outcome::PopularProduct;
use crate::products::{About, Products};
use crate::segments::Labels;

/// Products per list.
pub(crate) const LIST_LENGTH: usize = 100;
/// Products shown in the report.
const SHOWN: usize = 10;
/// The segment of the list of the whole shop.
pub(crate) const WHOLE_SHOP: &str = "";

/// Customers with a positive score, per item.
pub(crate) fn users_per_item(pairs: &PairTable) -> Vec<u32> {
    let mut users = vec![0; pairs.items.len()];
    for pair in pairs.pairs.iter().filter(|pair| pair.score > 0.0) {
        users[pair.item as usize] += 1;
    }
    users
}

/// The items with the largest counts above 0, at most `n`, equal ones by index.
pub(crate) fn largest(counts: &[u32], n: usize) -> Vec<ItemIndex> {
    let mut items: Vec<ItemIndex> = (0..counts.len() as u32)
        .filter(|item| counts[*item as usize] > 0)
        .collect();
    items.sort_unstable_by_key(|item| (std::cmp::Reverse(counts[*item as usize]), *item));
    items.truncate(n);
    items
}

/// The most popular products, with what is known of them, for people to read.
pub(crate) fn top(counts: &[u32], items: &IdMap, about: &Products) -> Vec<PopularProduct> {
    let product = |item: ItemIndex| {
        let product_id = items.text(item);
        let About { category, brand } = about.about(&product_id);
        PopularProduct {
            product_id,
            category,
            brand,
            n_users: u64::from(counts[item as usize]),
        }
    };
    largest(counts, SHOWN).into_iter().map(product).collect()
}

/// `popular_products.parquet`: the list of the whole shop, by the customers that like each item, then
/// those of the segments.
pub(crate) fn table(
    pairs: &PairTable,
    n_users: &[u32],
    segments: Option<&Labels>,
) -> Result<RecordBatch, ArrowError> {
    let mut lists = vec![(WHOLE_SHOP, Cow::Borrowed(n_users))];
    if let Some(labels) = segments {
        let n_items = pairs.items.len();
        let mut counts = vec![vec![0_u32; n_items]; labels.names.len()];
        for pair in pairs.pairs.iter().filter(|pair| pair.score > 0.0) {
            if let Some(label) = labels.of_user[pair.user as usize] {
                counts[label as usize][pair.item as usize] += 1;
            }
        }
        let counts = counts.into_iter().map(Cow::Owned);
        lists.extend(labels.names.iter().map(String::as_str).zip(counts));
    }
    let (mut names, mut ranks, mut items, mut users) = (vec![], vec![], vec![], vec![]);
    for (name, counts) in &lists {
        for (rank, item) in (1..).zip(largest(counts, LIST_LENGTH)) {
            names.push(*name);
            ranks.push(rank);
            items.push(item);
            users.push(i64::from(counts[item as usize]));
        }
    }
    let ids = take(pairs.items.array(), &UInt32Array::from(items), None)?;
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("segment", Arc::new(StringArray::from(names))),
        ("rank", Arc::new(Int32Array::from(ranks))),
        ("product_id", ids),
        ("n_users", Arc::new(Int64Array::from(users))),
    ];
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, column)| Field::new(*name, column.data_type().clone(), false))
        .collect();
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}
