use approx::assert_abs_diff_eq;
use proptest::prelude::*;

use super::*;
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

proptest! {
    #[test]
    fn outer_products_are_added_to_the_upper_triangle(
        seed: u64, blocks in 1_usize..5, rows in 0_usize..20
    ) {
        let n = blocks * PAD;
        let rows = draws(seed, rows * n);
        let expected = positive_matrix(&rows, n, 0.5);
        let mut double = positive_matrix(&[], n, 0.5);
        add_outer_products(&mut double, n, &rows, &rows);
        let single: Vec<f32> = rows.iter().map(|&v| v as f32).collect();
        let mut found = vec![0.0_f32; n * n];
        found.iter_mut().step_by(n + 1).for_each(|v| *v = 0.5);
        add_outer_products(&mut found, n, &single, &single);
        for i in 0..n {
            for j in i..n {
                assert_abs_diff_eq!(double[i * n + j], expected[i * n + j], epsilon = 1e-12);
                let close = (f64::from(found[i * n + j]) - expected[i * n + j]).abs() < 1e-5;
                prop_assert!(close);
            }
        }
    }

    #[test]
    fn cholesky_solves_what_it_factorised(seed: u64, n in 1_usize..30) {
        let a = positive_matrix(&draws(seed, n * 2 * n), n, 0.1);
        let x = draws(seed ^ 1, n);
        let mut found = product(&a, n, &x);
        let mut u = a.clone();
        factorize(&mut u, n).unwrap();
        substitute(&u, n, &mut found);
        for (found, expected) in found.iter().zip(&x) {
            assert_abs_diff_eq!(found, expected, epsilon = 1e-9);
        }
    }

    #[test]
    fn eigenvectors_make_the_matrix_diagonal(seed: u64, n in 1_usize..20) {
        let a = positive_matrix(&draws(seed, n * (n / 2 + 1)), n, 0.0);
        let (values, q) = symmetric_eigen(a.clone(), n);
        for k in 0..n {
            let vector: Vec<f64> = (0..n).map(|i| q[i * n + k]).collect();
            assert_abs_diff_eq!(vector.iter().map(|v| v * v).sum::<f64>(), 1.0, epsilon = 1e-12);
            for (found, v) in product(&a, n, &vector).iter().zip(&vector) {
                assert_abs_diff_eq!(*found, values[k] * v, epsilon = 1e-11);
            }
        }
    }

    #[test]
    fn the_dual_solution_solves_the_primal_equations(
        seed: u64, d in 1_usize..24, n in 1_usize..24
    ) {
        let z = draws(seed, n * d);
        let weights: Vec<f64> = draws(seed ^ 1, n).iter().map(|v| 0.01 + 50.0 * v.abs()).collect();
        let diagonal: Vec<f64> = draws(seed ^ 2, d).iter().map(|v| 0.05 + v.abs()).collect();
        let beta = draws(seed ^ 3, n);

        let mut v = vec![0.0; d * padded(n)];
        for (place, row) in z.chunks_exact(d).enumerate() {
            for (column, &value) in row.iter().enumerate() {
                v[column * padded(n) + place] = value;
            }
        }
        let root: Vec<f64> = diagonal.iter().map(|v| 1.0 / v.sqrt()).collect();
        let x = solve_dual(&mut v, &root, &weights, &beta, &mut Vec::new()).unwrap();

        for k in 0..d {
            let left: f64 = z.chunks_exact(d).zip(&weights).map(|(row, weight)| {
                weight * row[k] * row.iter().zip(&x).map(|(z, x)| z * x).sum::<f64>()
            }).sum();
            let right: f64 = z.chunks_exact(d).zip(&beta).map(|(row, beta)| beta * row[k]).sum();
            assert_abs_diff_eq!(left + diagonal[k] * x[k], right, epsilon = 1e-9);
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
        assert_eq!(factorize(&mut bad.clone(), 2), Err(NotPositive), "{bad:?}");
    }
}

#[test]
fn a_zero_matrix_has_zero_eigenvalues() {
    let (values, q) = symmetric_eigen(vec![0.0; 9], 3);
    assert_eq!(values, [0.0; 3]);
    assert_eq!(q, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
}
