//! Rows that are kept for later, in little room.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayData, ArrayRef, NullBufferBuilder, RecordBatch, StringArray, UInt32Array,
    make_array, new_null_array,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow::compute::{TakeOptions, concat, take};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;

use super::packed::{Integer, Packed};

/// Some rows of a batch. Values that are missing take no room; integers, moments and amounts take
/// as many bytes as their differences from the least of them need.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) rows: usize,
    pub(super) columns: Vec<Column>,
}

#[derive(Debug)]
pub(super) struct Column {
    /// Those that are there.
    pub(super) values: Values,
    /// Which rows have none; not asked where all have one.
    pub(super) nulls: Option<NullBuffer>,
}

#[derive(Debug)]
pub(super) enum Values {
    Plain(ArrayRef),
    Packed(Packed),
}

/// A column that is packed.
struct PackedColumn<'a> {
    values: &'a Packed,
    nulls: Option<&'a NullBuffer>,
    rows: usize,
}

impl Held {
    /// The rows of a batch that each part gets.
    pub(super) fn divided(batch: &RecordBatch, parts: &[&[u32]]) -> Result<Vec<Self>, ArrowError> {
        let of_part = |rows: &&[u32]| Self {
            rows: rows.len(),
            columns: Vec::with_capacity(batch.num_columns()),
        };
        let mut held: Vec<Self> = parts.iter().map(of_part).collect();
        // A column after the other: the values of one stay in the cache for all parts.
        for array in batch.columns() {
            let columns = Column::divided(array, parts)?;
            for (held, column) in held.iter_mut().zip(columns) {
                held.columns.push(column);
            }
        }
        Ok(held)
    }

    pub(super) fn num_rows(&self) -> usize {
        self.rows
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.columns.iter().map(Column::bytes).sum::<usize>()
    }

    /// The rows of several as one batch; `texts` has, for each column that may have come as numbers
    /// of texts, the texts.
    pub(super) fn batch(
        several: &[Self],
        schema: &SchemaRef,
        texts: &[Option<StringArray>],
    ) -> Result<RecordBatch, ArrowError> {
        let columns = schema.fields().iter().zip(texts).enumerate();
        let columns = columns.map(|(place, (field, texts))| {
            let of_column = several.iter().map(|held| (&held.columns[place], held.rows));
            let parts: Vec<(&Column, usize)> = of_column.collect();
            Column::array(&parts, field.data_type(), texts.as_ref())
        });
        RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<_, _>>()?)
    }
}

impl Column {
    fn divided(array: &ArrayRef, parts: &[&[u32]]) -> Result<Vec<Self>, ArrowError> {
        let data = array.to_data();
        match data.data_type().primitive_width() {
            Some(1) => Self::packed::<i8>(array, &data, parts),
            Some(2) => Self::packed::<i16>(array, &data, parts),
            Some(4) => Self::packed::<i32>(array, &data, parts),
            Some(8) => Self::packed::<i64>(array, &data, parts),
            Some(16) => Self::packed::<i128>(array, &data, parts),
            _ => parts.iter().map(|rows| Self::plain(array, rows)).collect(),
        }
    }

    /// Whatever the type, values that take as many bytes as an integer are packed as one.
    fn packed<N: Integer>(
        array: &ArrayRef,
        data: &ArrayData,
        parts: &[&[u32]],
    ) -> Result<Vec<Self>, ArrowError> {
        let values: &[N] = data.buffer(0);
        let mut there = Vec::new();
        let pack = |rows: &&[u32]| {
            let nulls = nulls_of(array, rows);
            there.clear();
            match &nulls {
                None => there.extend(rows.iter().map(|row| values[*row as usize])),
                Some(nulls) => {
                    there.extend(nulls.valid_indices().map(|at| values[rows[at] as usize]));
                }
            }
            match Packed::new(&there) {
                Some(packed) => Ok(Self {
                    values: Values::Packed(packed),
                    nulls,
                }),
                None => Self::plain(array, rows),
            }
        };
        parts.iter().map(pack).collect()
    }

    fn plain(array: &ArrayRef, rows: &[u32]) -> Result<Self, ArrowError> {
        let nulls = nulls_of(array, rows);
        let there: Vec<u32> = match &nulls {
            None => rows.to_vec(),
            Some(nulls) => nulls.valid_indices().map(|at| rows[at]).collect(),
        };
        Ok(Self {
            values: Values::Plain(take(array, &UInt32Array::from(there), None)?),
            nulls,
        })
    }

