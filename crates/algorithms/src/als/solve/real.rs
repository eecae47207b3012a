use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, Sub, SubAssign};

use super::PAD;

/// The number types of the arithmetic: `f32` and `f64`.
pub(crate) trait Real:
    Copy
    + Debug
    + Default
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + AddAssign
    + SubAssign
    + 'static
{
    const ZERO: Self;
    const ONE: Self;

    /// Columns of a register tile: 32 bytes.
    const TILE: usize;

    fn from_f64(value: f64) -> Self;
    fn from_f32(value: f32) -> Self;
    fn to_f64(self) -> f64;
    fn to_f32(self) -> f32;
    fn sqrt(self) -> Self;
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const TILE: usize = 8;

    fn from_f64(value: f64) -> Self {
        value as f32
    }

    fn from_f32(value: f32) -> Self {
        value
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    fn to_f32(self) -> f32 {
        self
    }

    fn sqrt(self) -> Self {
        self.sqrt()
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const TILE: usize = 4;

    fn from_f64(value: f64) -> Self {
        value
    }

    fn from_f32(value: f32) -> Self {
        f64::from(value)
    }

    fn to_f64(self) -> f64 {
        self
    }

    fn to_f32(self) -> f32 {
        self as f32
    }

    fn sqrt(self) -> Self {
        self.sqrt()
    }
}

/// The dot product of two slices of equal length, in [`PAD`] interleaved sums.
#[inline]
pub(crate) fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<PAD>(), b.as_chunks::<PAD>());
    let mut sums = [T::ZERO; PAD];
    for (p, q) in a.iter().zip(b) {
        for lane in 0..PAD {
            sums[lane] += p[lane] * q[lane];
        }
    }
    let mut sum = T::ZERO;
    for lane in sums {
        sum += lane;
    }
    for (&p, &q) in a_rest.iter().zip(b_rest) {
        sum += p * q;
    }
    sum
}
