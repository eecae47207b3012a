//! `ledger`: what is added up and what was said last, for each key of a group.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Decimal128Builder, Int64Array,
    ListArray, StructArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    DataType, Decimal128Type, Field, Fields, Int64Type, TimestampMicrosecondType,
};
use datafusion::common::{exec_err, internal_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::super::groups::moment;
use super::super::groups::{OneGroup, wanted};
use super::accumulate::{groups_of, list};
use super::entries::{Entries, Grouped, check_groups};
use super::keys::{Keys, Names};

/// The amount of a row that has none.
const NOTHING: i64 = i64::MIN;
/// The amount of a row whose amount has more than 64 bits, and is kept apart.
const LARGE: i64 = i64::MIN + 1;

/// The type of amounts.
pub(super) const AMOUNT: DataType = DataType::Decimal128(24, 6);
/// The type of sums.
const SUM: DataType = DataType::Decimal128(38, 6);
/// The type of scores: up to 10^12 either way, which 64 bits hold.
pub(super) const SCORE: DataType = DataType::Decimal128(19, 6);

/// The types of the arguments after the key: time, amount, score, mark.
pub(super) fn argument_types() -> [DataType; 4] {
    [moment(), AMOUNT, SCORE, DataType::Int64]
}

/// The lists of a state: keys with times and amounts, keys with times and scores, keys with times
/// and marks. One after the other, they are the columns of the state.
pub(super) fn state_types(key_type: &DataType) -> Vec<(&'static str, DataType)> {
    vec![
        ("keys", key_type.clone()),
        ("times", moment()),
        ("amounts", AMOUNT),
        ("scored", key_type.clone()),
        ("scored_at", moment()),
        ("scores", SCORE),
        ("marked", key_type.clone()),
        ("marked_at", moment()),
        ("marks", DataType::Int64),
    ]
}

/// What is known of a key in the end.
pub(super) fn page_fields(key_type: &DataType) -> Fields {
    let fields = vec![
        Field::new("key", key_type.clone(), false),
        Field::new("amount", SUM, true),
        Field::new("n", DataType::Int64, false),
        Field::new("last_at", moment(), false),
        Field::new("score", SCORE, true),
        Field::new("mark", DataType::Int64, true),
    ];
    fields.into()
}

/// The ledgers of many groups.
pub(super) struct Ledgers<K: Keys> {
    keys: K,
    /// Amounts and times.
    rows: Entries<K::Code, (i64, i64)>,
    large: Entries<K::Code, i128>,
    /// Times and scores: of a key the last one counts.
    scores: Entries<K::Code, (i64, i64)>,
    /// Times and negated marks, likewise.
    marks: Entries<K::Code, (i64, i64)>,
    n_groups: usize,
}

/// What is taken out of [`Ledgers`].
struct Taken<K: Keys> {
    n_groups: usize,
    rows: Grouped<K::Code, (i64, i64)>,
    large: Grouped<K::Code, i128>,
    scores: Grouped<K::Code, (i64, i64)>,
    marks: Grouped<K::Code, (i64, i64)>,
    names: K::Names,
}

/// The arguments of a batch.
struct Rows<'a> {
    keys: &'a ArrayRef,
    times: &'a TimestampMicrosecondArray,
    amounts: &'a Decimal128Array,
    scores: &'a Decimal128Array,
    marks: &'a Int64Array,
}

impl<'a> Rows<'a> {
    fn of(values: &'a [ArrayRef]) -> Result<Self> {
        let [keys, times, amounts, scores, marks] = values else {
            return internal_err!("a ledger has five arguments");
        };
        let columns = (
            times.as_primitive_opt::<TimestampMicrosecondType>(),
            amounts.as_primitive_opt::<Decimal128Type>(),
            scores.as_primitive_opt::<Decimal128Type>(),
            marks.as_primitive_opt::<Int64Type>(),
        );
        let (Some(times), Some(amounts), Some(scores), Some(marks)) = columns else {
            return internal_err!("the arguments of a ledger have other types");
        };
        if times.null_count() > 0 {
            return exec_err!("a row of a ledger has no time");
        }
        Ok(Self {
            keys,
            times,
            amounts,
            scores,
            marks,
        })
    }
}

