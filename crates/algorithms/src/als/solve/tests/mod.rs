mod dual;
mod entries;
mod plain;

use approx::assert_abs_diff_eq;
use proptest::prelude::*;

use super::cholesky::Solve;
use super::eigen::Eigen;
use super::syrk::OuterProducts;
use super::*;
use crate::isa::{Isa, run_on};
use crate::random;

fn draws(seed: u64, n: usize) -> Vec<f64> {
    let mut rng = random::stream(seed, &[]);
    (0..n).map(|_| 2.0 * random::unit(&mut rng) - 1.0).collect()
}

/// `rows' rows + shift I`, both triangles, element by element.
fn positive_matrix(rows: &[f64], n: usize, shift: f64) -> Vec<f64> {
    let mut a = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..n {
            a[i * n + j] = rows.chunks_exact(n).map(|row| row[i] * row[j]).sum();
        }
        a[i * n + i] += shift;
    }
    a
}

fn product(a: &[f64], n: usize, x: &[f64]) -> Vec<f64> {
    let rows = a.chunks_exact(n);
    rows.map(|row| row.iter().zip(x).map(|(p, q)| p * q).sum())
        .collect()
}

/// Numbers rounded to a type.
fn rounded<T: Real>(values: &[f64]) -> Vec<T> {
    values.iter().map(|&value| T::from_f64(value)).collect()
}

fn single(values: &[f64]) -> Vec<f32> {
    rounded(values)
}

fn double<T: Real>(values: &[T]) -> Vec<f64> {
    values.iter().map(|value| value.to_f64()).collect()
}

fn furthest<T: Real>(found: &[T], expected: &[T]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let gaps = found
        .iter()
        .zip(expected)
        .map(|(f, e)| (f.to_f64() - e.to_f64()).abs());
    gaps.fold(0.0, f64::max)
}

/// What is said of a matrix by its upper triangle.
fn upper<T: Real>(a: &[T], n: usize) -> Vec<T> {
    let rows = a.chunks_exact(n).enumerate();
    rows.flat_map(|(i, row)| row[i..].to_vec()).collect()
}

/// A matrix and a vector, padded with the identity and zeros.
fn pad(a: &[f64], n: usize, b: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let width = padded(n);
    let mut wide = vec![0.0; width * width];
    wide.iter_mut().step_by(width + 1).for_each(|v| *v = 1.0);
    for (target, row) in wide.chunks_exact_mut(width).zip(a.chunks_exact(n)) {
        target[..n].copy_from_slice(row);
    }
    let mut b = b.to_vec();
    b.resize(width, 0.0);
    (wide, b)
}

/// `rows' rows` added to `a`, factorised, and `U' U x = b` solved: the results of all three steps
/// on one instruction set.
fn steps<T: Real>(isa: Isa, rows: &[T], a: &[T], n: usize, b: &[T]) -> [Vec<T>; 3] {
    let (mut a, mut b) = (a.to_vec(), b.to_vec());
    run_on(isa, OuterProducts { a: &mut a, n, rows });
    let sum = upper(&a, n);
    let solve = Solve {
        a: &mut a,
        n,
        b: &mut b,
    };
    run_on(isa, solve).unwrap();
    [sum, upper(&a, n), b]
}

/// The same, plainly; the diagonal inverted as [`solve`] does.
fn plain_steps<T: Real>(rows: &[T], a: &[T], n: usize, b: &[T]) -> [Vec<T>; 3] {
    let (mut a, mut b) = (a.to_vec(), b.to_vec());
    plain::add_outer_products(&mut a, n, rows);
    let mut u = plain::factorize(&a, n).unwrap();
    plain::substitute(&u, n, &mut b);
    u.iter_mut().step_by(n + 1).for_each(|v| *v = T::ONE / *v);
    [upper(&a, n), upper(&u, n), b]
}

fn check_steps<T: Real>(rows: &[T], a: &[T], n: usize, b: &[T], tolerance: f64) {
    let expected = plain_steps(rows, a, n, b);
    let portable = steps(Isa::Portable, rows, a, n, b);
    for (found, expected) in portable.iter().zip(&expected) {
        let gap = furthest(found, expected);
        assert!(gap < tolerance, "{gap}");
    }
    for &isa in Isa::ALL {
        // To the bit, not just nearly.
        assert_eq!(steps(isa, rows, a, n, b), portable, "{isa:?}");
    }
}

