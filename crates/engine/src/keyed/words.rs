//! The texts of a column by number.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayBuilder, ArrayRef, AsArray, BinaryBuilder, StringArray, UInt32Array,
};
use arrow::error::ArrowError;
use datafusion::physical_expr_common::binary_map::{ArrowBytesMap, OutputType};

/// A column with as many different texts, or bytes of them, gets no more numbers.
const MOST_TEXTS: usize = 1 << 16;
const MOST_BYTES: usize = 4 << 20;

/// The different texts of a column, numbered in the order in which they come.
pub(super) struct Words {
    known: ArrowBytesMap<i32, u32>,
    texts: BinaryBuilder,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            known: ArrowBytesMap::new(OutputType::Utf8),
            texts: BinaryBuilder::new(),
        }
    }
}

impl Words {
    /// The numbers of texts, null where these are; none when there are too many different ones.
    pub(super) fn numbers(&mut self, texts: &ArrayRef) -> Option<ArrayRef> {
        let given = texts.as_string_opt::<i32>()?;
        let given_bytes = given.offsets().last().copied().unwrap_or_default() as usize;
        let bytes = self.texts.values_slice().len();
        if self.texts.len() >= MOST_TEXTS || bytes.max(given_bytes) >= MOST_BYTES {
            return None;
        }
        let mut numbers = Vec::with_capacity(texts.len());
        let known = &mut self.texts;
        self.known.insert_if_new(
            texts,
            |text| {
                // Below `MOST_TEXTS` and the rows of a batch.
                let number = known.len() as u32;
                // The number of a missing text is not looked at.
                known.append_value(text.unwrap_or_default());
                number
            },
            |number| numbers.push(number),
        );
        let numbers = UInt32Array::new(numbers.into(), texts.nulls().cloned());
        Some(Arc::new(numbers))
    }

    /// The texts of the numbers so far.
    pub(super) fn texts(&self) -> Result<StringArray, ArrowError> {
        StringArray::try_from_binary(self.texts.finish_cloned())
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        let places = size_of_val(self.texts.offsets_slice());
        self.known.size() + self.texts.values_slice().len() + places
    }
}
