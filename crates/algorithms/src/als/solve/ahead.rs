use crate::isa::prefetch;

/// Most rows that are fetched ahead.
const MOST: usize = 64;

/// Rows of a table that are needed soon: they are fetched from memory while something else is
/// computed, during which the memory would have nothing to do. Short rows of entries end before what
/// they fetch arrives, so each fetches for the one after it.
pub(crate) struct Ahead<'a, T> {
    table: &'a [T],
    stride: usize,
    indices: &'a [u32],
}

impl<T> Default for Ahead<'_, T> {
    fn default() -> Self {
        Self::new(&[], 0, &[])
    }
}

impl<'a, T> Ahead<'a, T> {
    /// Of the rows with these indices only the first are fetched, if they are many.
    pub(crate) fn new(table: &'a [T], stride: usize, indices: &'a [u32]) -> Self {
        let indices = &indices[..indices.len().min(MOST)];
        Self {
            table,
            stride,
            indices,
        }
    }

    /// Rows that are left.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.indices.len()
    }

    /// Fetches some more.
    #[inline(always)]
    pub(crate) fn fetch(&mut self, n: usize) {
        let (now, later) = self.indices.split_at(n.min(self.indices.len()));
        self.indices = later;
        for &index in now {
            prefetch(&self.table[index as usize * self.stride..][..self.stride]);
        }
    }

    /// Fetches all.
    pub(crate) fn fetch_all(mut self) {
        self.fetch(self.len());
    }
}
