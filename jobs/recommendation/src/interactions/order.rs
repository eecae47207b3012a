//! Pairs in the order of their ids.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, MutableArrayData, PrimitiveArray, RecordBatch,
    downcast_primitive, make_array,
};
use arrow::compute::{SortColumn, lexsort_to_indices, take};
use arrow::datatypes::{DataType, FieldRef, Int64Type};
use arrow::error::ArrowError;
use engine::QueryResult;
use rayon::prelude::*;

const USER_ID: &str = "user_id";
const PRODUCT_ID: &str = "product_id";

/// Rows of one user side by side in a batch.
struct Run {
    batch: usize,
    rows: Range<usize>,
}

/// The pairs sorted by user and product, as one batch.
///
/// The query gives the pairs of a user side by side in the order of products, so that it is enough
/// to put users in order and to copy their rows once. Should rows come otherwise, they are sorted
/// one by one.
pub(super) fn in_order(pairs: QueryResult) -> Result<QueryResult, ArrowError> {
    let schema = Arc::clone(&pairs.schema);
    let (user, product) = (schema.index_of(USER_ID)?, schema.index_of(PRODUCT_ID)?);
    let runs = runs(&pairs.batches, user)?;
    let columns = copied(pairs, &runs)?;
    let columns = if is_sorted(&columns[user], &columns[product])? {
        columns
    } else {
        sorted(columns, user, product)?
    };
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
    Ok(QueryResult {
        schema,
        batches: vec![batch],
    })
}

/// The runs of all users in the order of users; runs of one user stay in the order they came in.
fn runs(batches: &[RecordBatch], user: usize) -> Result<Vec<Run>, ArrowError> {
    let mut runs = Vec::new();
    for (batch, rows) in batches.iter().enumerate() {
        if rows.num_rows() == 0 {
            continue;
        }
        let ranges = arrow::compute::partition(&[Arc::clone(rows.column(user))])?.ranges();
        runs.extend(ranges.into_iter().map(|rows| Run { batch, rows }));
    }
    let users: Vec<&ArrayRef> = batches.iter().map(|batch| batch.column(user)).collect();
    if users.iter().all(|ids| ids.data_type() == &DataType::Int64) {
        let users: Vec<_> = users
            .iter()
            .map(|ids| ids.as_primitive::<Int64Type>().values())
            .collect();
        return Ok(by_user(runs, |run| users[run.batch][run.rows.start]));
    }
    if users.iter().all(|ids| ids.data_type() == &DataType::Utf8) {
        let users: Vec<_> = users.iter().map(|ids| ids.as_string::<i32>()).collect();
        return Ok(by_user(runs, |run| users[run.batch].value(run.rows.start)));
    }
    Ok(runs)
}

/// Sorts runs by their users, which are looked up once.
fn by_user<T: Ord + Copy + Send>(runs: Vec<Run>, user: impl Fn(&Run) -> T) -> Vec<Run> {
    let mut runs: Vec<(T, Run)> = runs.into_iter().map(|run| (user(&run), run)).collect();
    runs.par_sort_by_key(|(user, _)| *user);
    runs.into_iter().map(|(_, run)| run).collect()
}

/// All columns with the rows in the order of the runs, several at the same time. A column of the
/// batches is let go of as soon as it is copied.
fn copied(pairs: QueryResult, runs: &[Run]) -> Result<Vec<ArrayRef>, ArrowError> {
    let schema = Arc::clone(&pairs.schema);
    let rows = runs.iter().map(|run| run.rows.len()).sum();
    let columns: Vec<_> = pairs
        .into_columns()
        .into_iter()
        .zip(schema.fields())
        .collect();
    columns
        .into_par_iter()
        .map(|(source, field)| ordered(&source, field, runs, rows))
        .collect()
}

/// One column with the rows in the order of the runs.
fn ordered(
    source: &[ArrayRef],
    field: &FieldRef,
    runs: &[Run],
    rows: usize,
) -> Result<ArrayRef, ArrowError> {
    let nulls: usize = source.iter().map(|array| array.null_count()).sum();
    if nulls == rows {
        return Ok(arrow::array::new_null_array(field.data_type(), rows));
    }
    if nulls == 0 {
        macro_rules! numbers {
            ($kind:ty) => {
                Ok(Arc::new(numbers::<$kind>(source, runs, rows)))
            };
        }
        downcast_primitive! {
            field.data_type() => (numbers),
            _ => any(source, runs, rows),
        }
    } else {
        any(source, runs, rows)
    }
}