    fn bytes(&self) -> usize {
        let nulls = self
            .nulls
            .as_ref()
            .map_or(0, |nulls| nulls.buffer().capacity());
        size_of::<Self>()
            + nulls
            + match &self.values {
                Values::Plain(values) => values.get_array_memory_size(),
                Values::Packed(packed) => packed.bytes(),
            }
    }

    /// The columns of several, each with its number of rows, as one array.
    fn array(
        several: &[(&Self, usize)],
        data_type: &DataType,
        texts: Option<&StringArray>,
    ) -> Result<ArrayRef, ArrowError> {
        let packed = several.iter().map(|(column, rows)| column.as_packed(*rows));
        let Some(packed) = packed.collect::<Option<Vec<_>>>() else {
            let arrays = several.iter().map(|(column, rows)| match &column.values {
                Values::Plain(values) => column.spread(values),
                Values::Packed(_) => Self::array(&[(*column, *rows)], data_type, texts),
            });
            let arrays: Vec<ArrayRef> = arrays.collect::<Result<_, _>>()?;
            let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
            return concat(&arrays);
        };
        match texts {
            Some(texts) => {
                let numbers = fixed::<i32>(&packed, &DataType::UInt32)?;
                // They may have come from elsewhere.
                take(texts, &numbers, Some(TakeOptions { check_bounds: true }))
            }
            // The widths that are packed.
            None => match data_type.primitive_width() {
                Some(1) => fixed::<i8>(&packed, data_type),
                Some(2) => fixed::<i16>(&packed, data_type),
                Some(4) => fixed::<i32>(&packed, data_type),
                Some(8) => fixed::<i64>(&packed, data_type),
                _ => fixed::<i128>(&packed, data_type),
            },
        }
    }

    fn as_packed(&self, rows: usize) -> Option<PackedColumn<'_>> {
        match &self.values {
            Values::Plain(_) => None,
            Values::Packed(values) => Some(PackedColumn {
                values,
                nulls: self.nulls.as_ref(),
                rows,
            }),
        }
    }

    /// Values in their rows.
    fn spread(&self, values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let Some(nulls) = &self.nulls else {
            return Ok(Arc::clone(values));
        };
        if values.is_empty() {
            return Ok(new_null_array(values.data_type(), nulls.len()));
        }
        let mut places = vec![0; nulls.len()];
        for (value, row) in (0..).zip(nulls.valid_indices()) {
            places[row] = value;
        }
        take(
            values,
            &UInt32Array::new(places.into(), Some(nulls.clone())),
            None,
        )
    }
}

/// Columns that are packed as one array of fixed width.
fn fixed<N: Integer>(
    several: &[PackedColumn<'_>],
    data_type: &DataType,
) -> Result<ArrayRef, ArrowError> {
    let rows = several.iter().map(|column| column.rows).sum();
    let mut values = vec![N::default(); rows];
    let mut rest = values.as_mut_slice();
    for column in several {
        let (of_column, later) = rest.split_at_mut(column.rows);
        match column.nulls {
            None => column.values.unpack(of_column),
            Some(nulls) => column.values.unpack_at(nulls.valid_indices(), of_column),
        }
        rest = later;
    }
    let mut nulls = NullBufferBuilder::new(rows);
    for column in several {
        match column.nulls {
            None => nulls.append_n_non_nulls(column.rows),
            Some(nulls_of_column) => nulls.append_buffer(nulls_of_column),
        }
    }
    let data = ArrayData::builder(data_type.clone())
        .len(rows)
        .add_buffer(Buffer::from_vec(values))
        .nulls(nulls.finish());
    Ok(make_array(data.build()?))
}

/// Which of the rows have no value; none where all have one.
fn nulls_of(array: &ArrayRef, rows: &[u32]) -> Option<NullBuffer> {
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0)?;
    let valid = |at: usize| nulls.is_valid(rows[at] as usize);
    let nulls = NullBuffer::new(BooleanBuffer::collect_bool(rows.len(), valid));
    (nulls.null_count() > 0).then_some(nulls)
}

#[cfg(test)]
pub(super) mod tests {
    use arrow::array::{AsArray, BooleanArray, Decimal128Array, Float64Array, Int64Array};

    use super::*;
    use crate::keyed::words::Words;

