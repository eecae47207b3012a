//! The best products for every customer.

use std::sync::Arc;

use algorithms::als::{Als, Factors};
use algorithms::topn::{Recommendation, TopN, TopNError};
use arrow::array::{ArrayRef, Float32Array, Int32Array, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use ndarray::s;
use pipeline::{Failure, JobContext};

use crate::files::RECOMMENDATIONS;
use crate::ids::ItemIndex;
use crate::interactions::{PairTable, Seen};

/// Customers whose lists are made at a time.
const BLOCK_USERS: usize = 4096;

/// Makes and writes the `top_n` best products of every customer without those the customer has
/// seen; returns the number of rows. `on_block` is told the lists of the customers from `first` on,
/// block by block, in order.
///
/// A customer with zero factors, of whom only dislikes are known, has an empty list: all products
/// would be equally good.
///
/// Cost: `2 k` operations per customer and product, on all threads. Memory beside the model: a copy
/// of the product factors and the lists of one block, whatever the number of customers.
///
/// # Errors
///
/// Those of writing, and a cancellation.
pub(crate) async fn write_recommendations(
    context: &JobContext,
    model: &Arc<Als>,
    pairs: &Arc<PairTable>,
    seen: &Arc<Seen>,
    top_n: usize,
    mut on_block: impl FnMut(usize, &[Vec<Recommendation>]),
) -> Result<u64, Failure> {
    let schema = schema(pairs);
    let mut table = context
        .run
        .table_writer(RECOMMENDATIONS, Arc::clone(&schema))?;
    let top = {
        let model = Arc::clone(model);
        let pack = move || TopN::new(&model.items, model.global_mean, None);
        Arc::new(context.compute(pack).await?.map_err(Failure::internal)?)
    };
    for first in (0..pairs.users.len()).step_by(BLOCK_USERS) {
        let (top, model) = (Arc::clone(&top), Arc::clone(model));
        let (seen, pairs) = (Arc::clone(seen), Arc::clone(pairs));
        let schema = Arc::clone(&schema);
        let work = move || {
            let lists = lists(&top, &model.users, first, |user| seen.of(user), top_n)?;
            let batch = batch(&schema, &pairs, first, &lists)?;
            Ok::<_, ListError>((lists, batch))
        };
        let made = context.compute(work).await?;
        let (lists, batch) = made.map_err(Failure::internal)?;
        on_block(first, &lists);
        table.write(batch).await?;
    }
    Ok(table.finish().await?)
}

/// Why a block of lists could not be made; none of these can happen to factors of one model.
#[derive(Debug, thiserror::Error)]
pub(super) enum ListError {
    #[error("the recommendations cannot be made: {0}")]
    TopN(#[from] TopNError),
    #[error("the recommendations cannot be put into a table: {0}")]
    Arrow(#[from] ArrowError),
}

/// The lists of the customers of the block that begins with `first`.
pub(super) fn lists<'a>(
    top: &TopN,
    users: &Factors,
    first: usize,
    seen: impl Fn(usize) -> &'a [ItemIndex] + Sync,
    top_n: usize,
) -> Result<Vec<Vec<Recommendation>>, TopNError> {
    let last = users.len().min(first + BLOCK_USERS);
    let biases = users.biases.as_ref();
    let block = Factors {
        vectors: users.vectors.slice(s![first..last, ..]).to_owned(),
        biases: biases.map(|biases| biases[first..last].to_vec()),
    };
    let mut lists = top.of_users(&block, top_n, |user| seen(first + user))?;
    for (user, list) in lists.iter_mut().enumerate() {
        if is_blank(&block, user) {
            list.clear();
        }
    }
    Ok(lists)
}

fn is_blank(users: &Factors, user: usize) -> bool {
    users.bias(user) == 0.0 && users.vectors.row(user).iter().all(|value| *value == 0.0)
}

pub(super) fn schema(pairs: &PairTable) -> SchemaRef {
    let kind = |ids: &crate::IdMap| ids.array().data_type().clone();
    Arc::new(Schema::new(vec![
        Field::new("user_id", kind(&pairs.users), false),
        Field::new("rank", DataType::Int32, false),
        Field::new("product_id", kind(&pairs.items), false),
        Field::new("score", DataType::Float32, false),
    ]))
}

/// The lists of the customers from `first` on as rows.
pub(super) fn batch(
    schema: &SchemaRef,
    pairs: &PairTable,
    first: usize,
    lists: &[Vec<Recommendation>],
) -> Result<RecordBatch, ArrowError> {
    let rows = lists.iter().map(Vec::len).sum();
    let (mut users, mut ranks) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    let (mut items, mut scores) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    for (user, list) in (first as u32..).zip(lists) {
        for (rank, recommendation) in (1..).zip(list) {
            users.push(user);
            ranks.push(rank);
            items.push(recommendation.item);
            scores.push(recommendation.score);
        }
    }
    let columns: Vec<ArrayRef> = vec![
        take(pairs.users.array(), &UInt32Array::from(users), None)?,
        Arc::new(Int32Array::from(ranks)),
        take(pairs.items.array(), &UInt32Array::from(items), None)?,
        Arc::new(Float32Array::from(scores)),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns)
}
