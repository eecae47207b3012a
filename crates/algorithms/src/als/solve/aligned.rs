use std::ops::{Deref, DerefMut};

use aligned_vec::{AVec, CACHELINE_ALIGN};
use ndarray::{Array1, Array2, s};

/// A vector that begins with a line of the cache: registers of whole lines are loaded and stored as
/// such, where they would take two lines each.
#[derive(Clone, Debug)]
pub(crate) struct Aligned<T>(AVec<T>);

impl<T> Default for Aligned<T> {
    fn default() -> Self {
        Self(AVec::new(CACHELINE_ALIGN))
    }
}

impl<T> Deref for Aligned<T> {
    type Target = AVec<T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<T: Copy> Aligned<T> {
    pub(crate) fn filled(value: T, n: usize) -> Self {
        let mut values = Self::default();
        values.resize(n, value);
        values
    }
}

/// Whether values begin with a line of the cache.
pub(crate) fn is_aligned(values: &[f32]) -> bool {
    values.as_ptr().align_offset(CACHELINE_ALIGN) == 0
}

/// Zeros that begin with a line of the cache. (Those of an allocation begin anywhere: a few more are
/// allocated, and the first of them left out.)
pub(crate) fn aligned_zeros(shape: (usize, usize)) -> Array2<f32> {
    let (n, spare) = (shape.0 * shape.1, CACHELINE_ALIGN / size_of::<f32>());
    let values = Array1::<f32>::zeros(n + spare);
    let first = values.as_ptr().align_offset(CACHELINE_ALIGN).min(spare);
    let values = values.slice_move(s![first..first + n]);
    // What lies in one piece takes every shape of as many values.
    let shaped = values.into_shape_with_order(shape);
    shaped.unwrap_or_else(|_| Array2::zeros(shape))
}
