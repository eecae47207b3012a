//! Keys as fixed numbers of bits: what entries hold and compare in place of values.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Int64Array, StringArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use datafusion::common::exec_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::physical_expr_common::binary_map::{ArrowBytesMap, OutputType};

/// Texts are kept one after the other with offsets of 31 bits.
const MOST_TEXT_BYTES: usize = 2_000_000_000;

/// Keys of one type.
pub(super) trait Keys: Default + Send + Sync + 'static {
    /// What stands for a key; equal for equal keys.
    type Code: Copy + Ord + Default + Send + Sync + std::fmt::Debug;
    /// Whether codes have the order of their keys.
    const SORTED: bool;
    /// What compares keys and gives them back.
    type Names: Names<Self::Code>;

    /// Calls with the row and the code of each key that is not null.
    fn each(&mut self, keys: &ArrayRef, visit: impl FnMut(usize, Self::Code)) -> Result<()>;

    /// What codes mean. All so far lose their meaning for `self`.
    fn names(&mut self) -> Self::Names;

    /// Gives codes of `names` their meaning again.
    fn restore(&mut self, _: &Self::Names, _: &mut [Self::Code]) -> Result<()> {
        Ok(())
    }

    /// Bytes held.
    fn bytes(&self) -> usize {
        0
    }
}

/// From codes back to keys.
pub(super) trait Names<C> {
    /// The order of two keys: of numbers by value, of text byte by byte.
    fn order(&self, one: C, other: C) -> Ordering;
    /// The keys of codes, where there are any.
    fn array(&self, codes: Vec<Option<C>>) -> Result<ArrayRef>;
    /// The keys of codes.
    fn all(&self, codes: Vec<C>) -> Result<ArrayRef>;
}

/// Integers are their own codes.
#[derive(Debug, Default)]
pub(super) struct Integers;

impl Keys for Integers {
    type Code = i64;
    type Names = IntegerNames;
    const SORTED: bool = true;

    fn each(&mut self, keys: &ArrayRef, mut visit: impl FnMut(usize, i64)) -> Result<()> {
        let Some(keys) = keys.as_primitive_opt::<Int64Type>() else {
            return exec_err!("a key is {}, not an integer", keys.data_type());
        };
        if keys.null_count() == 0 {
            for (row, key) in keys.values().iter().enumerate() {
                visit(row, *key);
            }
        } else if keys.null_count() < keys.len() {
            for (row, key) in keys.iter().enumerate() {
                if let Some(key) = key {
                    visit(row, key);
                }
            }
        }
        Ok(())
    }

    fn names(&mut self) -> IntegerNames {
        IntegerNames
    }
}

/// What codes of the type mean.
pub(super) struct IntegerNames;

impl Names<i64> for IntegerNames {
    fn order(&self, one: i64, other: i64) -> Ordering {
        one.cmp(&other)
    }

    fn array(&self, codes: Vec<Option<i64>>) -> Result<ArrayRef> {
        Ok(Arc::new(Int64Array::from(codes)))
    }

    fn all(&self, codes: Vec<i64>) -> Result<ArrayRef> {
        Ok(Arc::new(Int64Array::from(codes)))
    }
}

/// Days are their own codes.
#[derive(Debug, Default)]
pub(super) struct Days;

impl Keys for Days {
    type Code = i32;
    type Names = DayNames;
    const SORTED: bool = true;

    fn each(&mut self, keys: &ArrayRef, mut visit: impl FnMut(usize, i32)) -> Result<()> {
        let Some(keys) = keys.as_primitive_opt::<Date32Type>() else {
            return exec_err!("a key is {}, not a day", keys.data_type());
        };
        if keys.null_count() < keys.len() {
            for (row, key) in keys.iter().enumerate() {
                if let Some(key) = key {
                    visit(row, key);
                }
            }
        }
        Ok(())
    }

    fn names(&mut self) -> DayNames {
        DayNames
    }
}

/// What codes of the type mean.
pub(super) struct DayNames;

impl Names<i32> for DayNames {
    fn order(&self, one: i32, other: i32) -> Ordering {
        one.cmp(&other)
    }

    fn array(&self, codes: Vec<Option<i32>>) -> Result<ArrayRef> {
        Ok(Arc::new(Date32Array::from(codes)))
    }

    fn all(&self, codes: Vec<i32>) -> Result<ArrayRef> {
        Ok(Arc::new(Date32Array::from(codes)))
    }
}

/// Text is numbered in the order in which it comes; each text is kept once.
pub(super) struct Texts {
    known: ArrowBytesMap<i32, u32>,
    count: u32,
    codes: Vec<u32>,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            known: ArrowBytesMap::new(OutputType::Utf8),
            count: 0,
            codes: Vec::new(),
        }
    }
}

impl Keys for Texts {
    type Code = u32;
    type Names = TextNames;
    const SORTED: bool = false;

    fn each(&mut self, keys: &ArrayRef, mut visit: impl FnMut(usize, u32)) -> Result<()> {
        if keys.data_type() != &DataType::Utf8 {
            return exec_err!("a key is {}, not text", keys.data_type());
        }
        if keys.null_count() == keys.len() {
            return Ok(());
        }
        let text_bytes = keys.get_array_memory_size();
        if self.known.size().saturating_add(text_bytes) > MOST_TEXT_BYTES {
            return Err(DataFusionError::ResourcesExhausted(
                "the different texts of one partition are too many; plan with more partitions"
                    .to_owned(),
            ));
        }
        let (count, codes) = (&mut self.count, &mut self.codes);
        codes.clear();
        self.known.insert_if_new(
            keys,
            |_| {
                let code = *count;
                // Texts are within `MOST_TEXT_BYTES`, and each takes more than a byte of them.
                *count += 1;
                code
            },
            |code| codes.push(code),
        );
        for (row, code) in codes.iter().enumerate() {
            if keys.is_valid(row) {
                visit(row, *code);
            }
        }
        Ok(())
    }

    fn names(&mut self) -> TextNames {
        self.count = 0;
        let known = self.known.take().into_state();
        TextNames {
            texts: known.as_string::<i32>().clone(),
        }
    }

    fn restore(&mut self, names: &TextNames, codes: &mut [u32]) -> Result<()> {
        let texts = names.all(codes.to_vec())?;
        let mut again = codes.iter_mut();
        self.each(&texts, |_, code| {
            if let Some(place) = again.next() {
                *place = code;
            }
        })
    }

    fn bytes(&self) -> usize {
        self.known.size() + self.codes.capacity() * size_of::<u32>()
    }
}

/// What codes of the type mean.
pub(super) struct TextNames {
    texts: StringArray,
}

impl Names<u32> for TextNames {
    fn order(&self, one: u32, other: u32) -> Ordering {
        let text = |code: u32| self.texts.value(code as usize);
        text(one).cmp(text(other))
    }

    fn array(&self, codes: Vec<Option<u32>>) -> Result<ArrayRef> {
        Ok(take(&self.texts, &UInt32Array::from(codes), None)?)
    }

    fn all(&self, codes: Vec<u32>) -> Result<ArrayRef> {
        Ok(take(&self.texts, &UInt32Array::from(codes), None)?)
    }
}
