//! Sums over fixed blocks, the same for any number of threads.

use rayon::prelude::*;

use super::solve::{Real, add_outer_products};

/// Blocks worked on before their sums are added up; limits the memory of the partial sums.
const WAVE: usize = 64;

/// Rows per block of a Gram matrix: in single precision, their roundings remain below those of the
/// equations the matrix is used in.
const GRAM_ROWS: usize = 512;

/// The sum of `part(0), part(1), …`, each of `len` values, added in this order.
///
/// The parts are computed in parallel; which blocks there are is up to the caller and must depend
/// on the data alone.
pub(crate) fn sum_in_order<T, P>(n_blocks: usize, len: usize, part: P) -> Vec<f64>
where
    T: Real,
    P: Fn(usize) -> Vec<T> + Sync,
{
    let mut sum = vec![0.0; len];
    for wave in (0..n_blocks).step_by(WAVE) {
        let blocks = wave..(wave + WAVE).min(n_blocks);
        let parts: Vec<Vec<T>> = blocks.into_par_iter().map(&part).collect();
        for part in parts {
            for (total, value) in sum.iter_mut().zip(part) {
                *total += value.to_f64();
            }
        }
    }
    sum
}

/// `rows' rows`, both triangles, for padded rows of width `stride`. `n stride^2` operations, within
/// blocks in the given arithmetic.
pub(crate) fn gram<T: Real>(rows: &[f32], stride: usize) -> Vec<f64> {
    let block = GRAM_ROWS * stride;
    let n_blocks = rows.len().div_ceil(block);
    let mut gram = sum_in_order(n_blocks, stride * stride, |index| {
        let rows = &rows[index * block..rows.len().min((index + 1) * block)];
        let mut part = vec![T::ZERO; stride * stride];
        add_outer_products(&mut part, stride, &T::from_singles(rows));
        part
    });
    for i in 0..stride {
        for j in 0..i {
            gram[i * stride + j] = gram[j * stride + i];
        }
    }
    gram
}
