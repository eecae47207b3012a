//! Held rows as bytes, for the way from one process to another.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer};
use arrow::compute::{TakeOptions, take};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use super::held::{Column, Held, Values};
use super::numbered::named;
use super::packed::Packed;

/// What follows for a column.
const PACKED: u8 = 0;
const NUMBERS: u8 = 1;
const PLAIN: u8 = 2;

/// Added where some of its values are missing.
const SOME_MISSING: u8 = 0x80;

/// Rows that came from somewhere else.
pub(super) struct Block {
    pub(super) held: Held,
    /// For each column that has numbers, the texts they stand for.
    pub(super) texts: Vec<Option<StringArray>>,
}

impl Block {
    /// The bytes of held rows; `texts` has, for each column that has come as numbers of texts, the
    /// texts of these numbers.
    pub(super) fn write(held: &Held, texts: &[Option<StringArray>]) -> Result<Vec<u8>, ArrowError> {
        let mut to = Vec::with_capacity(held.bytes() + 64);
        write_length(&mut to, held.rows);
        for (column, texts) in held.columns.iter().zip(texts) {
            let kind = match (&column.values, texts) {
                (Values::Plain(_), _) => PLAIN,
                (Values::Packed(_), None) => PACKED,
                (Values::Packed(_), Some(_)) => NUMBERS,
            };
            let there = held.rows - column.nulls.as_ref().map_or(0, NullBuffer::null_count);
            match &column.nulls {
                None => to.push(kind),
                Some(nulls) => {
                    to.push(kind | SOME_MISSING);
                    to.extend_from_slice(&nulls.inner().sliced());
                }
            }
            match (&column.values, texts) {
                (Values::Plain(values), _) => {
                    let bytes = write_array(values)?;
                    write_length(&mut to, bytes.len());
                    to.extend_from_slice(&bytes);
                }
                (Values::Packed(values), None) => values.write(&mut to),
                (Values::Packed(values), Some(texts)) => {
                    let mut numbers = vec![0; there];
                    values.unpack(&mut numbers);
                    let used = renumber(&mut numbers, texts.len());
                    let numbers = Packed::new(&numbers).ok_or_else(cut)?;
                    numbers.write(&mut to);
                    write_texts(
                        &mut to,
                        take(texts, &UInt32Array::from(used), None)?.as_string(),
                    );
                }
            }
        }
        Ok(to)
    }

    /// The rows of these bytes, which have so many columns.
    pub(super) fn read(bytes: &[u8], n_columns: usize) -> Result<Self, ArrowError> {
        let mut from = Reader(bytes);
        let rows = from.length()?;
        let mut columns = Vec::with_capacity(n_columns);
        let mut texts = Vec::with_capacity(n_columns);
        for _ in 0..n_columns {
            let [kind] = *from.array()?;
            let nulls = match kind & SOME_MISSING {
                0 => None,
                _ => {
                    let bits = Buffer::from_slice_ref(from.slice(rows.div_ceil(8))?);
                    Some(NullBuffer::new(BooleanBuffer::new(bits, 0, rows)))
                }
            };
            let there = rows - nulls.as_ref().map_or(0, NullBuffer::null_count);
            let kind = kind & !SOME_MISSING;
            let values = match kind {
                PACKED | NUMBERS => {
                    let least = i128::from_le_bytes(*from.array()?);
                    let [width] = *from.array()?;
                    let width = usize::from(width);
                    let bytes = there.checked_mul(width).ok_or_else(cut)?;
                    Values::Packed(
                        Packed::from_parts(least, width, from.slice(bytes)?).ok_or_else(cut)?,
                    )
                }
                PLAIN => {
                    let length = from.length()?;
                    let values = read_array(from.slice(length)?)?;
                    if values.len() != there {
                        return Err(cut());
                    }
                    Values::Plain(values)
                }
                _ => return Err(cut()),
            };
            columns.push(Column { values, nulls });
            texts.push(match kind {
                NUMBERS => Some(from.texts()?),
                _ => None,
            });
        }
        match from.0 {
            [] => Ok(Self {
                held: Held { rows, columns },
                texts,
            }),
            _ => Err(cut()),
        }
    }

    /// The rows with texts where they have numbers.
    pub(super) fn batch(&self, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
        Held::batch(std::slice::from_ref(&self.held), schema, &self.texts)
    }

