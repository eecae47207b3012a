//! Small dense systems: the kernels under the half-iterations.
//!
//! Matrices are row-major slices whose width is a multiple of [`PAD`], so that inner loops have
//! fixed lengths and become vector instructions; columns beyond the true width are zero. Only the
//! upper triangle of a symmetric matrix is kept.
//!
//! What is hot is a [`Kernel`](crate::isa::Kernel): the same sums in the same order on every machine,
//! as many of them side by side as its registers hold.

mod ahead;
mod aligned;
mod cholesky;
mod dual;
mod dual_batch;
mod eigen;
mod lanes;
mod nnls;
mod real;
mod syrk;
#[cfg(test)]
mod tests;

pub(crate) use ahead::Ahead;
pub(crate) use aligned::{Aligned, aligned_zeros, is_aligned};
pub(crate) use cholesky::solve;
pub(crate) use dual::{Combination, Dual, DualBuffers};
pub(crate) use dual_batch::{BatchBuffers, BatchEntry, DualBatch};
pub(crate) use eigen::symmetric_eigen;
pub(crate) use lanes::{Apart, CombineBatch, Lanes, SYSTEMS};
pub(crate) use nnls::non_negative;
pub(crate) use real::Real;
pub(crate) use syrk::{Entries, add_outer_products};

/// Widths are rounded up to a multiple of this.
pub(crate) const PAD: usize = 8;

/// `n` rounded up to a multiple of [`PAD`].
pub(crate) fn padded(n: usize) -> usize {
    n.next_multiple_of(PAD)
}

/// A matrix without a Cholesky factor: not positive definite beyond roundings, or not finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotPositive;
