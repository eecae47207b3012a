//! What is made of the keys of a group.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, ListArray, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields, Int64Type, TimestampMicrosecondType};
use datafusion::common::exec_err;
use datafusion::error::Result;

use super::accumulate::{Measure, Visit};
use super::keys::{Keys, Names};

/// How many sets of three flags there are.
const FLAG_SETS: usize = 8;

/// How many different keys there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Distinct;

impl<K: Keys> Measure<K> for Distinct {
    type Value = ();

    fn values<'a>(&self, _: &'a [ArrayRef]) -> Result<impl Fn(usize) + 'a> {
        Ok(|_| ())
    }

    fn state(&self, _: Vec<()>) -> Option<ArrayRef> {
        None
    }

    fn lessen(&self, entries: &mut Vec<(K::Code, ())>) {
        entries.dedup();
    }

    fn results(
        &self,
        _: &K::Names,
        n_groups: usize,
        each: impl FnOnce(Visit<'_, K::Code, ()>),
    ) -> Result<ArrayRef> {
        let mut counts = Vec::with_capacity(n_groups);
        each(&mut |entries| {
            let runs = entries.chunk_by(|a, b| a.0 == b.0);
            counts.push(runs.count() as i64);
        });
        Ok(Arc::new(Int64Array::from(counts)))
    }
}

/// How many different keys there are with each set of flags.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tally;

impl<K: Keys> Measure<K> for Tally {
    type Value = u8;

    fn values<'a>(&self, arguments: &'a [ArrayRef]) -> Result<impl Fn(usize) -> u8 + 'a> {
        let Some(flags) = arguments
            .get(1)
            .and_then(|flags| flags.as_primitive_opt::<Int64Type>())
        else {
            return exec_err!("flags are integers");
        };
        let within = |flags: &i64| (0..FLAG_SETS as i64).contains(flags);
        if flags.null_count() > 0 || !flags.values().iter().all(within) {
            return exec_err!("flags are from 0 to {}", FLAG_SETS - 1);
        }
        Ok(|row| flags.value(row) as u8)
    }

    fn state(&self, values: Vec<u8>) -> Option<ArrayRef> {
        Some(Arc::new(Int64Array::from_iter_values(
            values.into_iter().map(i64::from),
        )))
    }

    fn lessen(&self, entries: &mut Vec<(K::Code, u8)>) {
        entries.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 |= next.1;
            }
            same
        });
    }

    fn results(
        &self,
        _: &K::Names,
        n_groups: usize,
        each: impl FnOnce(Visit<'_, K::Code, u8>),
    ) -> Result<ArrayRef> {
        let mut counts = Vec::with_capacity(n_groups * FLAG_SETS);
        each(&mut |entries| {
            let mut sets = [0_i64; FLAG_SETS];
            for key in entries.chunk_by(|a, b| a.0 == b.0) {
                let set = key.iter().fold(0, |set, (_, flags)| set | flags);
                sets[set as usize % FLAG_SETS] += 1;
            }
            counts.extend_from_slice(&sets);
        });
        Ok(Arc::new(ListArray::try_new(
            Arc::new(Field::new_list_field(DataType::Int64, true)),
            OffsetBuffer::from_repeated_length(FLAG_SETS, n_groups),
            Arc::new(Int64Array::from(counts)),
            None,
        )?))
    }
}

/// How many different keys there are, and which has most rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Favourite;

/// The columns of a favourite.
pub(super) fn favourite_fields(key_type: &DataType) -> Fields {
    let fields = vec![
        Field::new("n", DataType::Int64, false),
        Field::new("top", key_type.clone(), true),
    ];
    fields.into()
}

impl<K: Keys> Measure<K> for Favourite {
    type Value = ();

    fn values<'a>(&self, _: &'a [ArrayRef]) -> Result<impl Fn(usize) + 'a> {
        Ok(|_| ())
    }

    fn state(&self, _: Vec<()>) -> Option<ArrayRef> {
        None
    }

    fn lessen(&self, _: &mut Vec<(K::Code, ())>) {}

    fn results(
        &self,
        names: &K::Names,
        n_groups: usize,
        each: impl FnOnce(Visit<'_, K::Code, ()>),
    ) -> Result<ArrayRef> {
        let mut counts = Vec::with_capacity(n_groups);
        let mut tops = Vec::with_capacity(n_groups);
        each(&mut |entries| {
            let (mut count, mut most, mut top) = (0, 0, None);
            for key in entries.chunk_by(|a, b| a.0 == b.0) {
                count += 1;
                let smaller =
                    |top: Option<K::Code>| top.is_none_or(|top| names.order(key[0].0, top).is_lt());
                if key.len() > most || key.len() == most && smaller(top) {
                    (most, top) = (key.len(), Some(key[0].0));
                }
            }
            counts.push(count);
            tops.push(top);
        });
        let tops = names.array(tops)?;
        let fields = favourite_fields(tops.data_type());
        let counts = Arc::new(Int64Array::from(counts));
        Ok(Arc::new(StructArray::try_new(
            fields,
            vec![counts, tops],
            None,
        )?))
    }
}

/// Of the first times of all keys the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct LatestStart;

impl<K: Keys> Measure<K> for LatestStart {
    type Value = i64;

    fn values<'a>(&self, arguments: &'a [ArrayRef]) -> Result<impl Fn(usize) -> i64 + 'a> {
        let Some(times) = arguments
            .get(1)
            .and_then(|times| times.as_primitive_opt::<TimestampMicrosecondType>())
        else {
            return exec_err!("times are timestamps in microseconds");
        };
        if times.null_count() > 0 {
            return exec_err!("a key without a time has no start");
        }
        Ok(|row| times.value(row))
    }

    fn state(&self, values: Vec<i64>) -> Option<ArrayRef> {
        Some(Arc::new(
            TimestampMicrosecondArray::from(values).with_timezone("UTC"),
        ))
    }

    fn lessen(&self, entries: &mut Vec<(K::Code, i64)>) {
        entries.dedup_by_key(|entry| entry.0);
    }

    fn results(
        &self,
        _: &K::Names,
        n_groups: usize,
        each: impl FnOnce(Visit<'_, K::Code, i64>),
    ) -> Result<ArrayRef> {
        let mut times = Vec::with_capacity(n_groups);
        each(&mut |entries| {
            let starts = entries.chunk_by(|a, b| a.0 == b.0).map(|key| key[0].1);
            times.push(starts.max());
        });
        Ok(Arc::new(
            TimestampMicrosecondArray::from(times).with_timezone("UTC"),
        ))
    }
}
