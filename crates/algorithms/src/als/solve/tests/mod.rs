mod plain;

use approx::assert_abs_diff_eq;
use proptest::prelude::*;

use super::cholesky::{Factorize, Substitute};
use super::eigen::Eigen;
use super::syrk::{Addition, OuterProducts};
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

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
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
    run_on(isa, Factorize { a: &mut a, n }).unwrap();
    run_on(
        isa,
        Substitute {
            u: &a,
            n,
            b: &mut b,
        },
    );
    [sum, upper(&a, n), b]
}

/// The same, plainly; the diagonal inverted as [`factorize`] does.
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

fn solve_dual<T: Real>(isa: Isa, z: &[T], diagonal: &[T], weights: &[T], beta: &[T]) -> Vec<T> {
    let mut x = Vec::new();
    let indices: Vec<u32> = (0..beta.len() as u32).collect();
    let dual = Dual {
        table: z,
        indices: &indices,
        diagonal,
        weights,
        beta,
        ahead: Ahead::default(),
        buffers: &mut DualBuffers::default(),
        x: &mut x,
    };
    run_on(isa, dual).unwrap();
    x
}

/// `(D + Z' C Z) x = Z' beta`.
struct System {
    z: Vec<f64>,
    diagonal: Vec<f64>,
    weights: Vec<f64>,
    beta: Vec<f64>,
}

impl System {
    fn new(seed: u64, n: usize, d: usize) -> Self {
        let weights = draws(seed ^ 1 << 32, n);
        let diagonal = draws(seed ^ 2 << 32, d);
        Self {
            z: draws(seed, n * d),
            diagonal: diagonal.iter().map(|v| 0.05 + v.abs()).collect(),
            weights: weights.iter().map(|v| 0.01 + 50.0 * v.abs()).collect(),
            beta: draws(seed ^ 3 << 32, n),
        }
    }
}

