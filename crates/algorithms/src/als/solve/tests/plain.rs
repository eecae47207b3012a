//! The kernels, written down as plainly as possible.

use crate::als::solve::Real;

/// `a += rows' rows`, upper triangle, one outer product after the other.
pub(super) fn add_outer_products<T: Real>(a: &mut [T], n: usize, rows: &[T]) {
    for row in rows.chunks_exact(n) {
        for i in 0..n {
            for j in i..n {
                a[i * n + j] += row[i] * row[j];
            }
        }
    }
}

/// `a += weight z z'`, upper triangle, and `b += beta z`.
pub(super) fn add_entry(a: &mut [f64], b: &mut [f64], z: &[f64], weight: f64, beta: f64) {
    let n = z.len();
    for i in 0..n {
        b[i] += beta * z[i];
        for j in i..n {
            a[i * n + j] += weight * z[i] * z[j];
        }
    }
}

/// `U` with `U' U = a`, row by row; `None` if there is none.
pub(super) fn factorize<T: Real>(a: &[T], n: usize) -> Option<Vec<T>> {
    let mut u = vec![T::ZERO; n * n];
    for i in 0..n {
        for j in i..n {
            let mut value = a[i * n + j];
            for q in 0..i {
                value -= u[q * n + i] * u[q * n + j];
            }
            u[i * n + j] = if i < j {
                value / u[i * n + i]
            } else if value > T::ZERO && value.to_f64().is_finite() {
                value.sqrt()
            } else {
                return None;
            };
        }
    }
    Some(u)
}

/// Solves `U' U x = b`.
pub(super) fn substitute<T: Real>(u: &[T], n: usize, b: &mut [T]) {
    for i in 0..n {
        for q in 0..i {
            b[i] -= u[q * n + i] * b[q];
        }
        b[i] = b[i] / u[i * n + i];
    }
    for i in (0..n).rev() {
        for q in i + 1..n {
            b[i] -= u[i * n + q] * b[q];
        }
        b[i] = b[i] / u[i * n + i];
    }
}

/// The solution of `(diag + Z' C Z) x = Z' beta`, for rows of width `d` in `z`.
pub(super) fn solve(z: &[f64], diagonal: &[f64], weights: &[f64], beta: &[f64]) -> Vec<f64> {
    let d = diagonal.len();
    let mut a = vec![0.0; d * d];
    let mut b = vec![0.0; d];
    for (i, &value) in diagonal.iter().enumerate() {
        a[i * d + i] = value;
    }
    for (row, (weight, beta)) in z.chunks_exact(d).zip(weights.iter().zip(beta)) {
        for i in 0..d {
            b[i] += beta * row[i];
            for j in i..d {
                a[i * d + j] += weight * row[i] * row[j];
            }
        }
    }
    let u = factorize(&a, d).unwrap();
    substitute(&u, d, &mut b);
    b
}
