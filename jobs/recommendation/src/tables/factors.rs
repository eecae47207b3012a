//! Factors of customers and products.

use std::sync::Arc;

use algorithms::als::{AlsValidParams, FactorRow, Factors, Feedback};
use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, Float32Array, Int64Array, RecordBatch,
};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, Float32Type, Int64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use artifacts::{RunReader, RunWriter};
use ndarray::{Array2, s};
use pipeline::Failure;

use crate::RecommendationModel;
use crate::files::ITEM_FACTORS;
use crate::ids::IdMap;
use crate::interactions::PairTable;
use crate::serving::ServingError;

/// Rows that are made at a time.
const BLOCK_ROWS: usize = 8192;

/// The factors of one side, as they are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorTable {
    /// Whose they are.
    pub ids: IdMap,
    /// One row per id.
    pub factors: Factors,
    /// Per product the customers with a positive score.
    pub n_users: Vec<u32>,
}

/// Writes the factors of customers with the number of products each was learned from; returns the
/// number of rows.
///
/// # Errors
///
/// Those of writing.
pub(crate) async fn write_users(
    run: &RunWriter,
    file: &str,
    pairs: &PairTable,
    factors: &Factors,
) -> Result<u64, Failure> {
    let mut n_products = vec![0; pairs.users.len()];
    for pair in &pairs.pairs {
        n_products[pair.user as usize] += 1;
    }
    let names = ["user_id", "n_products"];
    write(run, file, names, &pairs.users, factors, &n_products).await
}

/// Writes the factors of products with the number of customers that like each; returns the number
/// of rows.
///
/// # Errors
///
/// Those of writing.
pub(crate) async fn write_items(
    run: &RunWriter,
    file: &str,
    items: &IdMap,
    factors: &Factors,
    n_users: &[u32],
) -> Result<u64, Failure> {
    write(
        run,
        file,
        ["product_id", "n_users"],
        items,
        factors,
        n_users,
    )
    .await
}

async fn write(
    run: &RunWriter,
    file: &str,
    names: [&str; 2],
    ids: &IdMap,
    factors: &Factors,
    counts: &[u32],
) -> Result<u64, Failure> {
    let schema = schema(names, ids, factors.vectors.ncols());
    let mut table = run.table_writer(file, Arc::clone(&schema))?;
    for first in (0..ids.len()).step_by(BLOCK_ROWS) {
        let rows = BLOCK_ROWS.min(ids.len() - first);
        let block = block(&schema, ids, factors, counts, first, rows);
        table.write(block.map_err(Failure::internal)?).await?;
    }
    Ok(table.finish().await?)
}

fn schema([id, count]: [&str; 2], ids: &IdMap, n_factors: usize) -> SchemaRef {
    let factors = DataType::FixedSizeList(factor(), n_factors as i32);
    Arc::new(Schema::new(vec![
        Field::new(id, ids.array().data_type().clone(), false),
        Field::new(count, DataType::Int64, false),
        Field::new("bias", DataType::Float32, false),
        Field::new("factors", factors, false),
    ]))
}

fn factor() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Float32, false))
}