    /// The rows with numbers where they have texts; where `numbers` knows none for a column, its
    /// texts.
    pub(super) fn batch_in_numbers(
        &self,
        schema: &SchemaRef,
        mut numbers: impl FnMut(usize, &ArrayRef) -> Option<ArrayRef>,
    ) -> Result<RecordBatch, ArrowError> {
        let local = |(field, texts): (&Arc<Field>, &Option<StringArray>)| match texts {
            Some(_) => Arc::new(Field::new(field.name(), DataType::UInt32, true)),
            None => Arc::clone(field),
        };
        let fields = schema.fields().iter().zip(&self.texts).map(local);
        let fields = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let none = vec![None; self.texts.len()];
        let batch = Held::batch(std::slice::from_ref(&self.held), &fields, &none)?;
        let columns = batch.columns().iter().zip(&self.texts).enumerate();
        let columns = columns.map(|(place, (column, texts))| {
            let Some(texts) = texts else {
                return Ok(Arc::clone(column));
            };
            let texts: ArrayRef = Arc::new(texts.clone());
            let numbers = numbers(place, &texts).unwrap_or(texts);
            take(&numbers, column, Some(TakeOptions { check_bounds: true }))
        });
        named(schema, columns.collect::<Result<_, _>>()?)
    }
}

fn write_length(to: &mut Vec<u8>, length: usize) {
    to.extend_from_slice(&(length as u64).to_le_bytes());
}

fn write_texts(to: &mut Vec<u8>, texts: &StringArray) {
    write_length(to, texts.len());
    let (offsets, first) = (texts.offsets(), texts.offsets()[0]);
    for offset in offsets.iter() {
        to.extend_from_slice(&(offset - first).to_le_bytes());
    }
    let last = offsets[texts.len()];
    to.extend_from_slice(&texts.value_data()[first as usize..last as usize]);
}

/// Numbers below `n` again in the order in which they first come, and what they were.
fn renumber(numbers: &mut [i32], n: usize) -> Vec<u32> {
    const NONE: i32 = -1;
    let mut new = vec![NONE; n];
    let mut used = Vec::new();
    for number in numbers {
        let at = &mut new[*number as usize];
        if *at == NONE {
            *at = used.len() as i32;
            used.push(*number as u32);
        }
        *number = *at;
    }
    used
}

fn write_array(array: &ArrayRef) -> Result<Vec<u8>, ArrowError> {
    let batch = RecordBatch::try_from_iter_with_nullable([("", Arc::clone(array), true)])?;
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema())?;
    writer.write(&batch)?;
    writer.into_inner()
}

fn read_array(bytes: &[u8]) -> Result<ArrayRef, ArrowError> {
    let batch = StreamReader::try_new(bytes, None)?
        .next()
        .ok_or_else(cut)??;
    Ok(Arc::clone(batch.columns().first().ok_or_else(cut)?))
}

fn cut() -> ArrowError {
    ArrowError::IpcError("rows that were exchanged are damaged".to_owned())
}

