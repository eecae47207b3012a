//! What a group is made of: keys with values, gathered in any order, looked at group by group.

use datafusion::error::{DataFusionError, Result};

/// Entries per chunk. Chunks are filled one after the other, so that growing copies nothing.
const CHUNK: usize = 1 << 16;

/// Keys with values, each of a group.
///
/// Nothing is looked up or compared while entries come in; that waits until a group is whole and
/// its few entries lie side by side.
#[derive(Debug)]
pub(super) struct Entries<K, V> {
    chunks: Vec<Chunk<K, V>>,
}

#[derive(Debug)]
struct Chunk<K, V> {
    groups: Vec<u32>,
    keys: Vec<K>,
    values: Vec<V>,
}

impl<K, V> Default for Entries<K, V> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<K: Copy, V: Copy> Chunk<K, V> {
    fn with_capacity(entries: usize) -> Self {
        Self {
            groups: Vec::with_capacity(entries),
            keys: Vec::with_capacity(entries),
            values: Vec::with_capacity(entries),
        }
    }

    fn bytes(&self) -> usize {
        self.groups.capacity() * size_of::<u32>()
            + self.keys.capacity() * size_of::<K>()
            + self.values.capacity() * size_of::<V>()
    }
}

impl<K: Copy + Default, V: Copy + Default> Entries<K, V> {
    /// Adds an entry.
    #[inline]
    pub(super) fn push(&mut self, group: u32, key: K, value: V) {
        let chunk = match self.chunks.last_mut() {
            Some(chunk) if chunk.groups.len() < CHUNK => chunk,
            _ => self.grow(),
        };
        chunk.groups.push(group);
        chunk.keys.push(key);
        chunk.values.push(value);
    }

    #[cold]
    fn grow(&mut self) -> &mut Chunk<K, V> {
        // The first is small: a query may have many accumulators with next to nothing in each.
        let room = if self.chunks.is_empty() { 0 } else { CHUNK };
        self.chunks.push(Chunk::with_capacity(room));
        let last = self.chunks.len() - 1;
        &mut self.chunks[last]
    }

    /// The keys of all entries, to be written anew.
    pub(super) fn keys_mut(&mut self) -> impl Iterator<Item = &mut [K]> {
        self.chunks
            .iter_mut()
            .map(|chunk| chunk.keys.as_mut_slice())
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.iter().map(Chunk::bytes).sum()
    }

    /// Takes out the entries of the first `n` groups, side by side; those of later groups stay,
    /// counted from the first that stays.
    pub(super) fn take(&mut self, n: usize) -> Grouped<K, V> {
        let chunks = std::mem::take(&mut self.chunks);
        let mut starts = vec![0_usize; n + 1];
        for group in chunks.iter().flat_map(|chunk| &chunk.groups) {
            if let Some(count) = starts.get_mut(*group as usize + 1) {
                *count += 1;
            }
        }
        for place in 1..starts.len() {
            starts[place] += starts[place - 1];
        }
        let mut next = starts.clone();
        let mut keys = vec![K::default(); starts[n]];
        let mut values = vec![V::default(); starts[n]];
        for chunk in chunks {
            for ((group, key), value) in chunk.groups.iter().zip(chunk.keys).zip(chunk.values) {
                let group = *group as usize;
                if group < n {
                    let place = next[group];
                    next[group] += 1;
                    keys[place] = key;
                    values[place] = value;
                } else {
                    // Groups are numbered with 32 bits, and these are fewer than before.
                    self.push((group - n) as u32, key, value);
                }
            }
        }
        Grouped {
            starts,
            keys,
            values,
        }
    }
}

/// Entries side by side, group after group.
#[derive(Debug)]
pub(super) struct Grouped<K, V> {
    starts: Vec<usize>,
    keys: Vec<K>,
    values: Vec<V>,
}

impl<K: Copy + Ord, V: Copy + Ord> Grouped<K, V> {
    /// How many entries there are in all groups.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Fills `entries` with those of a group, sorted by key, then value.
    pub(super) fn sorted(&self, group: usize, entries: &mut Vec<(K, V)>) {
        let range = self.starts[group]..self.starts[group + 1];
        entries.clear();
        let keys = self.keys[range.clone()].iter().copied();
        entries.extend(keys.zip(self.values[range].iter().copied()));
        entries.sort_unstable();
    }

    /// Calls with the entries of each group, sorted by key, then value.
    pub(super) fn each_sorted(self, mut visit: impl FnMut(&[(K, V)])) {
        let mut entries = Vec::new();
        for group in 0..self.starts.len() - 1 {
            self.sorted(group, &mut entries);
            visit(&entries);
        }
    }
}

/// The number of a group as entries keep it.
///
/// # Errors
///
/// More groups than 32 bits can count.
pub(super) fn check_groups(n_groups: usize) -> Result<()> {
    if u32::try_from(n_groups).is_err() {
        return Err(DataFusionError::ResourcesExhausted(format!(
            "{n_groups} groups in one partition are more than can be counted; plan with more partitions"
        )));
    }
    Ok(())
}