    /// 1,000 rows in which every so-manieth has values; none with 0, all with 1.
    pub(in crate::keyed) fn batch(one_in: i64) -> RecordBatch {
        let there = |n: i64| (one_in > 0 && n % one_in == 0).then_some(n);
        let rows = || (0..1_000).map(there);
        let decimals = |scale: i128| -> ArrayRef {
            let values = rows().map(|n| n.map(|n| i128::from(n - 500) * scale));
            let decimals = Decimal128Array::from_iter(values);
            Arc::new(decimals.with_data_type(DataType::Decimal128(38, 4)))
        };
        let texts = |different: i64| -> ArrayRef {
            let text = |n: i64| format!("text {}", n % different);
            Arc::new(StringArray::from_iter(rows().map(|n| n.map(text))))
        };
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("all", Arc::new(Int64Array::from_iter_values(0..1_000))),
            ("integers", Arc::new(rows().collect::<Int64Array>())),
            ("decimals", decimals(1_000_000)),
            ("far apart", decimals(1 << 90)),
            (
                "floats",
                Arc::new(
                    rows()
                        .map(|n| n.map(|n| (n as f64).sin()))
                        .collect::<Float64Array>(),
                ),
            ),
            (
                "flags",
                Arc::new(
                    rows()
                        .map(|n| n.map(|n| n % 3 == 0))
                        .collect::<BooleanArray>(),
                ),
            ),
            ("texts", texts(1_000)),
            ("words", texts(7)),
        ];
        let columns = columns.into_iter().map(|(name, array)| (name, array, true));
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }

    /// The batch with numbers for its last column.
    fn numbered(batch: &RecordBatch, words: &mut Words) -> RecordBatch {
        let mut columns = batch.columns().to_vec();
        let last = columns.last_mut().unwrap();
        *last = words.numbers(last).unwrap();
        let names = batch.schema();
        let names = names.fields().iter().map(|field| field.name());
        let columns = names.zip(columns).map(|(name, array)| (name, array, true));
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }

    #[test]
    fn rows_come_back_as_they_were() {
        for one_in in [0, 1, 2, 7, 600] {
            for batch in [batch(one_in), batch(one_in).slice(13, 501)] {
                let n = batch.num_rows() as u32;
                let (odd, even): (Vec<u32>, Vec<u32>) = (0..n).partition(|row| row % 2 == 1);
                let order: Vec<u32> = odd.iter().chain(&even).copied().collect();
                let order = UInt32Array::from(order);
                let expected = arrow::compute::take_record_batch(&batch, &order).unwrap();
                let mut words = Words::new(1 << 20);
                let numbers = numbered(&batch, &mut words);
                let mut texts = vec![None; batch.num_columns()];
                *texts.last_mut().unwrap() = Some(words.texts().unwrap());

                let first = Held::divided(&numbers, &[&odd, &[], &even]).unwrap();
                let together = Held::batch(&first, &batch.schema(), &texts).unwrap();
                assert_eq!(together, expected, "one in {one_in}");
                assert_eq!(together.column(0).null_count(), 0);

                // The same text as numbers and as text.
                let mut second = Held::divided(&batch, &[&odd, &even]).unwrap();
                second[0] = Held::divided(&numbers, &[&odd]).unwrap().remove(0);
                let together = Held::batch(&second, &batch.schema(), &texts).unwrap();
                assert_eq!(together, expected, "one in {one_in}");
                assert_eq!(together.column(7).as_string::<i32>().len(), n as usize);
            }
        }
    }

    #[test]
    fn little_room() {
        let bytes = |one_in: i64, column: usize| {
            let batch = batch(one_in).project(&[column]).unwrap();
            let batch = numbered_if_words(batch, column);
            let rows: Vec<u32> = (0..1_000).collect();
            let fixed = size_of::<Held>() + size_of::<Column>();
            Held::divided(&batch, &[&rows]).unwrap()[0].bytes() - fixed
        };
        // Two bytes of a number below 1,000, and a bit where some are missing.
        assert_eq!(bytes(1, 1), 2_000);
        assert_eq!(bytes(2, 1), 1_000 + 128);
        assert_eq!(bytes(0, 1), 128);
        // Four bytes up to a thousand million, sixteen beyond 64 bits.
        assert_eq!(bytes(1, 2), 4_000);
        assert!(bytes(1, 3) >= 16_000);
        // One of seven words.
        assert_eq!(bytes(1, 7), 1_000);
    }

    fn numbered_if_words(batch: RecordBatch, column: usize) -> RecordBatch {
        match column {
            7 => numbered(&batch, &mut Words::new(1 << 20)),
            _ => batch,
        }
    }
}
