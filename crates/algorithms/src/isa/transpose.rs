//! Blocks of rows to lanes and back. The compiler by itself moves such blocks number by number, also
//! where a block is first turned in registers and then worked on: so here is what is done to them, from
//! memory to memory.

#[cfg(target_arch = "x86_64")]
use super::ROWS_OF_AVX512;
use super::unrolled;

/// Numbers of a row in a block.
const COLUMNS: usize = 8;

/// Rows of a block: as many as the widest registers have lanes.
const LANES: usize = 16;

/// Writes rows to lanes, times a factor for each row and one for each of its numbers; in a kernel of
/// so many `ROWS`.
#[inline(always)]
#[cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "the instructions a kernel is compiled for are called by name"
    )
)]
pub(crate) fn scale_into_lanes<const ROWS: usize>(
    rows: &[&[f32; COLUMNS]; LANES],
    of_rows: &[f32; LANES],
    of_numbers: &[[f32; LANES]; COLUMNS],
    target: &mut [[f32; LANES]; COLUMNS],
) {
    #[cfg(target_arch = "x86_64")]
    if ROWS == ROWS_OF_AVX512 {
        // SAFETY: a kernel is run with so many rows only where these instructions are.
        return unsafe { avx512::scale_into_lanes(rows, of_rows, of_numbers, target) };
    }
    for half in [0, LANES / 2] {
        unrolled!(j < COLUMNS, {
            let mut column = [0.0; LANES / 2];
            unrolled!(i < LANES / 2, column[i] = rows[half + i][j]);
            let target = &mut target[j][half..][..LANES / 2];
            let (of_rows, of_numbers) = (&of_rows[half..], &of_numbers[j][half..]);
            for (i, target) in target.iter_mut().enumerate() {
                *target = column[i] * (of_rows[i] * of_numbers[i]);
            }
        });
    }
}

/// Writes what stands in lanes to rows, each the block `first` of `width` blocks in `rows`; in a
/// kernel of so many `ROWS`.
#[inline(always)]
#[cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "the instructions a kernel is compiled for are called by name"
    )
)]
pub(crate) fn take_lanes_apart<const ROWS: usize>(
    lanes: &[[f32; LANES]; COLUMNS],
    rows: &mut [[f32; COLUMNS]],
    first: usize,
    width: usize,
) {
    #[cfg(target_arch = "x86_64")]
    if ROWS == ROWS_OF_AVX512 {
        // SAFETY: a kernel is run with so many rows only where these instructions are.
        return unsafe { avx512::take_lanes_apart(lanes, rows, first, width) };
    }
    for half in [0, LANES / 2] {
        unrolled!(i < LANES / 2, {
            let target = &mut rows[(half + i) * width + first];
            unrolled!(j < COLUMNS, target[j] = lanes[j][half + i]);
        });
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    #![expect(unsafe_code, reason = "registers are loaded and stored by address")]

    use std::arch::x86_64::*;

    use super::{COLUMNS, LANES};

    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    pub(super) fn scale_into_lanes(
        rows: &[&[f32; COLUMNS]; LANES],
        of_rows: &[f32; LANES],
        of_numbers: &[[f32; LANES]; COLUMNS],
        target: &mut [[f32; LANES]; COLUMNS],
    ) {
        // In the quarters of a register: the halves of a row, and those of the row four below.
        let pair = |row: usize| {
            let (upper, lower) = (load_row(rows[row]), load_row(rows[row + 4]));
            _mm512_insertf32x8::<1>(_mm512_castps256_ps512(upper), lower)
        };
        let upper = turn_quarters([pair(0), pair(1), pair(2), pair(3)]);
        let lower = turn_quarters([pair(8), pair(9), pair(10), pair(11)]);
        let of_rows = load(of_rows);
        let mut put = |column: usize, values| {
            let factors = _mm512_mul_ps(of_rows, load(&of_numbers[column]));
            let scaled = _mm512_mul_ps(values, factors);
            // SAFETY: sixteen values are written to a place for as many.
            unsafe { _mm512_storeu_ps(target[column].as_mut_ptr(), scaled) };
        };
        for column in 0..COLUMNS / 2 {
            let (upper, lower) = (upper[column], lower[column]);
            put(column, _mm512_shuffle_f32x4::<0b10_00_10_00>(upper, lower));
            put(
                column + 4,
                _mm512_shuffle_f32x4::<0b11_01_11_01>(upper, lower),
            );
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    pub(super) fn take_lanes_apart(
        lanes: &[[f32; LANES]; COLUMNS],
        rows: &mut [[f32; COLUMNS]],
        first: usize,
        width: usize,
    ) {
        let upper = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
        let lower = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
        // In the quarters of a register: a column of four rows, that of the same rows four columns on,
        // and both of the next four rows.
        let pair = |column: usize, half| {
            let near = _mm512_castps_pd(load(&lanes[column]));
            let far = _mm512_castps_pd(load(&lanes[column + 4]));
            _mm512_castpd_ps(_mm512_permutex2var_pd(near, half, far))
        };
        let mut put = |row: usize, values| {
            let target = &mut rows[row * width + first];
            // SAFETY: eight values are written to a place for as many.
            unsafe { _mm256_storeu_ps(target.as_mut_ptr(), values) };
        };
        for (start, half) in [(0, upper), (LANES / 2, lower)] {
            let pairs = [pair(0, half), pair(1, half), pair(2, half), pair(3, half)];
            for (row, values) in (start..).zip(turn_quarters(pairs)) {
                put(row, _mm512_castps512_ps256(values));
                put(row + 4, _mm512_extractf32x8_ps::<1>(values));
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load(values: &[f32; LANES]) -> __m512 {
        // SAFETY: sixteen values are read, all there are.
        unsafe { _mm512_loadu_ps(values.as_ptr()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load_row(values: &[f32; COLUMNS]) -> __m256 {
        // SAFETY: eight values are read, all there are.
        unsafe { _mm256_loadu_ps(values.as_ptr()) }
    }

    /// Rows and columns exchanged in each quarter of four registers.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn turn_quarters([a, b, c, d]: [__m512; 4]) -> [__m512; 4] {
        let (ab, cd) = (_mm512_unpacklo_ps(a, b), _mm512_unpacklo_ps(c, d));
        let (ab_far, cd_far) = (_mm512_unpackhi_ps(a, b), _mm512_unpackhi_ps(c, d));
        [
            _mm512_shuffle_ps::<0b01_00_01_00>(ab, cd),
            _mm512_shuffle_ps::<0b11_10_11_10>(ab, cd),
            _mm512_shuffle_ps::<0b01_00_01_00>(ab_far, cd_far),
            _mm512_shuffle_ps::<0b11_10_11_10>(ab_far, cd_far),
        ]
    }
}
