//! Rows that are kept for later.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, RecordBatch, UInt32Array, new_null_array,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::{filter, take};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;

/// A batch without the room of what is not there: amounts, say, which few events have.
#[derive(Debug)]
pub(super) struct Held {
    schema: SchemaRef,
    rows: usize,
    columns: Vec<Column>,
}

#[derive(Debug)]
enum Column {
    /// As it came.
    Full(ArrayRef),
    /// Mostly null: the values that are not, and where they stand.
    Sparse { values: ArrayRef, nulls: NullBuffer },
}

impl Held {
    pub(super) fn new(batch: &RecordBatch) -> Result<Self, ArrowError> {
        let columns: Result<Vec<Column>, ArrowError> =
            batch.columns().iter().map(Column::new).collect();
        Ok(Self {
            schema: batch.schema(),
            rows: batch.num_rows(),
            columns: columns?,
        })
    }

    pub(super) fn num_rows(&self) -> usize {
        self.rows
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.columns.iter().map(Column::bytes).sum()
    }

    /// The batch as it came.
    pub(super) fn batch(&self) -> Result<RecordBatch, ArrowError> {
        let columns: Result<Vec<ArrayRef>, ArrowError> =
            self.columns.iter().map(Column::array).collect();
        RecordBatch::try_new(Arc::clone(&self.schema), columns?)
    }
}

impl Column {
    fn new(array: &ArrayRef) -> Result<Self, ArrowError> {
        let fixed = array.data_type().primitive_width().is_some();
        match array.nulls() {
            Some(nulls) if fixed && 2 * nulls.null_count() > array.len() => {
                let there = BooleanArray::new(nulls.inner().clone(), None);
                Ok(Self::Sparse {
                    values: filter(array, &there)?,
                    nulls: nulls.clone(),
                })
            }
            _ => Ok(Self::Full(Arc::clone(array))),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Full(array) => array.get_array_memory_size(),
            Self::Sparse { values, nulls } => {
                values.get_array_memory_size() + nulls.buffer().capacity()
            }
        }
    }

    fn array(&self) -> Result<ArrayRef, ArrowError> {
        match self {
            Self::Full(array) => Ok(Arc::clone(array)),
            Self::Sparse { values, nulls } if values.is_empty() => {
                Ok(new_null_array(values.data_type(), nulls.len()))
            }
            Self::Sparse { values, nulls } => {
                let mut places = vec![0; nulls.len()];
                for (value, row) in (0..).zip(nulls.valid_indices()) {
                    places[row] = value;
                }
                let places = UInt32Array::new(places.into(), Some(nulls.clone()));
                take(values, &places, None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Decimal128Array, Int64Array, StringArray};

    use super::*;

    #[test]
    fn a_batch_comes_back_as_it_was_and_holds_less_when_little_is_there() {
        let batch = |one_in: i64| {
            let there = |n: i64| (one_in > 0 && n % one_in == 1).then_some(n);
            let decimals = (0..1_000).map(|n| there(n).map(i128::from));
            let decimals = Decimal128Array::from_iter(decimals)
                .with_data_type(datafusion::arrow::datatypes::DataType::Decimal128(38, 4));
            let columns: Vec<(&str, ArrayRef)> = vec![
                ("full", Arc::new(Int64Array::from_iter_values(0..1_000))),
                (
                    "integers",
                    Arc::new((0..1_000).map(there).collect::<Int64Array>()),
                ),
                ("decimals", Arc::new(decimals)),
                (
                    "words",
                    Arc::new(StringArray::from_iter(
                        (0..1_000).map(|n| there(n).map(|n| n.to_string())),
                    )),
                ),
            ];
            RecordBatch::try_from_iter_with_nullable(
                columns.into_iter().map(|(name, array)| (name, array, true)),
            )
            .unwrap()
        };
        for (one_in, less) in [(0, true), (1_000, true), (7, true), (2, false)] {
            for batch in [batch(one_in), batch(one_in).slice(13, 501)] {
                let held = Held::new(&batch).unwrap();
                assert_eq!(held.batch().unwrap(), batch, "one in {one_in}");
                assert_eq!(held.num_rows(), batch.num_rows());
                let before = batch.get_array_memory_size();
                assert_eq!(held.bytes() < before, less, "one in {one_in}");
            }
        }
    }
}