fn narrow(value: i128, what: &str) -> Result<i64> {
    i64::try_from(value).map_err(|_| {
        DataFusionError::Execution(format!("{value} millionths are too large for {what}"))
    })
}

impl<K: Keys> Default for Ledgers<K> {
    fn default() -> Self {
        Self {
            keys: K::default(),
            rows: Entries::default(),
            large: Entries::default(),
            scores: Entries::default(),
            marks: Entries::default(),
            n_groups: 0,
        }
    }
}

impl<K: Keys> Ledgers<K> {
    /// For a query without groups, which is one group, with or without rows.
    pub(super) fn of_one_group() -> OneGroup<Self> {
        OneGroup(Self {
            n_groups: 1,
            ..Self::default()
        })
    }

    fn count(&mut self, n_groups: usize) -> Result<()> {
        check_groups(n_groups)?;
        self.n_groups = n_groups;
        Ok(())
    }

    fn take(&mut self, emit_to: EmitTo) -> Result<Taken<K>> {
        let n = match emit_to {
            EmitTo::All => self.n_groups,
            EmitTo::First(n) => n.min(self.n_groups),
        };
        self.n_groups -= n;
        let taken = Taken {
            n_groups: n,
            rows: self.rows.take(n),
            large: self.large.take(n),
            scores: self.scores.take(n),
            marks: self.marks.take(n),
            names: self.keys.names(),
        };
        let codes = self.rows.keys_mut().chain(self.large.keys_mut());
        let codes = codes.chain(self.scores.keys_mut());
        for codes in codes.chain(self.marks.keys_mut()) {
            self.keys.restore(&taken.names, codes)?;
        }
        Ok(taken)
    }

    /// Adds an amount of a row.
    fn add(
        rows: &mut Entries<K::Code, (i64, i64)>,
        large: &mut Entries<K::Code, i128>,
        (group, key, time): (u32, K::Code, i64),
        amount: Option<i128>,
    ) {
        let kept = match amount.map(|amount| (amount, i64::try_from(amount))) {
            None => NOTHING,
            Some((_, Ok(amount))) if amount > LARGE => amount,
            Some((amount, _)) => {
                large.push(group, key, amount);
                LARGE
            }
        };
        rows.push(group, key, (kept, time));
    }
}

/// Of sorted entries the last of a key.
fn last_of<C: Copy + Ord>(entries: &[(C, (i64, i64))], key: C) -> Option<i64> {
    let end = entries.partition_point(|entry| entry.0 <= key);
    let (found, (_, value)) = entries.get(end.checked_sub(1)?)?;
    (*found == key).then_some(*value)
}

