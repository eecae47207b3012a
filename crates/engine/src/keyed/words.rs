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

/// What map and list need for a text beside its bytes: hash, number, places, and room to grow.
const TEXT_OVERHEAD: usize = 64;

/// The different texts of a column, numbered in the order in which they come.
pub(super) struct Words {
    numbers: ArrowBytesMap<i32, u32>,
    texts: BinaryBuilder,
    most_bytes: usize,
    /// There were too many different ones: no more get numbers.
    given_up: bool,
}

impl Words {
    /// Numbers texts until what is held for them takes so many bytes; the last batch may add some.
    pub(super) fn new(most_bytes: usize) -> Self {
        Self {
            numbers: ArrowBytesMap::new(OutputType::Utf8),
            texts: BinaryBuilder::new(),
            most_bytes: most_bytes.min(MOST_BYTES),
            given_up: false,
        }
    }

    /// The numbers of texts, null where these are; none when there are too many different ones.
    pub(super) fn numbers(&mut self, texts: &ArrayRef) -> Option<ArrayRef> {
        let given = texts.as_string_opt::<i32>()?;
        let given_bytes = given.offsets().last().copied().unwrap_or_default() as usize;
        // For good, as batches whose columns change their kind would be divided one by one.
        self.given_up |= self.texts.len() >= MOST_TEXTS
            || self.bytes() >= self.most_bytes
            || given_bytes >= MOST_BYTES;
        if self.given_up {
            return None;
        }
        let mut numbers = Vec::with_capacity(texts.len());
        let different = &mut self.texts;
        self.numbers.insert_if_new(
            texts,
            |text| {
                // Below `MOST_TEXTS` and the rows of a batch.
                let number = different.len() as u32;
                // The number of a missing text is not looked at.
                different.append_value(text.unwrap_or_default());
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

    /// Bytes held for the texts: each stands in the map and in the list.
    fn bytes(&self) -> usize {
        2 * self.texts.values_slice().len() + TEXT_OVERHEAD * self.texts.len()
    }
}
