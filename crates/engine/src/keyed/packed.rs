//! Integers in as few bytes as they need.

use arrow::datatypes::ArrowNativeType;

/// Integers next to each other: how far each is above the least of them.
#[derive(Debug)]
pub(super) struct Packed {
    least: i128,
    /// Bytes of each, 0 where all are the same.
    width: usize,
    bytes: Box<[u8]>,
}

/// What values of a fixed width are packed as.
pub(super) trait Integer: ArrowNativeType + Ord {
    /// How far it is above a lesser one, if that is less than 2^64.
    fn distance(self, least: Self) -> u64;

    /// The one so far above the least.
    fn at(least: Self, distance: u64) -> Self;

    fn wide(self) -> i128;

    /// Back from [`Self::wide`].
    fn narrow(wide: i128) -> Self;
}

macro_rules! integer {
    ($($native:ty),*) => {$(
        impl Integer for $native {
            #[inline]
            fn distance(self, least: Self) -> u64 {
                // In 64 bits, where a difference of up to 64 bits is right however it wraps.
                (self as i64).wrapping_sub(least as i64) as u64
            }

            #[inline]
            fn at(least: Self, distance: u64) -> Self {
                least.wrapping_add(distance as Self)
            }

            fn wide(self) -> i128 {
                self as i128
            }

            fn narrow(wide: i128) -> Self {
                wide as Self
            }
        }
    )*};
}

integer!(i8, i16, i32, i64, i128);

/// Calls a function of a constant number of bytes.
macro_rules! with_width {
    ($width:expr, $function:ident($($argument:expr),*)) => {
        match $width {
            0 => $function::<_, 0>($($argument),*),
            1 => $function::<_, 1>($($argument),*),
            2 => $function::<_, 2>($($argument),*),
            3 => $function::<_, 3>($($argument),*),
            4 => $function::<_, 4>($($argument),*),
            5 => $function::<_, 5>($($argument),*),
            6 => $function::<_, 6>($($argument),*),
            7 => $function::<_, 7>($($argument),*),
            _ => $function::<_, 8>($($argument),*),
        }
    };
}

impl Packed {
    /// None if the values are further apart than 64 bits.
    pub(super) fn new<N: Integer>(values: &[N]) -> Option<Self> {
        let (mut least, mut greatest) = match values.first() {
            Some(first) => (*first, *first),
            None => (N::default(), N::default()),
        };
        for value in values {
            least = least.min(*value);
            greatest = greatest.max(*value);
        }
        let furthest = greatest.wide().checked_sub(least.wide())?;
        let bits = u64::BITS - u64::try_from(furthest).ok()?.leading_zeros();
        let width = bits.div_ceil(8) as usize;
        let mut bytes = vec![0; values.len() * width].into_boxed_slice();
        with_width!(width, write(values, least, &mut bytes));
        Some(Self {
            least: least.wide(),
            width,
            bytes,
        })
    }

    /// Writes the values one after the other.
    pub(super) fn unpack<N: Integer>(&self, to: &mut [N]) {
        let least = N::narrow(self.least);
        with_width!(self.width, read(&self.bytes, least, to));
    }

    /// Writes each value to its place.
    pub(super) fn unpack_at<N: Integer>(&self, places: impl Iterator<Item = usize>, to: &mut [N]) {
        let least = N::narrow(self.least);
        with_width!(self.width, scatter(&self.bytes, least, (places, to)));
    }

    /// Writes what it is.
    pub(super) fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.least.to_le_bytes());
        // At most 8.
        to.push(self.width as u8);
        to.extend_from_slice(&self.bytes);
    }

    /// Back from what [`Self::write`] writes; none if no integers are so wide.
    pub(super) fn from_parts(least: i128, width: usize, bytes: &[u8]) -> Option<Self> {
        (width <= size_of::<u64>()).then(|| Self {
            least,
            width,
            bytes: bytes.into(),
        })
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

fn write<N: Integer, const WIDTH: usize>(values: &[N], least: N, to: &mut [u8]) {
    if WIDTH > 0 {
        for (value, to) in values.iter().zip(to.chunks_exact_mut(WIDTH)) {
            to.copy_from_slice(&value.distance(least).to_le_bytes()[..WIDTH]);
        }
    }
}

fn read<N: Integer, const WIDTH: usize>(bytes: &[u8], least: N, to: &mut [N]) {
    if WIDTH == 0 {
        to.fill(least);
        return;
    }
    for (to, bytes) in to.iter_mut().zip(bytes.chunks_exact(WIDTH)) {
        *to = N::at(least, distance::<WIDTH>(bytes));
    }
}

fn scatter<N: Integer, const WIDTH: usize>(
    bytes: &[u8],
    least: N,
    (places, to): (impl Iterator<Item = usize>, &mut [N]),
) {
    for (value, place) in places.enumerate() {
        let bytes = &bytes[value * WIDTH..(value + 1) * WIDTH];
        to[place] = N::at(least, distance::<WIDTH>(bytes));
    }
}

fn distance<const WIDTH: usize>(bytes: &[u8]) -> u64 {
    let mut distance = [0; 8];
    distance[..WIDTH].copy_from_slice(bytes);
    u64::from_le_bytes(distance)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn comes_back<N: Integer>(values: &[N], width: Option<usize>) {
        let packed = Packed::new(values);
        assert_eq!(packed.as_ref().map(|packed| packed.width), width);
        let Some(packed) = packed else {
            return;
        };
        assert_eq!(packed.bytes(), values.len() * packed.width);
        let mut all = vec![N::default(); values.len()];
        packed.unpack(&mut all);
        assert_eq!(all, values);
        // Every other place, backwards.
        let mut apart = vec![N::default(); 2 * values.len()];
        packed.unpack_at((0..values.len()).rev().map(|at| 2 * at), &mut apart);
        for (place, value) in values.iter().rev().enumerate() {
            assert_eq!(apart[2 * place], *value);
        }
    }

    #[test]
    fn as_many_bytes_as_the_largest_difference_needs() {
        comes_back::<i64>(&[], Some(0));
        comes_back(&[7_i64, 7, 7], Some(0));
        comes_back(&[-1_i64, 254], Some(1));
        comes_back(&[-1_i64, 255], Some(2));
        comes_back(&[i64::MIN, 0, i64::MAX], Some(8));
        comes_back(&[i8::MIN, i8::MAX], Some(1));
        comes_back(&[i32::MIN, i32::MAX], Some(4));
        comes_back(&[1_i128 << 100, (1 << 100) + 65_536], Some(3));
        comes_back(&[-1, i128::from(u64::MAX) - 1], Some(8));
        comes_back(&[-1, i128::from(u64::MAX)], None);
        comes_back(&[i128::MIN, i128::MAX], None);
    }

    proptest! {
        #[test]
        fn values_come_back(least in any::<i64>(), spread in 0..64, seeds in prop::collection::vec(any::<u64>(), 1..100)) {
            let narrow = |seed: &u64| least.wrapping_add((seed >> spread) as i64);
            let values: Vec<i64> = seeds.iter().map(narrow).collect();
            let range = i128::from(*values.iter().max().unwrap()) - i128::from(*values.iter().min().unwrap());
            let width = (128 - range.leading_zeros()).div_ceil(8) as usize;
            comes_back(&values, Some(width));
            let wide: Vec<i128> = values.iter().map(|value| i128::from(*value) << 3).collect();
            let width = ((range << 3) >> 64 == 0)
                .then(|| (128 - (range << 3).leading_zeros()).div_ceil(8) as usize);
            comes_back(&wide, width);
        }
    }
}