impl<K: Keys> GroupsAccumulator for Ledgers<K> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.count(total_num_groups)?;
        let batch = Rows::of(values)?;
        let wanted = opt_filter.map(wanted);
        let passes = |row| wanted.as_ref().is_none_or(|wanted| wanted.is_valid(row));
        let (rows, large) = (&mut self.rows, &mut self.large);
        let (scores, marks) = (&mut self.scores, &mut self.marks);
        let any_scores = batch.scores.null_count() < batch.scores.len();
        let any_marks = batch.marks.null_count() < batch.marks.len();
        let mut result = Ok(());
        self.keys.each(batch.keys, |row, key| {
            if !passes(row) {
                return;
            }
            // `count` has seen to it that groups are numbered with 32 bits.
            let (group, time) = (group_indices[row] as u32, batch.times.value(row));
            let amount = batch
                .amounts
                .is_valid(row)
                .then(|| batch.amounts.value(row));
            Self::add(rows, large, (group, key, time), amount);
            if any_scores && batch.scores.is_valid(row) {
                match narrow(batch.scores.value(row), "a score") {
                    Ok(score) => scores.push(group, key, (time, score)),
                    Err(error) => result = Err(error),
                }
            }
            if any_marks && batch.marks.is_valid(row) {
                marks.push(group, key, (time, -batch.marks.value(row)));
            }
        })?;
        result
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let taken = self.take(emit_to)?;
        let Taken { rows, names, .. } = &taken;
        let room = rows.len() / 2;
        let mut keys = Vec::with_capacity(room);
        let mut sums = Decimal128Builder::with_capacity(room);
        let (mut counts, mut lasts) = (Vec::with_capacity(room), Vec::with_capacity(room));
        let (mut scores, mut marks) = (Vec::new(), Vec::new());
        let (any_scores, any_marks) = (taken.scores.len() > 0, taken.marks.len() > 0);
        let mut lengths = Vec::with_capacity(taken.n_groups);
        let (mut entries, mut large) = (Vec::new(), Vec::new());
        let (mut scored, mut marked) = (Vec::new(), Vec::new());
        for group in 0..taken.n_groups {
            rows.sorted(group, &mut entries);
            taken.large.sorted(group, &mut large);
            taken.scores.sorted(group, &mut scored);
            taken.marks.sorted(group, &mut marked);
            let mut pages: Vec<_> = entries.chunk_by(|a, b| a.0 == b.0).collect();
            if !K::SORTED {
                pages.sort_unstable_by(|a, b| names.order(a[0].0, b[0].0));
            }
            lengths.push(pages.len());
            for page in pages {
                let key = page[0].0;
                let (mut sum, mut last) = (None, i64::MIN);
                for (_, (amount, time)) in page {
                    last = last.max(*time);
                    if *amount > LARGE {
                        let sum = sum.get_or_insert(0_i128);
                        *sum = sum.wrapping_add(i128::from(*amount));
                    }
                }
                for (_, amount) in large.iter().filter(|(of, _)| *of == key) {
                    let sum = sum.get_or_insert(0);
                    *sum = sum.wrapping_add(*amount);
                }
                keys.push(key);
                sums.append_option(sum);
                counts.push(page.len() as i64);
                lasts.push(last);
                if any_scores {
                    scores.push(last_of(&scored, key).map(i128::from));
                }
                if any_marks {
                    marks.push(last_of(&marked, key).map(|mark| -mark));
                }
            }
        }
        let n = keys.len();
        let scores: ArrayRef = match any_scores {
            true => Arc::new(Decimal128Array::from(scores).with_data_type(SCORE)),
            false => new_null_array(&SCORE, n),
        };
        let marks: ArrayRef = match any_marks {
            true => Arc::new(Int64Array::from(marks)),
            false => new_null_array(&DataType::Int64, n),
        };
        let keys = names.all(keys)?;
        let fields = page_fields(keys.data_type());
        let columns: Vec<ArrayRef> = vec![
            keys,
            Arc::new(sums.finish().with_data_type(SUM)),
            Arc::new(Int64Array::from(counts)),
            Arc::new(TimestampMicrosecondArray::from(lasts).with_timezone("UTC")),
            scores,
            marks,
        ];
        let pages = Arc::new(StructArray::try_new(fields, columns, None)?);
        list(pages, OffsetBuffer::from_lengths(lengths), None)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let taken = self.take(emit_to)?;
        let names = &taken.names;
        let times = |times: Vec<i64>| -> ArrayRef {
            Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC"))
        };
        let (mut keys, mut at, mut amounts) = (Vec::new(), Vec::new(), Vec::new());
        let mut lengths = Vec::with_capacity(taken.n_groups);
        let (mut entries, mut large) = (Vec::new(), Vec::new());
        for group in 0..taken.n_groups {
            taken.rows.sorted(group, &mut entries);
            taken.large.sorted(group, &mut large);
            let mut large = large.iter();
            for (key, (amount, time)) in &entries {
                keys.push(*key);
                at.push(*time);
                amounts.push(match *amount {
                    NOTHING => None,
                    // Both are sorted by key; which of a key's rows had which does not matter.
                    LARGE => large.next().map(|(_, amount)| *amount),
                    amount => Some(i128::from(amount)),
                });
            }
            lengths.push(entries.len());
        }
        let offsets = OffsetBuffer::from_lengths(lengths);
        let amounts = Arc::new(Decimal128Array::from(amounts).with_data_type(AMOUNT));
        let mut columns = vec![
            list(names.all(keys)?, offsets.clone(), None)?,
            list(times(at), offsets.clone(), None)?,
            list(amounts, offsets, None)?,
        ];
        for (said, decimal) in [(&taken.scores, true), (&taken.marks, false)] {
            let (mut keys, mut at, mut values) = (Vec::new(), Vec::new(), Vec::new());
            let mut lengths = Vec::with_capacity(taken.n_groups);
            for group in 0..taken.n_groups {
                said.sorted(group, &mut entries);
                let lasts = entries.chunk_by(|a, b| a.0 == b.0);
                let lasts = lasts.filter_map(|page| page.last());
                let before = keys.len();
                for (key, (time, value)) in lasts {
                    keys.push(*key);
                    at.push(*time);
                    values.push(*value);
                }
                lengths.push(keys.len() - before);
            }
            let values: ArrayRef = if decimal {
                let values = values.into_iter().map(i128::from);
                Arc::new(Decimal128Array::from_iter_values(values).with_data_type(SCORE))
            } else {
                let marks = values.into_iter().map(|mark| -mark);
                Arc::new(Int64Array::from_iter_values(marks))
            };
            let offsets = OffsetBuffer::from_lengths(lengths);
            columns.push(list(names.all(keys)?, offsets.clone(), None)?);
            columns.push(list(times(at), offsets.clone(), None)?);
            columns.push(list(values, offsets, None)?);
        }
        Ok(columns)
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.count(total_num_groups)?;
        let lists: Option<Vec<&ListArray>> = values.iter().map(AsArray::as_list_opt).collect();
        let lists = lists
            .as_ref()
            .and_then(|lists| <&[_; 9]>::try_from(lists.as_slice()).ok());
        let Some(lists) = lists else {
            return internal_err!("the state of a ledger is no nine lists");
        };
        let (sets, _) = lists.as_chunks::<3>();
        for (place, [keys, times, said]) in sets.iter().enumerate() {
            if keys.offsets() != times.offsets() || keys.offsets() != said.offsets() {
                return internal_err!("the lists of a state are of different lengths");
            }
            let groups = groups_of(keys, group_indices);
            let Some(times) = times
                .values()
                .as_primitive_opt::<TimestampMicrosecondType>()
            else {
                return internal_err!("the times of a state are none");
            };
            let said = said.values();
            let (rows, large) = (&mut self.rows, &mut self.large);
            let (scores, marks) = (&mut self.scores, &mut self.marks);
            let decimals = said.as_primitive_opt::<Decimal128Type>();
            let integers = said.as_primitive_opt::<Int64Type>();
            let mut result = Ok(());
            self.keys.each(keys.values(), |row, key| {
                let Some(group) = groups[row] else { return };
                let time = times.value(row);
                match (place, decimals, integers) {
                    (0, Some(amounts), _) => {
                        let amount = amounts.is_valid(row).then(|| amounts.value(row));
                        Self::add(rows, large, (group, key, time), amount);
                    }
                    (1, Some(given), _) if given.is_valid(row) => {
                        match narrow(given.value(row), "a score") {
                            Ok(score) => scores.push(group, key, (time, score)),
                            Err(error) => result = Err(error),
                        }
                    }
                    (2, _, Some(given)) if given.is_valid(row) => {
                        marks.push(group, key, (time, -given.value(row)));
                    }
                    _ => {}
                }
            })?;
            result?;
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let [keys, times, amounts, scores, marks] = values else {
            return internal_err!("a ledger has five arguments");
        };
        let wanted = opt_filter.map(wanted);
        let rows = NullBuffer::union(keys.nulls(), wanted.as_ref());
        let mut columns = Vec::with_capacity(9);
        for (said, counted) in [(amounts, true), (scores, false), (marks, false)] {
            let offsets = OffsetBuffer::from_repeated_length(1, keys.len());
            let nulls = match counted {
                true => rows.clone(),
                false => NullBuffer::union(rows.as_ref(), said.nulls()),
            };
            for column in [keys, times, said] {
                columns.push(list(Arc::clone(column), offsets.clone(), nulls.clone())?);
            }
        }
        Ok(columns)
    }

    fn size(&self) -> usize {
        let rows = self.rows.bytes() + self.large.bytes();
        rows + self.scores.bytes() + self.marks.bytes() + self.keys.bytes()
    }
}