/// What is left of some bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn slice(&mut self, length: usize) -> Result<&'a [u8], ArrowError> {
        let (slice, rest) = self.0.split_at_checked(length).ok_or_else(cut)?;
        self.0 = rest;
        Ok(slice)
    }

    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], ArrowError> {
        let (array, rest) = self.0.split_first_chunk().ok_or_else(cut)?;
        self.0 = rest;
        Ok(array)
    }

    fn length(&mut self) -> Result<usize, ArrowError> {
        usize::try_from(u64::from_le_bytes(*self.array()?)).map_err(|_| cut())
    }

    fn texts(&mut self) -> Result<StringArray, ArrowError> {
        let length = self.length()?;
        let n_offsets = length.checked_add(1).ok_or_else(cut)?;
        let offsets = self.slice(n_offsets.checked_mul(4).ok_or_else(cut)?)?;
        let (offsets, _) = offsets.as_chunks::<4>();
        let offsets: Vec<i32> = offsets
            .iter()
            .map(|bytes| i32::from_le_bytes(*bytes))
            .collect();
        let in_order = offsets.first() == Some(&0) && offsets.is_sorted();
        let last = offsets.last().and_then(|last| usize::try_from(*last).ok());
        let (true, Some(last)) = (in_order, last) else {
            return Err(cut());
        };
        let values = Buffer::from_slice_ref(self.slice(last)?);
        StringArray::try_new(OffsetBuffer::new(offsets.into()), values, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyed::held::tests::batch;
    use crate::keyed::numbered::Numbered;

    /// The bytes of so many parts of a batch, with numbers for texts or without, and their rows.
    fn written(batch: &RecordBatch, n: u32, numbered: bool) -> Vec<(Vec<u8>, UInt32Array)> {
        let rows = 0..batch.num_rows() as u32;
        let parts = (0..n).map(|part| rows.clone().filter(|row| row % n == part).collect());
        let parts: Vec<Vec<u32>> = parts.collect();
        let mut words = Numbered::new(batch.schema(), &[], usize::MAX);
        let numbers = match numbered {
            true => words.batch(batch).unwrap(),
            false => batch.clone(),
        };
        let texts = words.texts().unwrap();
        let slices: Vec<&[u32]> = parts.iter().map(Vec::as_slice).collect();
        let held = Held::divided(&numbers, &slices).unwrap();
        let bytes = held.iter().map(|held| Block::write(held, &texts).unwrap());
        bytes.zip(parts.into_iter().map(Into::into)).collect()
    }

    #[test]
    fn rows_come_back_as_they_were() {
        for one_in in [0, 1, 2, 7, 600] {
            for batch in [batch(one_in), batch(one_in).slice(13, 501)] {
                for (n, numbered) in [(1, false), (1, true), (3, false), (3, true), (900, true)] {
                    for (bytes, rows) in written(&batch, n, numbered) {
                        let expected = arrow::compute::take_record_batch(&batch, &rows).unwrap();
                        let block = Block::read(&bytes, batch.num_columns()).unwrap();
                        assert_eq!(block.batch(&batch.schema()).unwrap(), expected);

                        // With the numbers that others have for the same texts, or without.
                        let mut words = Numbered::new(batch.schema(), &[], usize::MAX);
                        let other: ArrayRef = Arc::new(StringArray::from(vec!["text 5", "other"]));
                        words.numbers(7, &other).unwrap();
                        let found = block
                            .batch_in_numbers(&batch.schema(), |place, texts| match place {
                                7 => words.numbers(place, texts),
                                _ => None,
                            })
                            .unwrap();
                        assert_eq!(
                            found.project(&[0, 6]).unwrap().columns(),
                            &[
                                Arc::clone(expected.column(0)),
                                Arc::clone(expected.column(6)),
                            ]
                        );
                        let texts = words.texts().unwrap();
                        let texts = match found.column(7).data_type() {
                            DataType::UInt32 => {
                                take(texts[7].as_ref().unwrap(), found.column(7), None).unwrap()
                            }
                            _ => Arc::clone(found.column(7)),
                        };
                        assert_eq!(&texts, expected.column(7));
                    }
                }
            }
        }
    }

    #[test]
    fn texts_travel_only_with_the_rows_that_have_them() {
        let batch = batch(1).project(&[7]).unwrap();
        let bytes = |n| {
            written(&batch, n, true)
                .iter()
                .map(|(bytes, _)| bytes.len())
                .max()
        };
        let bytes = |n| bytes(n).unwrap();
        // A byte for each of 1,000 rows and seven texts of six letters with an offset each.
        assert!(bytes(1) < 1_200, "{}", bytes(1));
        // Rows n apart in sevens have the same text.
        assert!(bytes(7) < 143 + 80, "{}", bytes(7));
    }

    #[test]
    fn bytes_that_are_cut_short_or_too_long_are_refused() {
        let batch = batch(3).slice(0, 50);
        let (bytes, _) = &written(&batch, 1, true)[0];
        let n = batch.num_columns();
        assert!(Block::read(bytes, n).is_ok());
        for length in 0..bytes.len() {
            assert!(Block::read(&bytes[..length], n).is_err(), "{length}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(Block::read(&longer, n).is_err());
        assert!(Block::read(bytes, n + 1).is_err());

        let mut block = Block::read(bytes, n).unwrap();
        block.texts[7] = Some(StringArray::from(vec!["text 0"]));
        let schema = batch.schema();
        assert!(block.batch(&schema).is_err(), "a number without a text");
        assert!(block.batch_in_numbers(&schema, |_, _| None).is_err());
    }
}
