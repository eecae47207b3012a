//! Batches with numbers for texts, divided by key.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion::common::hash_utils::{RandomState, create_hashes};
use datafusion::error::Result;

use super::words::Words;

/// Texts that have numbers take this part of a partition's memory for each column, and what one batch
/// adds to it: so little that nobody accounts for them.
const PART_OF_TEXTS: usize = 64;

/// Texts as numbers, in columns with few different ones.
pub(super) struct Numbered {
    schema: SchemaRef,
    words: Vec<Option<Words>>,
}

impl Numbered {
    /// For batches of this schema, in a partition that has so much memory.
    pub(super) fn new(schema: SchemaRef, keys: &[usize], memory: usize) -> Self {
        // A key that is sometimes a number would have two hashes.
        let words = schema.fields().iter().enumerate().map(|(place, field)| {
            let is_word = !keys.contains(&place) && field.data_type() == &DataType::Utf8;
            is_word.then(|| Words::new(memory / PART_OF_TEXTS))
        });
        Self {
            words: words.collect(),
            schema,
        }
    }

    /// With texts, as they were and will be again.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The batch with numbers for texts.
    pub(super) fn batch(&mut self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let columns = batch.columns().iter().enumerate();
        let columns = columns.map(|(place, column)| {
            let numbers = self.numbers(place, column);
            numbers.unwrap_or_else(|| Arc::clone(column))
        });
        let columns = columns.collect();
        named(&self.schema, columns)
    }

    /// The numbers of texts of a column, if it has some.
    pub(super) fn numbers(&mut self, place: usize, texts: &ArrayRef) -> Option<ArrayRef> {
        self.words[place].as_mut()?.numbers(texts)
    }

    /// The texts of each column that has had numbers for them.
    pub(super) fn texts(&self) -> Result<Vec<Option<StringArray>>, ArrowError> {
        let words = self.words.iter();
        words
            .map(|words| words.as_ref().map(Words::texts).transpose())
            .collect()
    }
}

/// The columns under the names of a schema, whatever they are.
pub(super) fn named(schema: &Schema, columns: Vec<ArrayRef>) -> Result<RecordBatch, ArrowError> {
    let fields = schema.fields().iter().zip(&columns);
    let fields: Vec<Field> = fields
        .map(|(field, column)| Field::new(field.name(), column.data_type().clone(), true))
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

/// Batches as one, and which of its rows each part has: the one that `part` says of the hash of their
/// keys.
pub(super) fn by_part(
    batches: &[RecordBatch],
    keys: &[usize],
    state: &RandomState,
    n_parts: usize,
    part: impl Fn(u64) -> usize,
) -> Result<(RecordBatch, Vec<Vec<u32>>)> {
    let schema = batches
        .first()
        .map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
    let block = concat_batches(&schema, batches)?;
    let keys: Vec<ArrayRef> = keys
        .iter()
        .map(|key| Arc::clone(block.column(*key)))
        .collect();
    let mut hashes = vec![0; block.num_rows()];
    create_hashes(&keys, state, &mut hashes)?;
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); n_parts];
    for (row, hash) in (0..).zip(&hashes) {
        rows[part(*hash)].push(row);
    }
    Ok((block, rows))
}
