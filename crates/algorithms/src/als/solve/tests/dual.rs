//! Small systems solved in their entries, and what is done with the solutions.

use super::*;

fn solve_dual<S: Real, T: Real>(isa: Isa, z: &[S], system: &System) -> Vec<T> {
    let mut x = Aligned::default();
    // Not in the order of the table.
    let indices: Vec<u32> = (0..system.beta.len() as u32).rev().collect();
    let turned = |values: &[f64]| values.iter().rev().map(|&v| T::from_f64(v)).collect();
    let (weights, beta): (Vec<T>, Vec<T>) = (turned(&system.weights), turned(&system.beta));
    let roots: Vec<T> = weights.iter().map(|weight| weight.sqrt()).collect();
    let dual = Dual {
        table: z,
        indices: &indices,
        diagonal: &rounded(&system.diagonal),
        roots: &roots,
        beta: &beta,
        ahead: Ahead::default(),
        buffers: &mut DualBuffers::default(),
        x: &mut x,
    };
    run_on(isa, dual).unwrap();
    x.to_vec()
}

/// The solution in these types, the same bits on every instruction set, the padding included.
fn solve_everywhere<S: Real, T: Real>(system: &System) -> Vec<T> {
    let d = system.diagonal.len();
    let mut wide = vec![S::ZERO; padded(system.beta.len()) * padded(d)];
    for (target, row) in wide
        .chunks_exact_mut(padded(d))
        .zip(system.z.chunks_exact(d))
    {
        target[..d].copy_from_slice(&rounded(row));
    }
    let found = solve_dual(Isa::Portable, &wide, system);
    for &isa in Isa::ALL {
        assert_eq!(solve_dual::<S, T>(isa, &wide, system), found, "{isa:?}");
    }
    found
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

    /// The plain solution for a table in a type.
    fn plainly<S: Real>(&self) -> Vec<f64> {
        let z = double(&rounded::<S>(&self.z));
        plain::solve(&z, &self.diagonal, &self.weights, &self.beta)
    }
}

/// The solution of each system, solved in the lanes from the first on.
fn solve_batch<S: Real, T: Real>(isa: Isa, systems: &[System]) -> Vec<Vec<T>> {
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
            table.extend(rounded::<S>(row));
            // The padding has no say.
            table.resize(table.len().next_multiple_of(stride), S::INFINITY);
        }
    }
    let mut scales = vec![vec![T::ZERO; stride]; SYSTEMS];
    let mut entries = vec![BatchEntry::<T>::default(); n];
    for (lane, system) in systems.iter().enumerate() {
        for (scale, &value) in scales[lane].iter_mut().zip(&system.diagonal) {
            *scale = T::ONE / T::from_f64(value).sqrt();
        }
        for (number, entry) in entries.iter_mut().enumerate() {
            let given = number.min(system.beta.len() - 1);
            entry.indices[lane] = indices[lane][given];
            if number == given {
                let root = T::from_f64(system.weights[given]).sqrt();
                entry.roots[lane] = root;
                entry.targets[lane] = T::from_f64(system.beta[given]) / root;
            }
        }
    }
    let mut w: Vec<Lanes<T>> = entries.iter().map(|entry| entry.targets).collect();
    let mut x = vec![[T::ZERO; SYSTEMS]; d];
    let batch = DualBatch {
        table: &table,
        stride,
        entries: &entries,
        scales: std::array::from_fn(|lane| &scales[lane][..]),
        w: &mut w,
        buffers: &mut BatchBuffers::default(),
        x: &mut x,
    };
    assert_eq!(run_on(isa, batch), [true; SYSTEMS]);
    let lane = |lane: usize| x.iter().map(|x| x[lane]).collect();
    (0..systems.len()).map(lane).collect()
}

/// Side by side in these types: the bits each has alone, on every instruction set, and nearly the
/// solutions of the plain equations.
fn check_batch<S: Real, T: Real>(systems: &[System], tolerance: f64) {
    let together = solve_batch::<S, T>(Isa::Portable, systems);
    for &isa in Isa::ALL {
        assert_eq!(solve_batch::<S, T>(isa, systems), together, "{isa:?}");
    }
    for (system, found) in systems.iter().zip(&together) {
        assert!(furthest(&double(found), &system.plainly::<S>()) < tolerance);
        let alone = std::slice::from_ref(system);
        assert_eq!(&solve_batch::<S, T>(Isa::Portable, alone)[0], found);
    }
}

/// A combination is a vector times a matrix, summed in the order of its rows.
fn check_combination<T: Real>(stride: usize, rows: &[T], values: &[T]) {
    let mut expected = vec![T::ZERO; stride];
    for (row, &value) in rows.chunks_exact(stride).zip(values) {
        let sums = expected.iter_mut().zip(row);
        sums.for_each(|(sum, &v)| *sum = value.mul_add(v, *sum));
    }
    for &isa in Isa::ALL {
        let mut target = vec![T::from_f64(7.0); stride];
        let combination = Combination {
            rows,
            values,
            target: &mut target,
        };
        run_on(isa, combination);
        assert_eq!(target, expected, "{isa:?}");
    }
}