proptest! {
    #[test]
    fn the_kernels_agree_with_the_plain_ones_and_on_all_instruction_sets_to_the_bit(
        seed: u64, blocks in 1_usize..9, rows in 0_usize..90
    ) {
        let n = blocks * PAD;
        let values = draws(seed, rows * n);
        let a = positive_matrix(&draws(seed ^ 1, n * n), n, 1.0);
        let b = draws(seed ^ 2, n);
        check_steps(&values, &a, n, &b, 1e-9);
        check_steps(&single(&values), &single(&a), n, &single(&b), 2e-3);
    }

    #[test]
    fn cholesky_solves_what_it_factorised(seed: u64, n in 1_usize..30) {
        let a = positive_matrix(&draws(seed, n * 2 * n), n, 0.1);
        let x = draws(seed ^ 1, n);
        let (mut u, mut found) = pad(&a, n, &product(&a, n, &x));
        let width = found.len();
        solve(&mut u, width, &mut found).unwrap();
        for (found, expected) in found.iter().zip(&x) {
            assert_abs_diff_eq!(found, expected, epsilon = 1e-9);
        }
    }

    /// Roundings leave something of its second pivot, above zero as often as below.
    #[test]
    fn the_outer_product_of_one_vector_is_singular(seed: u64, n in 2_usize..24) {
        let a = positive_matrix(&draws(seed, n), n, 0.0);
        let (mut double, mut b) = pad(&a, n, &[]);
        let (mut single, mut single_b) = (single(&double), single(&b));
        prop_assert_eq!(solve(&mut double, padded(n), &mut b), Err(NotPositive));
        prop_assert_eq!(solve(&mut single, padded(n), &mut single_b), Err(NotPositive));
    }

    #[test]
    fn eigenvectors_make_the_matrix_diagonal(seed: u64, n in 1_usize..20) {
        let a = positive_matrix(&draws(seed, n * (n / 2 + 1)), n, 0.0);
        let (values, q) = symmetric_eigen(a.clone(), n);
        for &isa in Isa::ALL {
            prop_assert_eq!(&run_on(isa, Eigen { a: a.clone(), n }), &(values.clone(), q.clone()));
        }
        for k in 0..n {
            let vector: Vec<f64> = (0..n).map(|i| q[i * n + k]).collect();
            assert_abs_diff_eq!(vector.iter().map(|v| v * v).sum::<f64>(), 1.0, epsilon = 1e-12);
            for (found, v) in product(&a, n, &vector).iter().zip(&vector) {
                assert_abs_diff_eq!(*found, values[k] * v, epsilon = 1e-11);
            }
        }
    }

    /// The conditions of Karush, Kuhn and Tucker, which hold at the minimum and nowhere else.
    #[test]
    fn non_negative_solutions_are_optimal(seed: u64, n in 1_usize..12, n_free in 0_usize..2) {
        let a = positive_matrix(&draws(seed, n * (n + 2)), n, 0.05);
        let b = draws(seed ^ 1, n);
        let x = non_negative(&a, n, &b, n_free.min(n)).unwrap();
        let slopes: Vec<f64> = product(&a, n, &x).iter().zip(&b).map(|(ax, b)| ax - b).collect();
        for i in 0..n {
            if i < n_free {
                assert_abs_diff_eq!(slopes[i], 0.0, epsilon = 1e-9);
            } else {
                prop_assert!(x[i] >= 0.0 && slopes[i] >= -1e-9);
                assert_abs_diff_eq!(x[i] * slopes[i], 0.0, epsilon = 1e-8);
            }
        }
    }
}

#[test]
fn a_matrix_that_is_not_positive_definite_is_refused() {
    for bad in [
        vec![1.0, 2.0, 2.0, 1.0],
        vec![0.0, 0.0, 0.0, 1.0],
        vec![f64::NAN, 0.0, 0.0, 1.0],
        vec![f64::INFINITY, 0.0, 0.0, 1.0],
    ] {
        let (mut padded, mut b) = pad(&bad, 2, &[0.0; 2]);
        assert_eq!(
            solve(&mut padded, b.len(), &mut b),
            Err(NotPositive),
            "{bad:?}"
        );
    }
}

#[test]
fn a_zero_matrix_has_zero_eigenvalues() {
    let (values, q) = symmetric_eigen(vec![0.0; 9], 3);
    assert_eq!(values, [0.0; 3]);
    assert_eq!(q, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
}
