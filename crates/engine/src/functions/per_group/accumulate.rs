//! The accumulator behind all functions of groups: it gathers entries and hands each group, whole
//! and sorted, to a [`Measure`].

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::Field;
use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::super::groups::{OneGroup, wanted};
use super::entries::{Entries, Grouped, check_groups};
use super::keys::{Keys, Names};

/// What looks at the sorted entries of one group after the other.
pub(super) type Visit<'v, C, V> = &'v mut dyn FnMut(&[(C, V)]);

/// What is made of a group's entries.
pub(super) trait Measure<K: Keys>: Send + Sync + 'static {
    /// What comes with a key.
    type Value: Copy + Ord + Default + Send + Sync;

    /// The values that come with keys, row by row.
    fn values<'a>(&self, arguments: &'a [ArrayRef]) -> Result<impl Fn(usize) -> Self::Value + 'a>;

    /// The values of entries as a column of the state; none where keys come alone.
    fn state(&self, values: Vec<Self::Value>) -> Option<ArrayRef>;

    /// Lessens sorted entries to those that say the same, for the state.
    fn lessen(&self, entries: &mut Vec<(K::Code, Self::Value)>);

    /// The results of all groups, each of which `each` calls with, sorted.
    fn results(
        &self,
        names: &K::Names,
        n_groups: usize,
        each: impl FnOnce(Visit<'_, K::Code, Self::Value>),
    ) -> Result<ArrayRef>;
}

/// What is taken out of [`PerGroup`].
struct Taken<K: Keys, M: Measure<K>> {
    n_groups: usize,
    grouped: Grouped<K::Code, M::Value>,
    /// What the keys mean.
    names: K::Names,
}

/// Entries of many groups.
pub(super) struct PerGroup<K: Keys, M: Measure<K>> {
    keys: K,
    measure: M,
    entries: Entries<K::Code, M::Value>,
    n_groups: usize,
}

impl<K: Keys, M: Measure<K>> PerGroup<K, M> {
    /// Nothing of no group.
    pub(super) fn new(measure: M) -> Self {
        Self {
            keys: K::default(),
            measure,
            entries: Entries::default(),
            n_groups: 0,
        }
    }

    /// For a query without groups, which is one group, with or without rows.
    pub(super) fn of_one_group(measure: M) -> OneGroup<Self> {
        let groups = Self::new(measure);
        OneGroup(Self {
            n_groups: 1,
            ..groups
        })
    }

    fn count(&mut self, n_groups: usize) -> Result<()> {
        check_groups(n_groups)?;
        self.n_groups = n_groups;
        Ok(())
    }

    /// Takes out the groups to be emitted.
    fn take(&mut self, emit_to: EmitTo) -> Result<Taken<K, M>> {
        let n = match emit_to {
            EmitTo::All => self.n_groups,
            EmitTo::First(n) => n.min(self.n_groups),
        };
        let grouped = self.entries.take(n);
        self.n_groups -= n;
        let names = self.keys.names();
        for codes in self.entries.keys_mut() {
            self.keys.restore(&names, codes)?;
        }
        Ok(Taken {
            n_groups: n,
            grouped,
            names,
        })
    }
}

impl<K: Keys, M: Measure<K>> GroupsAccumulator for PerGroup<K, M> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.count(total_num_groups)?;
        let (entries, value) = (&mut self.entries, self.measure.values(values)?);
        // `count` has seen to it that groups are numbered with 32 bits.
        match opt_filter {
            None => self.keys.each(&values[0], |row, key| {
                entries.push(group_indices[row] as u32, key, value(row));
            }),
            Some(wanted) => {
                if wanted.true_count() == 0 {
                    return Ok(());
                }
                self.keys.each(&values[0], |row, key| {
                    if wanted.is_valid(row) && wanted.value(row) {
                        entries.push(group_indices[row] as u32, key, value(row));
                    }
                })
            }
        }
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let Taken {
            n_groups: n,
            grouped,
            names,
        } = self.take(emit_to)?;
        let each = |visit: Visit<'_, K::Code, M::Value>| grouped.each_sorted(visit);
        self.measure.results(&names, n, each)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let Taken {
            n_groups: n,
            grouped,
            names,
        } = self.take(emit_to)?;
        let (mut keys, mut values, mut lengths) = (Vec::new(), Vec::new(), Vec::with_capacity(n));
        let mut less = Vec::new();
        grouped.each_sorted(|entries| {
            less.clear();
            less.extend_from_slice(entries);
            self.measure.lessen(&mut less);
            lengths.push(less.len());
            keys.extend(less.iter().map(|(key, _)| *key));
            values.extend(less.iter().map(|(_, value)| *value));
        });
        let offsets = OffsetBuffer::from_lengths(lengths);
        let keys = names.all(keys)?;
        let mut columns = vec![list(keys, offsets.clone(), None)?];
        if let Some(values) = self.measure.state(values) {
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
        let Some((first, lists)) = lists.as_ref().and_then(|lists| lists.split_first()) else {
            return internal_err!("the state of a group is no list");
        };
        let groups = groups_of(first, group_indices);
        let mut columns = vec![Arc::clone(first.values())];
        for list in lists {
            if list.offsets() != first.offsets() {
                return internal_err!("the lists of a state are of different lengths");
            }
            columns.push(Arc::clone(list.values()));
        }
        let (entries, value) = (&mut self.entries, self.measure.values(&columns)?);
        self.keys.each(&columns[0], |row, key| {
            if let Some(group) = groups[row] {
                entries.push(group, key, value(row));
            }
        })
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let rows = values[0].len();
        let wanted = opt_filter.map(wanted);
        let nulls = NullBuffer::union(values[0].nulls(), wanted.as_ref());
        let offsets = OffsetBuffer::from_repeated_length(1, rows);
        values
            .iter()
            .map(|column| list(Arc::clone(column), offsets.clone(), nulls.clone()))
            .collect()
    }

    fn size(&self) -> usize {
        self.entries.bytes() + self.keys.bytes()
    }
}

/// The groups of the values of lists; values of no list have none.
pub(super) fn groups_of(lists: &ListArray, group_indices: &[usize]) -> Vec<Option<u32>> {
    let mut groups: Vec<Option<u32>> = vec![None; lists.values().len()];
    let offsets = lists.value_offsets();
    for (row, group) in group_indices.iter().enumerate() {
        if lists.is_valid(row) {
            let range = offsets[row] as usize..offsets[row + 1] as usize;
            // Whoever asks has seen to it that groups are numbered with 32 bits.
            groups[range].fill(Some(*group as u32));
        }
    }
    groups
}

/// One column of lists.
pub(super) fn list(
    values: ArrayRef,
    offsets: OffsetBuffer<i32>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef> {
    let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    Ok(Arc::new(ListArray::try_new(item, offsets, values, nulls)?))
}