/// The same for many vectors side by side.
fn check_combinations<T: Real>(stride: usize, rows: &[T], x: &[Lanes<T>]) {
    for &isa in Isa::ALL {
        let mut target = vec![[T::from_f64(7.0); SYSTEMS]; stride];
        let batch = CombineBatch {
            rows,
            x,
            target: &mut target,
        };
        run_on(isa, batch);
        for lane in 0..SYSTEMS {
            let mut expected = vec![T::ZERO; stride];
            for (row, x) in rows.chunks_exact(stride).zip(x) {
                let sums = expected.iter_mut().zip(row);
                sums.for_each(|(sum, &v)| *sum = v.mul_add(x[lane], *sum));
            }
            let found: Vec<T> = target.iter().map(|lanes| lanes[lane]).collect();
            assert_eq!(found, expected, "{isa:?}");
        }
    }
}

/// All solutions but one are finite; each comes out in a row of its own.
fn check_apart<T: Real>(x: &[Lanes<T>], bad: usize) {
    for &isa in Isa::ALL {
        // What was there before does not show.
        let mut rows = Aligned::filled(7.0, 5);
        let finite = run_on(isa, Apart { x, rows: &mut rows });
        for (lane, row) in rows.chunks_exact(x.len()).enumerate() {
            assert_eq!(finite[lane], lane != bad, "{isa:?}");
            for (value, column) in row.iter().zip(x) {
                assert_eq!(value.to_bits(), column[lane].to_f32().to_bits(), "{isa:?}");
            }
        }
        assert_eq!(rows.len(), x.len() * SYSTEMS);
    }
}

proptest! {
    #[test]
    fn the_dual_solution_solves_the_primal_equations(
        seed: u64, d in 1_usize..70, n in 1_usize..40
    ) {
        let system = System::new(seed, n, d);
        let expected = system.plainly::<f64>();
        let double = solve_everywhere::<f64, f64>(&system);
        prop_assert!(furthest(&double[..d], &expected) < 1e-9);
        let single = solve_everywhere::<f32, f32>(&system);
        prop_assert!(furthest(&single[..d], &rounded(&expected)) < 1e-2);
        let double_of_single = solve_everywhere::<f32, f64>(&system);
        prop_assert!(furthest(&double_of_single[..d], &system.plainly::<f32>()) < 1e-9);
    }

    /// Systems of different sizes side by side, in any lane.
    #[test]
    fn systems_side_by_side_are_solved_as_if_alone(
        seed: u64, d in 1_usize..40, lengths in proptest::collection::vec(1_usize..17, 1..SYSTEMS)
    ) {
        let sizes = (0_u64..).zip(&lengths);
        let systems: Vec<System> = sizes.map(|(name, &n)| System::new(seed ^ name, n, d)).collect();
        check_batch::<f64, f64>(&systems, 1e-9);
        check_batch::<f32, f32>(&systems, 1e-2);
        check_batch::<f32, f64>(&systems, 1e-9);
    }

    #[test]
    fn a_basis_change_of_many_systems_is_that_of_each(
        seed: u64, blocks in 1_usize..6, n in 0_usize..20
    ) {
        let stride = blocks * PAD;
        let (rows, x) = (draws(seed, n * stride), draws(seed ^ 1, n * SYSTEMS));
        check_combinations(stride, &rows, x.as_chunks().0);
        check_combinations(stride, &single(&rows), single(&x).as_chunks().0);
    }

    #[test]
    fn solutions_side_by_side_are_taken_apart(
        seed: u64, blocks in 1_usize..6, bad in 0..SYSTEMS,
        // The large number is finite until it is rounded.
        value in prop_oneof![Just(f64::NAN), Just(f64::NEG_INFINITY), Just(1e300)]
    ) {
        let stride = blocks * PAD;
        let mut values = draws(seed, stride * SYSTEMS);
        values[(stride - 1) * SYSTEMS + bad] = value;
        check_apart::<f64>(values.as_chunks().0, bad);
        check_apart::<f32>(single(&values).as_chunks().0, bad);
    }

    #[test]
    fn a_combination_is_a_vector_times_a_matrix(
        seed: u64, blocks in 1_usize..20, n in 0_usize..20
    ) {
        let stride = blocks * PAD;
        let (rows, values) = (draws(seed, n * stride), draws(seed ^ 1, n));
        check_combination(stride, &rows, &values);
        check_combination(stride, &single(&rows), &single(&values));
    }
}

#[test]
fn only_the_system_that_is_not_positive_definite_is_refused() {
    let mut scales = [[1.0; PAD]; SYSTEMS];
    (scales[3][0], scales[5][1]) = (f64::NAN, f64::INFINITY);
    let entry = BatchEntry {
        indices: [0; SYSTEMS],
        roots: [1.0; SYSTEMS],
        targets: [1.0; SYSTEMS],
    };
    let batch = DualBatch {
        table: &[0.5; PAD],
        stride: PAD,
        entries: &[entry],
        scales: std::array::from_fn(|lane| &scales[lane][..]),
        w: &mut [[1.0; SYSTEMS]],
        buffers: &mut BatchBuffers::default(),
        x: &mut [[0.0; SYSTEMS]; 2],
    };
    let refused: Vec<usize> = (0_usize..)
        .zip(batch.solve())
        .filter_map(|(lane, solved)| (!solved).then_some(lane))
        .collect();
    assert_eq!(refused, [3, 5]);
}