fn block(
    schema: &SchemaRef,
    ids: &IdMap,
    factors: &Factors,
    counts: &[u32],
    first: usize,
    rows: usize,
) -> Result<RecordBatch, ArrowError> {
    let block = first..first + rows;
    let vectors = factors.vectors.slice(s![block.clone(), ..]);
    let values = Float32Array::from_iter_values(vectors.iter().copied());
    let n_factors = factors.vectors.ncols() as i32;
    let vectors = FixedSizeListArray::try_new(factor(), n_factors, Arc::new(values), None)?;
    let biases = block.clone().map(|row| factors.bias(row));
    let counts = counts[block].iter().map(|count| i64::from(*count));
    let columns: Vec<ArrayRef> = vec![
        ids.array().slice(first, rows),
        Arc::new(Int64Array::from_iter_values(counts)),
        Arc::new(Float32Array::from_iter_values(biases)),
        Arc::new(vectors),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// Reads the product factors of a run, with biases when its model has them.
///
/// # Errors
///
/// [`ServingError`] when the run cannot be read or was written by another version. Cost: the whole
/// table.
pub async fn read_items(run: &RunReader) -> Result<FactorTable, ServingError> {
    let model = RecommendationModel::read(run).await?;
    read_item_table(run, &model.params).await
}

/// As [`read_items`], for a model that was read before.
pub(crate) async fn read_item_table(
    run: &RunReader,
    params: &AlsValidParams,
) -> Result<FactorTable, ServingError> {
    let (_, batches) = run.read_table(ITEM_FACTORS).await?;
    let columns = columns(ITEM_FACTORS, &batches)?;
    let rows = columns.ids.iter().map(|ids| ids.len()).sum();
    let mut values: Vec<f32> = Vec::with_capacity(rows * params.factors());
    let (mut biases, mut n_users) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    for batch in 0..columns.ids.len() {
        values.extend_from_slice(columns.values(batch, params.factors())?);
        biases.extend_from_slice(columns.biases[batch].values());
        let counts = columns.counts[batch].values().iter();
        n_users.extend(counts.map(|count| u32::try_from(*count).unwrap_or(u32::MAX)));
    }
    let content = |reason: String| ServingError::content(ITEM_FACTORS, reason);
    let vectors = Array2::from_shape_vec((rows, params.factors()), values)
        .map_err(|error| content(error.to_string()))?;
    let ids: Vec<&dyn Array> = columns.ids.iter().map(|ids| ids.as_ref()).collect();
    let ids = concat(&ids).map_err(|error| content(error.to_string()))?;
    let ids = IdMap::from_sorted(&ids).map_err(|error| content(error.to_string()))?;
    Ok(FactorTable {
        ids,
        factors: Factors {
            vectors,
            biases: has_biases(params).then_some(biases),
        },
        n_users,
    })
}

/// The factors in the only row of a batch of a table of factors.
pub(crate) fn factor_row(
    file: &'static str,
    row: RecordBatch,
    params: &AlsValidParams,
) -> Result<FactorRow, ServingError> {
    let row = [row.slice(0, 1)];
    let columns = columns(file, &row)?;
    Ok(FactorRow {
        vector: columns.values(0, params.factors())?.to_vec(),
        bias: columns.biases[0].value(0),
    })
}

fn has_biases(params: &AlsValidParams) -> bool {
    matches!(params.feedback(), Feedback::Explicit { biases: true })
}

/// The columns of a table of factors, batch by batch.
struct Columns<'a> {
    file: &'static str,
    ids: Vec<&'a ArrayRef>,
    counts: Vec<&'a Int64Array>,
    biases: Vec<&'a Float32Array>,
    factors: Vec<&'a FixedSizeListArray>,
}

fn columns<'a>(
    file: &'static str,
    batches: &'a [RecordBatch],
) -> Result<Columns<'a>, ServingError> {
    let mut found = Columns {
        file,
        ids: Vec::new(),
        counts: Vec::new(),
        biases: Vec::new(),
        factors: Vec::new(),
    };
    for batch in batches {
        let [ids, counts, biases, factors] = batch.columns() else {
            let reason = format!("it has {} columns instead of 4", batch.num_columns());
            return Err(ServingError::content(file, reason));
        };
        let wrong = |name: &str| ServingError::content(file, format!("{name} is of another type"));
        found.ids.push(ids);
        let counts = counts.as_primitive_opt::<Int64Type>();
        found.counts.push(counts.ok_or_else(|| wrong("the count"))?);
        let biases = biases.as_primitive_opt::<Float32Type>();
        found.biases.push(biases.ok_or_else(|| wrong("bias"))?);
        let factors = factors.as_fixed_size_list_opt();
        found.factors.push(factors.ok_or_else(|| wrong("factors"))?);
    }
    Ok(found)
}

impl Columns<'_> {
    /// The factors of a batch, row after row.
    fn values(&self, batch: usize, n_factors: usize) -> Result<&[f32], ServingError> {
        let lists = self.factors[batch];
        let wrong = |reason: String| ServingError::content(self.file, reason);
        if lists.value_length() as usize != n_factors {
            return Err(wrong(format!(
                "it has {} factors, and the model {n_factors}",
                lists.value_length()
            )));
        }
        let values = lists.values().as_primitive_opt::<Float32Type>();
        let values = values.ok_or_else(|| wrong("factors are of another type".to_owned()))?;
        let first = lists.value_offset(0) as usize;
        Ok(&values.values()[first..first + lists.len() * n_factors])
    }
}