/// Numbers, none of them null.
fn numbers<T: ArrowPrimitiveType>(
    source: &[ArrayRef],
    runs: &[Run],
    rows: usize,
) -> PrimitiveArray<T> {
    let source: Vec<&PrimitiveArray<T>> = source.iter().map(AsArray::as_primitive).collect();
    let mut values = Vec::with_capacity(rows);
    for run in runs {
        values.extend_from_slice(&source[run.batch].values()[run.rows.clone()]);
    }
    let data_type = source.first().map(|array| array.data_type().clone());
    let values = PrimitiveArray::<T>::new(values.into(), None);
    values.with_data_type(data_type.unwrap_or(T::DATA_TYPE))
}

fn any(source: &[ArrayRef], runs: &[Run], rows: usize) -> Result<ArrayRef, ArrowError> {
    let data: Vec<_> = source.iter().map(|array| array.to_data()).collect();
    let mut copy = MutableArrayData::new(data.iter().collect(), false, rows);
    for run in runs {
        copy.try_extend(run.batch, run.rows.start, run.rows.end)?;
    }
    Ok(make_array(copy.freeze()))
}

/// Whether rows rise by user, then product.
fn is_sorted(users: &ArrayRef, products: &ArrayRef) -> Result<bool, ArrowError> {
    if let (Some(users), Some(products)) = (
        users.as_primitive_opt::<Int64Type>(),
        products.as_primitive_opt::<Int64Type>(),
    ) && users.null_count() + products.null_count() == 0
    {
        let (users, products) = (users.values(), products.values());
        let key = |row: usize| (users[row], products[row]);
        return Ok((1..users.len())
            .into_par_iter()
            .all(|row| key(row - 1) <= key(row)));
    }
    let follows = |one: &ArrayRef| -> Result<_, ArrowError> {
        arrow::array::make_comparator(one, one, arrow::compute::SortOptions::default())
    };
    let (user, product) = (follows(users)?, follows(products)?);
    Ok((1..users.len()).into_par_iter().all(|row| {
        user(row - 1, row)
            .then_with(|| product(row - 1, row))
            .is_le()
    }))
}

fn sorted(
    columns: Vec<ArrayRef>,
    user: usize,
    product: usize,
) -> Result<Vec<ArrayRef>, ArrowError> {
    let by = |place: usize| SortColumn {
        values: Arc::clone(&columns[place]),
        options: None,
    };
    let order = lexsort_to_indices(&[by(user), by(product)], None)?;
    columns
        .iter()
        .map(|column| take(column, &order, None))
        .collect()
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringArray};
    use arrow::datatypes::{Field, Schema};

    use super::*;

    fn pairs_in_order(users: &[&[&str]], products: &[&[i64]]) -> Vec<(String, i64)> {
        let schema = Arc::new(Schema::new(vec![
            Field::new(USER_ID, DataType::Utf8, true),
            Field::new(PRODUCT_ID, DataType::Int64, true),
        ]));
        let batch = |(users, products): (&&[&str], &&[i64])| {
            let users: ArrayRef = Arc::new(StringArray::from(users.to_vec()));
            let products: ArrayRef = Arc::new(Int64Array::from(products.to_vec()));
            RecordBatch::try_new(Arc::clone(&schema), vec![users, products]).unwrap()
        };
        let batches = users.iter().zip(products).map(batch).collect();
        let pairs = in_order(QueryResult {
            schema: Arc::clone(&schema),
            batches,
        });
        let batches = pairs.unwrap().batches;
        let [batch] = batches.as_slice() else {
            panic!("{} batches", batches.len())
        };
        let users = batch.column(0).as_string::<i32>().iter().flatten();
        let products = batch.column(1).as_primitive::<Int64Type>().values();
        users
            .map(str::to_owned)
            .zip(products.iter().copied())
            .collect()
    }

    fn expected(pairs: &[(&str, i64)]) -> Vec<(String, i64)> {
        pairs
            .iter()
            .map(|(user, product)| ((*user).to_owned(), *product))
            .collect()
    }

    #[test]
    fn users_are_put_in_order() {
        assert_eq!(
            pairs_in_order(
                &[&["b", "b", "a"], &[], &["c", "10"]],
                &[&[1, 2, 9], &[], &[5, 5]]
            ),
            expected(&[("10", 5), ("a", 9), ("b", 1), ("b", 2), ("c", 5)]),
        );
    }

    #[test]
    fn a_user_may_run_on_in_the_next_batch() {
        assert_eq!(
            pairs_in_order(&[&["b", "c"], &["c", "a"]], &[&[1, 2], &[3, 4]]),
            expected(&[("a", 4), ("b", 1), ("c", 2), ("c", 3)]),
        );
    }

    #[test]
    fn rows_in_any_order_are_sorted_one_by_one() {
        assert_eq!(
            pairs_in_order(&[&["b", "a", "b"], &["a"]], &[&[7, 2, 3], &[1]]),
            expected(&[("a", 1), ("a", 2), ("b", 3), ("b", 7)]),
        );
    }

    #[test]
    fn no_pairs_stay_none() {
        assert_eq!(pairs_in_order(&[], &[]), []);
    }
}
