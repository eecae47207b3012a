use super::cholesky::{factorize, substitute};
use super::real::{Real, dot};
use super::{NotPositive, add_outer_products, padded};

/// Solves `(D + Z' C Z) x = Z' beta` for few rows in `Z`, exactly, as an equation in the rows.
///
/// With `V = C^(1/2) Z D^(-1/2)` the solution is `x = D^(-1/2) V' w`, where
/// `(I + V V') w = C^(-1/2) beta` (the identity of Woodbury, arranged so that nothing is
/// subtracted). `D` must be positive and `C` positive.
///
/// `n` rows of width `d` cost `n^2 d + n^3 / 3` operations instead of `n d^2 + d^3 / 3`.
///
/// - `v`: on entry `Z'`, that is one row per column of `Z`, each of width `padded(n)`; overwritten
/// - `root`: the diagonal of `D^(-1/2)`, one value per row of `v`
/// - `weights`, `beta`: one value per row of `Z`
/// - `system`: scratch
///
/// Returns one value per row of `v`.
pub(crate) fn solve_dual<T: Real>(
    v: &mut [T],
    root: &[T],
    weights: &[T],
    beta: &[T],
    system: &mut Vec<T>,
) -> Result<Vec<T>, NotPositive> {
    let n = weights.len();
    let width = padded(n);
    let mut w = vec![T::ZERO; width];
    let mut scale = vec![T::ZERO; width];
    for (index, (&weight, &target)) in weights.iter().zip(beta).enumerate() {
        scale[index] = weight.sqrt();
        w[index] = target / scale[index];
    }
    for (row, &root) in v.chunks_exact_mut(width).zip(root) {
        for (value, &scale) in row.iter_mut().zip(&scale) {
            *value = *value * root * scale;
        }
    }
    system.clear();
    system.resize(width * width, T::ZERO);
    for diagonal in system.iter_mut().step_by(width + 1) {
        *diagonal = T::ONE;
    }
    add_outer_products(system, width, v, v);
    factorize(system, width)?;
    substitute(system, width, &mut w);
    let rows = v.chunks_exact(width).zip(root);
    Ok(rows.map(|(row, &root)| root * dot(row, &w)).collect())
}
