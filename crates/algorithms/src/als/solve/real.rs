use std::borrow::Cow;
use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use super::PAD;
use super::lanes::{Lanes, SYSTEMS};
use crate::isa::{self, one_at_a_time};

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
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + 'static
{
    const ZERO: Self;
    const ONE: Self;
    const INFINITY: Self;

    /// What is left of a diagonal element after an elimination is noise if it is no larger a part of
    /// it: a few roundings.
    const NOISE: Self;

    /// Whether register tiles are wider than the padding, up to four times.
    const WIDE: bool;

    fn from_f64(value: f64) -> Self;
    fn from_f32(value: f32) -> Self;
    fn to_f64(self) -> f64;
    fn to_f32(self) -> f32;
    fn sqrt(self) -> Self;

    /// `self a + b`, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;

    /// Writes rows of a table to lanes, times a factor for each row and one for each of its numbers.
    #[inline(always)]
    fn scale_into_lanes<S: Real, const ROWS: usize>(
        rows: &Lanes<&[S; PAD]>,
        of_rows: &Lanes<Self>,
        of_numbers: &[Lanes<Self>; PAD],
        target: &mut [Lanes<Self>; PAD],
    ) {
        scale_plainly(rows, of_rows, of_numbers, target);
    }

    /// Writes what stands in lanes to rows, rounded, each the block `first` of `width` blocks.
    #[inline(always)]
    fn take_lanes_apart<const ROWS: usize>(
        lanes: &[Lanes<Self>; PAD],
        rows: &mut [[f32; PAD]],
        first: usize,
        width: usize,
    ) {
        for (lane, row) in rows.iter_mut().skip(first).step_by(width).enumerate() {
            *row = lanes.map(|column| column[lane].to_f32());
        }
    }

    /// The same rows, if that is their type.
    fn as_singles<'a>(rows: &Lanes<&'a [Self; PAD]>) -> Option<Lanes<&'a [f32; PAD]>>;

    /// The one of two copies of the same numbers that is in this type.
    fn choose<'a>(single: &'a [f32], double: &'a [f64]) -> &'a [Self];

    /// Numbers in this type.
    fn from_singles(values: &[f32]) -> Cow<'_, [Self]>;
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const INFINITY: Self = Self::INFINITY;
    const NOISE: Self = 8.0 * Self::EPSILON;
    const WIDE: bool = true;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as f32
    }

    #[inline(always)]
    fn from_f32(value: f32) -> Self {
        value
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        self
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }

    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        self.mul_add(a, b)
    }

    #[inline(always)]
    fn scale_into_lanes<S: Real, const ROWS: usize>(
        rows: &Lanes<&[S; PAD]>,
        of_rows: &Lanes<Self>,
        of_numbers: &[Lanes<Self>; PAD],
        target: &mut [Lanes<Self>; PAD],
    ) {
        match S::as_singles(rows) {
            Some(rows) => isa::scale_into_lanes::<ROWS>(&rows, of_rows, of_numbers, target),
            None => scale_plainly(rows, of_rows, of_numbers, target),
        }
    }

    #[inline(always)]
    fn take_lanes_apart<const ROWS: usize>(
        lanes: &[Lanes<Self>; PAD],
        rows: &mut [[f32; PAD]],
        first: usize,
        width: usize,
    ) {
        isa::take_lanes_apart::<ROWS>(lanes, rows, first, width);
    }

    #[inline(always)]
    fn as_singles<'a>(rows: &Lanes<&'a [Self; PAD]>) -> Option<Lanes<&'a [f32; PAD]>> {
        Some(*rows)
    }

    fn choose<'a>(single: &'a [f32], _: &'a [f64]) -> &'a [Self] {
        single
    }

    fn from_singles(values: &[f32]) -> Cow<'_, [Self]> {
        Cow::Borrowed(values)
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const INFINITY: Self = Self::INFINITY;
    const NOISE: Self = 8.0 * Self::EPSILON;
    const WIDE: bool = false;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn from_f32(value: f32) -> Self {
        f64::from(value)
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        self as f32
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }

    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        self.mul_add(a, b)
    }

    #[inline(always)]
    fn as_singles<'a>(_: &Lanes<&'a [Self; PAD]>) -> Option<Lanes<&'a [f32; PAD]>> {
        None
    }

    fn choose<'a>(_: &'a [f32], double: &'a [f64]) -> &'a [Self] {
        double
    }

    fn from_singles(values: &[f32]) -> Cow<'_, [Self]> {
        Cow::Owned(values.iter().map(|&value| f64::from(value)).collect())
    }
}

/// [`Real::scale_into_lanes`] for any types.
#[inline(always)]
fn scale_plainly<S: Real, T: Real>(
    rows: &Lanes<&[S; PAD]>,
    of_rows: &Lanes<T>,
    of_numbers: &[Lanes<T>; PAD],
    target: &mut [Lanes<T>; PAD],
) {
    for (j, target) in target.iter_mut().enumerate() {
        one_at_a_time();
        let mut scaled = [T::ZERO; SYSTEMS];
        for lane in 0..SYSTEMS {
            let value = T::from_f64(rows[lane][j].to_f64());
            scaled[lane] = value * (of_rows[lane] * of_numbers[j][lane]);
        }
        *target = scaled;
    }
}