/// The solution of each system, solved in the lanes from the first on.
fn solve_batch<T: Real>(isa: Isa, systems: &[System]) -> Vec<Vec<T>> {
    let d = systems[0].diagonal.len();
    let n = systems
        .iter()
        .map(|system| system.beta.len())
        .max()
        .unwrap();
    let stride = padded(d);
    let mut table = Vec::new();
    let mut indices: Vec<Vec<u32>> = vec![Vec::new(); SYSTEMS];
    for (system, indices) in systems.iter().zip(&mut indices) {
        for row in system.z.chunks_exact(d) {
            indices.push((table.len() / stride) as u32);
            table.extend(row.iter().map(|&value| T::from_f64(value)));
            // The padding has no say.
            table.resize(table.len().next_multiple_of(stride), T::INFINITY);
        }
    }
    let mut scales = vec![vec![T::ZERO; stride]; SYSTEMS];
    let (mut weights, mut beta) = (vec![[T::ONE; SYSTEMS]; n], vec![[T::ZERO; SYSTEMS]; n]);
    for (lane, system) in systems.iter().enumerate() {
        let fill = |target: &mut [Lanes<T>], values: &[f64]| {
            for (target, &value) in target.iter_mut().zip(values) {
                target[lane] = T::from_f64(value);
            }
        };
        for (scale, &value) in scales[lane].iter_mut().zip(&system.diagonal) {
            *scale = T::ONE / T::from_f64(value).sqrt();
        }
        fill(&mut weights, &system.weights);
        fill(&mut beta, &system.beta);
    }
    let mut x = vec![[T::ZERO; SYSTEMS]; d];
    let batch = DualBatch {
        table: &table,
        stride,
        indices: std::array::from_fn(|lane| &indices[lane][..]),
        scales: std::array::from_fn(|lane| &scales[lane][..]),
        weights: &weights,
        beta: &mut beta,
        buffers: &mut BatchBuffers::default(),
        x: &mut x,
    };
    assert_eq!(run_on(isa, batch), [true; SYSTEMS]);
    let lane = |lane: usize| x.iter().map(|x| x[lane]).collect();
    (0..systems.len()).map(lane).collect()
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
    fn entries_are_weighted_outer_products(
        seed: u64, blocks in 1_usize..4, n_rows in 1_usize..30, n in 0_usize..150
    ) {
        let stride = blocks * PAD;
        let table = single(&draws(seed, n_rows * stride));
        let mut rng = random::stream(seed, &[1]);
        let indices: Vec<u32> = (0..n).map(|_| random::index(&mut rng, n_rows) as u32).collect();
        let weights: Vec<f64> = draws(seed ^ 2, n).iter().map(|v| (9.0 * v).max(0.0)).collect();
        let beta = draws(seed ^ 3, n);
        let mut gathered = Vec::new();
        let mut add = |isa| {
            let (mut a, mut b) = (vec![0.5; stride * stride], vec![0.25; stride]);
            let entries = Entries {
                table: &table,
                stride,
                indices: &indices,
                weights: &weights,
                beta: &beta,
                next: &indices[..n / 2],
            };
            let gathered = &mut gathered;
            run_on(isa, Addition { entries, a: &mut a, b: &mut b, gathered });
            (upper(&a, stride), b)
        };
        let (mut a, mut b) = (vec![0.5; stride * stride], vec![0.25; stride]);
        for (&index, (&weight, &beta)) in indices.iter().zip(weights.iter().zip(&beta)) {
            let z = &table[index as usize * stride..][..stride];
            let z: Vec<f64> = z.iter().map(|&z| z.into()).collect();
            for i in 0..stride {
                b[i] += beta * z[i];
                for j in 0..stride {
                    a[i * stride + j] += weight * z[i] * z[j];
                }
            }
        }
        let found = add(Isa::Portable);
        prop_assert!(furthest(&found.0, &upper(&a, stride)) < 1e-11);
        prop_assert!(furthest(&found.1, &b) < 1e-11);
        for &isa in Isa::ALL {
            prop_assert_eq!(&add(isa), &found);
        }
    }

    #[test]
    fn cholesky_solves_what_it_factorised(seed: u64, n in 1_usize..30) {
        let a = positive_matrix(&draws(seed, n * 2 * n), n, 0.1);
        let x = draws(seed ^ 1, n);
        let (mut u, mut found) = pad(&a, n, &product(&a, n, &x));
        let width = found.len();
        factorize(&mut u, width).unwrap();
        substitute(&u, width, &mut found);
        for (found, expected) in found.iter().zip(&x) {
            assert_abs_diff_eq!(found, expected, epsilon = 1e-9);
        }
    }

    /// Roundings leave something of its second pivot, above zero as often as below.
    #[test]
    fn the_outer_product_of_one_vector_is_singular(seed: u64, n in 2_usize..24) {
        let a = positive_matrix(&draws(seed, n), n, 0.0);
        let (mut double, _) = pad(&a, n, &[]);
        let (mut single, width) = (single(&double), padded(n));
        prop_assert_eq!(factorize(&mut double, width), Err(NotPositive));
        prop_assert_eq!(factorize(&mut single, width), Err(NotPositive));
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

    #[test]
    fn the_dual_solution_solves_the_primal_equations(
        seed: u64, d in 1_usize..70, n in 1_usize..40
    ) {
        let z = draws(seed, n * d);
        let weights: Vec<f64> = draws(seed ^ 1, n).iter().map(|v| 0.01 + 50.0 * v.abs()).collect();
        let diagonal: Vec<f64> = draws(seed ^ 2, d).iter().map(|v| 0.05 + v.abs()).collect();
        let beta = draws(seed ^ 3, n);
        let mut wide = vec![0.0; padded(n) * padded(d)];
        for (target, row) in wide.chunks_exact_mut(padded(d)).zip(z.chunks_exact(d)) {
            target[..d].copy_from_slice(row);
        }
        let expected = plain::solve(&z, &diagonal, &weights, &beta);
        let double = solve_dual(Isa::Portable, &wide, &diagonal, &weights, &beta);
        prop_assert!(furthest(&double[..d], &expected) < 1e-9);
        let wide_single = single(&wide);
        let of_single = |isa| {
            let (weights, beta) = (single(&weights), single(&beta));
            solve_dual(isa, &wide_single, &single(&diagonal), &weights, &beta)
        };
        let portable = of_single(Isa::Portable);
        prop_assert!(furthest(&portable[..d], &single(&expected)) < 1e-2);
        for &isa in Isa::ALL {
            let found = solve_dual(isa, &wide, &diagonal, &weights, &beta);
            prop_assert_eq!(&found, &double);
            prop_assert_eq!(&of_single(isa), &portable);
        }
    }

    /// Systems of different sizes side by side: each has the bits it has alone, in any lane, on any
    /// instruction set, and nearly the solution of the plain equations.
    #[test]
    fn systems_side_by_side_are_solved_as_if_alone(
        seed: u64, d in 1_usize..40, lengths in proptest::collection::vec(1_usize..17, 1..SYSTEMS)
    ) {
        let systems: Vec<System> = (0_u64..).zip(&lengths).map(|(name, &n)| System::new(seed ^ name, n, d)).collect();
        let together = solve_batch::<f64>(Isa::Portable, &systems);
        let single_together = solve_batch::<f32>(Isa::Portable, &systems);
        for &isa in Isa::ALL {
            prop_assert_eq!(&solve_batch::<f64>(isa, &systems), &together);
            prop_assert_eq!(&solve_batch::<f32>(isa, &systems), &single_together);
        }
        for (place, system) in systems.iter().enumerate() {
            let System { z, diagonal, weights, beta } = system;
            let expected = plain::solve(z, diagonal, weights, beta);
            prop_assert!(furthest(&together[place], &expected) < 1e-9);
            prop_assert!(furthest(&single_together[place], &single(&expected)) < 1e-2);
            let alone = std::slice::from_ref(system);
            prop_assert_eq!(&solve_batch::<f64>(Isa::Portable, alone)[0], &together[place]);
        }
    }

    #[test]
    fn a_basis_change_of_many_systems_is_that_of_each(
        seed: u64, blocks in 1_usize..6, n in 0_usize..20
    ) {
        let stride = blocks * PAD;
        let rows = draws(seed, n * stride);
        let values = draws(seed ^ 1, n * SYSTEMS);
        let x: Vec<Lanes<f64>> = values.as_chunks::<SYSTEMS>().0.to_vec();
        for &isa in Isa::ALL {
            let mut target = vec![[7.0; SYSTEMS]; stride];
            run_on(isa, CombineBatch { rows: &rows, x: &x, target: &mut target });
            for lane in 0..SYSTEMS {
                let mut expected = vec![0.0; stride];
                for (row, x) in rows.chunks_exact(stride).zip(&x) {
                    let sums = expected.iter_mut().zip(row);
                    sums.for_each(|(sum, v)| *sum = v.mul_add(x[lane], *sum));
                }
                let found: Vec<f64> = target.iter().map(|lanes| lanes[lane]).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn solutions_side_by_side_are_taken_apart(seed: u64, blocks in 1_usize..6, bad in 0..SYSTEMS) {
        let stride = blocks * PAD;
        let values = draws(seed, stride * SYSTEMS);
        let mut x: Vec<Lanes<f64>> = values.as_chunks::<SYSTEMS>().0.to_vec();
        x[stride - 1][bad] = f64::NAN;
        for &isa in Isa::ALL {
            // What was there before does not show.
            let mut rows = vec![7.0; 5];
            let finite = run_on(isa, Apart { x: &x, rows: &mut rows });
            for (lane, row) in rows.chunks_exact(stride).enumerate() {
                prop_assert_eq!(finite[lane], lane != bad);
                for (value, column) in row.iter().zip(&x) {
                    prop_assert_eq!(value.to_bits(), (column[lane] as f32).to_bits());
                }
            }
            prop_assert_eq!(rows.len(), stride * SYSTEMS);
        }
    }

    #[test]
    fn a_combination_is_a_vector_times_a_matrix(
        seed: u64, blocks in 1_usize..20, n in 0_usize..20
    ) {
        let stride = blocks * PAD;
        let (rows, values) = (draws(seed, n * stride), draws(seed ^ 1, n));
        let mut expected = vec![0.0; stride];
        for (row, value) in rows.chunks_exact(stride).zip(&values) {
            let sums = expected.iter_mut().zip(row);
            sums.for_each(|(sum, v)| *sum = value.mul_add(*v, *sum));
        }
        for &isa in Isa::ALL {
            let mut target = vec![7.0; stride];
            let (rows, values) = (&rows[..], &values[..]);
            run_on(isa, Combination { rows, values, target: &mut target });
            prop_assert_eq!(&target, &expected);
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
        let (mut padded, b) = pad(&bad, 2, &[0.0; 2]);
        assert_eq!(factorize(&mut padded, b.len()), Err(NotPositive), "{bad:?}");
    }
}

#[test]
fn only_the_system_that_is_not_positive_definite_is_refused() {
    let mut scales = [[1.0; PAD]; SYSTEMS];
    (scales[3][0], scales[5][1]) = (f64::NAN, f64::INFINITY);
    let batch = DualBatch {
        table: &[0.5; PAD],
        stride: PAD,
        indices: [&[0]; SYSTEMS],
        scales: std::array::from_fn(|lane| &scales[lane][..]),
        weights: &[[1.0; SYSTEMS]],
        buffers: &mut BatchBuffers::default(),
        beta: &mut [[1.0; SYSTEMS]],
        x: &mut [[0.0; SYSTEMS]; 2],
    };
    let refused: Vec<usize> = (0_usize..)
        .zip(batch.solve())
        .filter_map(|(lane, solved)| (!solved).then_some(lane))
        .collect();
    assert_eq!(refused, [3, 5]);
}

#[test]
fn a_zero_matrix_has_zero_eigenvalues() {
    let (values, q) = symmetric_eigen(vec![0.0; 9], 3);
    assert_eq!(values, [0.0; 3]);
    assert_eq!(q, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
}
